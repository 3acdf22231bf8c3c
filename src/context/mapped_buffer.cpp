// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <new>
#include <pmb/context.hpp>
#include <pmb/mapped_buffer.hpp>

#include "base/byte_ranges.hpp"
#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "context/timeline_state.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb {

using detail::ContextState;
using detail::Mapping;

Result<MappedBuffer> MappedBuffer::create(Context& context, const MappedBufferOptions& info,
                                          std::source_location where) {
  return detail::make_memory(ContextState::share(context), info, detail::Memory::mapped, where);
}

Result<MappedBuffer> MappedBuffer::adopt(Context& context, const AdoptedMapping& given,
                                         std::source_location where) {
  return guarded(where, [&]() -> Result<MappedBuffer> {
    const std::shared_ptr<ContextState> state = ContextState::share(context);
    if (auto current = state->check_current(where); !current) return pass_on(current);
    if (given.size_bytes == 0) return fail(ErrorId::zero_size, where);
    if (!state->gl.IsBuffer(given.buffer)) {
      if (auto usable = state->check_lost(where); !usable) return pass_on(usable);
      return fail(ErrorId::not_a_buffer, where, {.numbers = {given.buffer}});
    }
    const detail::BufferCalls calls(state->gl);
    const bool same = given.pointer && calls.parameter(given.buffer, GL_BUFFER_MAPPED) != 0 &&
                      calls.map_pointer(given.buffer) == given.pointer &&
                      calls.parameter(given.buffer, GL_BUFFER_MAP_OFFSET) == given.offset_bytes &&
                      calls.parameter(given.buffer, GL_BUFFER_MAP_LENGTH) == given.size_bytes;
    if (!same) return fail(ErrorId::adopted_not_mapped, where, {.numbers = {given.buffer}});
    if (state->registry.contains(given.pointer)) {
      return fail(ErrorId::already_adopted, where, {.numbers = {given.buffer}});
    }

    const auto flags = static_cast<std::uint32_t>(calls.parameter(given.buffer, GL_BUFFER_ACCESS_FLAGS));
    const bool coherent = (flags & GL_MAP_COHERENT_BIT) != 0;
    const bool flushes = (flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0;
    const bool reads = (flags & GL_MAP_READ_BIT) != 0;
    const bool writes = (flags & GL_MAP_WRITE_BIT) != 0;
    // Coherent with explicit flush leaves unflushed bytes undefined (OpenGL 4.6 core, section 6.3), and
    // without either of them writes cannot be published.
    if ((flags & GL_MAP_PERSISTENT_BIT) == 0 || (coherent && flushes) || (writes && !coherent && !flushes)) {
      return fail(ErrorId::adopted_unpublishable, where, {.numbers = {given.buffer, flags}});
    }
    if (reads && !coherent && !state->gl.limits.memory_barrier) return fail(ErrorId::barrier_missing, where);

    auto mapping = std::make_unique<Mapping>();
    mapping->context = state;
    mapping->label = given.label;
    mapping->plan.access = reads && writes ? Access::bidirectional
                           : reads         ? Access::read
                                           : Access::sequential_write;
    mapping->plan.model = coherent ? Model::coherent : Model::explicit_flush;
    mapping->plan.map_flags = flags;
    mapping->plan.storage_flags =
        static_cast<std::uint32_t>(calls.parameter(given.buffer, GL_BUFFER_STORAGE_FLAGS));
    mapping->plan.size_bytes = given.size_bytes;
    mapping->plan.reasons[0] = "flags: the caller's own, of an adopted mapping";
    mapping->pointer = static_cast<std::byte*>(given.pointer);
    mapping->size = given.size_bytes;
    mapping->map_offset = given.offset_bytes;
    mapping->buffer = given.buffer;
    mapping->adopted = true;
    mapping->created_at = where;
    mapping->born = state->timeline().issued;
    mapping->set_access();
    state->registry.add(*mapping);
    return MappedBuffer(std::move(mapping));
  });
}

MappedBuffer::MappedBuffer() noexcept = default;
MappedBuffer::MappedBuffer(std::unique_ptr<Mapping> mapping) noexcept : mapping_(std::move(mapping)) {}

MappedBuffer::MappedBuffer(MappedBuffer&& other) noexcept : mapping_(std::move(other.mapping_)) {
  if (!mapping_ || !mapping_->context->validating()) return;
  // Under validation the moved-from object keeps its label, for reports of its use.
  try {
    auto trace = std::make_unique<Mapping>();
    trace->context = mapping_->context;
    trace->label = mapping_->label;
    trace->created_at = mapping_->created_at;
    other.mapping_ = std::move(trace);
  } catch (const std::bad_alloc&) {
    // Without memory its use is an error without a report.
  }
}

MappedBuffer& MappedBuffer::operator=(MappedBuffer&& other) noexcept {
  if (this != &other) {
    MappedBuffer taken(std::move(other));
    std::swap(mapping_, taken.mapping_);
  }
  return *this;
}

MappedBuffer::~MappedBuffer() {
  if (!mapping_ || !mapping_->pointer) return;
  ContextState& context = *mapping_->context;
  const std::source_location where = mapping_->created_at;
  if (!context.alive || context.lost || context.is_current()) {
    if (context.alive) static_cast<void>(mapping_->destroy(where));
    return;
  }
  context.report({.id = ErrorId::destroyed_without_context,
                  .label = mapping_->label,
                  .buffer = mapping_->buffer,
                  .begin_bytes = mapping_->map_offset,
                  .end_bytes = mapping_->map_offset + mapping_->size,
                  .acquired_at = where});
  context.registry.abandon(*mapping_);
}

namespace {

/// The error of calls on an inert buffer, reported if its context is known.
tl::unexpected<Error> stale(const Mapping* mapping, std::source_location where) {
  if (!mapping || !mapping->context) return fail(ErrorId::not_mapped, where);
  const ContextState& context = *mapping->context;
  if (context.lost) return tl::unexpected(context.loss(where));
  return context.misuse({.id = ErrorId::not_mapped,
                         .label = mapping->label,
                         .acquired_at = mapping->created_at,
                         .noticed_at = where});
}

tl::unexpected<Error> wrong_use(const Mapping& mapping, ErrorId id, std::uint64_t offset, std::uint64_t size,
                                std::source_location where, std::uint64_t number0 = 0,
                                std::uint64_t number1 = 0) {
  return mapping.context->misuse({.id = id,
                                  .label = mapping.label,
                                  .buffer = mapping.buffer,
                                  .begin_bytes = mapping.map_offset + offset,
                                  .end_bytes = mapping.map_offset + offset + size,
                                  .acquired_at = mapping.created_at,
                                  .noticed_at = where,
                                  .numbers = {number0, number1}});
}

tl::unexpected<Error> outside(const Mapping& mapping, std::uint64_t offset, std::uint64_t size,
                              std::source_location where) {
  return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, mapping.size}});
}

