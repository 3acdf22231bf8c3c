// SPDX-License-Identifier: MIT
#include "context/mapping.hpp"

#include <functional>
#include <vector>

#include "base/machine_memory.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

Mapping::Mapping(std::shared_ptr<ContextState> owner, std::string_view name, const Plan& chosen,
                 std::source_location where)
    : context(std::move(owner)),
      label(name),
      plan(chosen),
      size(chosen.size_bytes),
      born(context->timeline().issued),
      readable(chosen.access != Access::sequential_write),
      writable(chosen.access != Access::read),
      explicit_flush(writable && chosen.model == Model::explicit_flush),
      created_at(where) {
  if (context->validating()) created_stack = StackTrace::capture();
}

void Mapping::flush(std::uint64_t buffer_offset, std::uint64_t bytes) const noexcept {
  const BufferCalls calls(context->gl);
  const std::uint64_t offset = buffer_offset - map_offset;
  if (!is_private()) {
    calls.flush(buffer, offset, bytes);
    // The caches of every binding that may read them next may hold older bytes.
    if (context->gl.quirk(QuirkId::nvidia_flush_barrier)) context->gl.MemoryBarrier(GL_ALL_BARRIER_BITS);
    return;
  }
  // A shader may have stored into other bytes of the buffer; the update must not overtake it.
  if (readable || context->gl.quirk(QuirkId::nvidia_flush_barrier)) barrier_before_buffer_update(context->gl);
  calls.write(buffer, offset, pointer + offset, bytes);
}

Result<void> Mapping::fetch(std::uint64_t buffer_offset, std::uint64_t bytes,
                            std::source_location where) const noexcept {
  barrier_before_buffer_read(context->gl);
  auto copied = BufferCalls(context->gl)
                    .read(buffer, buffer_offset, pointer + (buffer_offset - map_offset), bytes, where);
  // On a lost context the call does nothing and sets no error.
  if (auto usable = context->check_lost(where); !usable) return usable;
  return copied;
}

void Mapping::orphan() const noexcept {
  BufferCalls(context->gl).data(buffer, size, GL_STREAM_DRAW);
}

Result<void> Mapping::destroy(std::source_location where) noexcept {
  if (context->alive && context->lost) {
    context->registry.abandon(*this);
    return tl::unexpected(context->loss(where));
  }
  if (auto current = context->check_current(where); !current) return current;
  // The program may free its memory next, so GL must have finished with it.
  if (origin == Origin::adopted_memory) {
    if (auto idle = context->timeline().wait_for_all(where); !idle) {
      if (context->lost) context->registry.abandon(*this);
      return idle;
    }
  }
  if (registration) {
    if (auto idle = registration->wait_until_idle(where); !idle) return idle;
  }
  const GLuint name = buffer;
  const Report lost_data = report(ErrorId::unmap_lost_data, 0, size, where);
  context->registry.remove(*this);
  if (origin == Origin::adopted) return {};
  if (origin == Origin::adopted_memory) {
    context->gl.DeleteBuffers(1, &name);
    return {};
  }
  const BufferCalls calls(context->gl);
  const bool kept = is_private() || calls.unmap(name);
  context->gl.DeleteBuffers(1, &name);
  process_mapped_bytes() -= size;
  if (kept) return {};
  // On a lost context glUnmapBuffer returns false, too.
  if (auto usable = context->check_lost(where); !usable) return usable;
  context->log(LogLevel::warning,
               [&] { return "glUnmapBuffer returned false: the contents of '" + label + "' were lost"; });
  return context->misuse(lost_data);
}

Result<void> drop_unmapped(ContextState& context, std::source_location where) {
  const BufferCalls calls(context.gl);
  std::vector<Mapping*> ended;
  context.registry.visit_mappings([&](const void* address, Mapping& mapping) {
    const bool is_mapped = !mapping.is_private() && mapping.origin != Origin::adopted_memory;
    if (context.gl.IsBuffer(mapping.buffer) && (!is_mapped || calls.map_pointer(mapping.buffer) == address))
      return;
    ended.push_back(&mapping);
  });
  if (ended.empty()) return {};
  // On a lost context no buffer is mapped, through no fault of other code.
  if (auto usable = context.check_lost(where); !usable) return usable;
  for (Mapping* mapping : ended) {
    context.report(mapping->report(ErrorId::unmapped_by_others, 0, mapping->size, where));
    if (mapping->origin == Origin::created) process_mapped_bytes() -= mapping->size;
    context.registry.remove(*mapping);
  }
  return {};
}

Registry::~Registry() {
  process_mapped_bytes() -= abandoned_bytes_;
}

void Registry::add(Mapping& mapping) {
  const std::lock_guard lock(mutex_);
  mappings_.emplace(mapping.pointer, &mapping);
  if (mapping.needs_barrier()) ++barriers_;
}

void Registry::remove(Mapping& mapping) noexcept {
  // Its end waits for CUDA. That must not happen under the lock.
  mapping.registration.reset();
  mapping.probe.reset();
  mapping.guard.reset();
  const std::lock_guard lock(mutex_);
  mappings_.erase(mapping.pointer);
  if (mapping.needs_barrier()) --barriers_;
  mapping.pointer = nullptr;
  mapping.buffer = 0;
}

std::optional<std::uint32_t> Registry::owner_of(const std::byte* begin, std::uint64_t bytes) const noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& [address, mapping] : mappings_) {
    const std::less<const std::byte*> before;
    if (before(begin, mapping->pointer + mapping->size) && before(mapping->pointer, begin + bytes))
      return mapping->buffer;
  }
  return {};
}

void Registry::abandon(Mapping& mapping) noexcept {
  const std::lock_guard lock(mutex_);
  if (mapping.origin == Origin::created) abandoned_bytes_ += mapping.size;
  remove(mapping);
}

void Registry::abandon_all() noexcept {
  const std::lock_guard lock(mutex_);
  while (!mappings_.empty()) abandon(*mappings_.begin()->second);
}

}  // namespace pmb::detail