bool inert(const Mapping* mapping) noexcept {
  return !mapping || !mapping->pointer || !mapping->context->alive || mapping->context->lost;
}

}  // namespace

Result<void> MappedBuffer::write(std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                                 std::source_location where) {
  if (inert(mapping_.get())) return stale(mapping_.get(), where);
  const Mapping& mapping = *mapping_;
  if (!detail::fits(offset_bytes, bytes.size(), mapping.size))
    return outside(mapping, offset_bytes, bytes.size(), where);
  if (!mapping.writable) {
    return wrong_use(mapping, ErrorId::not_writable, offset_bytes, bytes.size(), where);
  }
  if (bytes.empty()) return {};
  if (mapping.explicit_flush) {
    if (auto current = mapping.context->check_current(where); !current) return current;
  }
  std::memcpy(mapping.pointer + offset_bytes, bytes.data(), bytes.size());
  if (mapping.explicit_flush) mapping.flush(mapping.map_offset + offset_bytes, bytes.size());
  return {};
}

Result<void> MappedBuffer::read(std::uint64_t offset_bytes, std::span<std::byte> bytes, Ticket after_writer,
                                std::source_location where) {
  if (inert(mapping_.get())) return stale(mapping_.get(), where);
  const Mapping& mapping = *mapping_;
  if (!detail::fits(offset_bytes, bytes.size(), mapping.size))
    return outside(mapping, offset_bytes, bytes.size(), where);
  if (!mapping.readable) {
    return wrong_use(mapping, ErrorId::not_readable, offset_bytes, bytes.size(), where);
  }
  detail::TimelineState& timeline = mapping.context->timeline();
  if (auto known = timeline.check(after_writer, where); !known) return known;
  if (detail::TimelineControl::serial_of(after_writer) <= mapping.born) {
    return wrong_use(mapping, ErrorId::ticket_too_old, offset_bytes, bytes.size(), where,
                     after_writer.serial(), mapping.born >> detail::kSerialShift);
  }
  if (!after_writer.passed()) {
    if (auto polled = timeline.poll(where); !polled) return polled;
    if (!after_writer.passed()) {
      return fail(ErrorId::not_passed_yet, where, {.numbers = {after_writer.serial()}});
    }
  }
  if (!bytes.empty()) std::memcpy(bytes.data(), mapping.pointer + offset_bytes, bytes.size());
  return {};
}

Result<void> MappedBuffer::flush(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                 std::source_location where) {
  if (inert(mapping_.get())) return stale(mapping_.get(), where);
  const Mapping& mapping = *mapping_;
  if (!detail::fits(offset_bytes, size_bytes, mapping.size))
    return outside(mapping, offset_bytes, size_bytes, where);
  if (!mapping.writable) {
    return wrong_use(mapping, ErrorId::not_writable, offset_bytes, size_bytes, where);
  }
  if (!mapping.explicit_flush || size_bytes == 0) return {};
  if (auto current = mapping.context->check_current(where); !current) return current;
  mapping.flush(mapping.map_offset + offset_bytes, size_bytes);
  return {};
}

Result<void> MappedBuffer::destroy(std::source_location where) {
  if (!mapping_ || !mapping_->pointer || !mapping_->context->alive) return stale(mapping_.get(), where);
  return mapping_->destroy(where);
}

std::span<std::byte> MappedBuffer::raw_bytes() const noexcept {
  if (inert(mapping_.get())) return {};
  return {mapping_->pointer, static_cast<std::size_t>(mapping_->size)};
}
bool MappedBuffer::is_mapped() const noexcept {
  return !inert(mapping_.get());
}
std::uint32_t MappedBuffer::buffer() const noexcept {
  return is_mapped() ? mapping_->buffer : 0;
}
std::uint64_t MappedBuffer::size_bytes() const noexcept {
  return is_mapped() ? mapping_->size : 0;
}
std::uint64_t MappedBuffer::offset_bytes() const noexcept {
  return mapping_ ? mapping_->map_offset : 0;
}
bool MappedBuffer::is_coherent() const noexcept {
  return model() == Model::coherent;
}
bool MappedBuffer::is_adopted() const noexcept {
  return mapping_ && mapping_->adopted;
}
Access MappedBuffer::access() const noexcept {
  return plan().access;
}
Model MappedBuffer::model() const noexcept {
  return plan().model;
}
std::string_view MappedBuffer::label() const noexcept {
  return mapping_ ? std::string_view(mapping_->label) : std::string_view();
}
const Plan& MappedBuffer::plan() const noexcept {
  static constexpr Plan kNone{};
  return mapping_ ? mapping_->plan : kNone;
}

}  // namespace pmb
