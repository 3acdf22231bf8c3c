// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <pmb/context.hpp>
#include <pmb/mapped_buffer.hpp>

#include "base/byte_ranges.hpp"
#include "base/fail.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb {

using detail::ContextState;
using detail::Mapping;

Result<MappedBuffer> MappedBuffer::create(Context& context, const MappedBufferOptions& info,
                                          std::source_location where) {
  return detail::make_memory(ContextState::share(context), info, detail::Memory::mapped, where);
}

namespace {

/// The plan that a persistent mapping of the caller's follows, by what GL returns. A lost context returns 0.
Result<Plan> plan_of(const ContextState& state, const AdoptedMapping& given, std::source_location where) {
  if (!state.gl.IsBuffer(given.buffer))
    return fail(ErrorId::not_a_buffer, where, {.numbers = {given.buffer}});
  const detail::BufferCalls calls(state.gl);
  const bool same = given.pointer && calls.parameter(given.buffer, GL_BUFFER_MAPPED) != 0 &&
                    calls.map_pointer(given.buffer) == given.pointer &&
                    calls.parameter(given.buffer, GL_BUFFER_MAP_OFFSET) == given.offset_bytes &&
                    calls.parameter(given.buffer, GL_BUFFER_MAP_LENGTH) == given.size_bytes;
  if (!same) return fail(ErrorId::adopted_not_mapped, where, {.numbers = {given.buffer}});
  if (state.registry.contains(given.pointer)) {
    return fail(ErrorId::already_adopted, where, {.numbers = {given.buffer}});
  }

  const auto flags = static_cast<std::uint32_t>(calls.parameter(given.buffer, GL_BUFFER_ACCESS_FLAGS));
  const bool coherent = (flags & GL_MAP_COHERENT_BIT) != 0;
  const bool flushes = (flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0;
  const bool reads = (flags & GL_MAP_READ_BIT) != 0;
  const bool writes = (flags & GL_MAP_WRITE_BIT) != 0;
  // Coherent with explicit flush leaves unflushed bytes undefined (OpenGL 4.6 core, section 6.3), and without either of
  // them writes cannot be published.
  if ((flags & GL_MAP_PERSISTENT_BIT) == 0 || (coherent && flushes) || (writes && !coherent && !flushes)) {
    return fail(ErrorId::adopted_unpublishable, where, {.numbers = {given.buffer, flags}});
  }
  if (reads && !coherent && !state.gl.limits.memory_barrier) return fail(ErrorId::barrier_missing, where);
  return Plan{
      .access = !reads   ? Access::sequential_write
                : writes ? Access::bidirectional
                         : Access::read,
      .model = coherent ? Model::coherent : Model::explicit_flush,
      .storage_flags = static_cast<std::uint32_t>(calls.parameter(given.buffer, GL_BUFFER_STORAGE_FLAGS)),
      .map_flags = flags,
      .size_bytes = given.size_bytes,
      .reasons = {"flags: the caller's own, of an adopted mapping"}};
}

}  // namespace

Result<MappedBuffer> MappedBuffer::adopt(Context& context, const AdoptedMapping& given,
                                         std::source_location where) {
  return guarded(where, [&]() -> Result<MappedBuffer> {
    const std::shared_ptr<ContextState> state = ContextState::share(context);
    if (auto current = state->check_current(where); !current) return pass_on(current);
    if (given.size_bytes == 0) return fail(ErrorId::zero_size, where);
    const auto plan = state->unless_lost(plan_of(*state, given, where), where);
    if (!plan) return pass_on(plan);
    auto mapping = std::make_unique<Mapping>(state, given.label, *plan, where);
    mapping->pointer = static_cast<std::byte*>(given.pointer);
    mapping->map_offset = given.offset_bytes;
    mapping->buffer = given.buffer;
    mapping->origin = detail::Origin::adopted;
    mapping->probe = detail::SharingProbe::over(*mapping);
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
    other.mapping_ =
        std::make_unique<Mapping>(mapping_->context, mapping_->label, Plan(), mapping_->created_at);
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
  if (!context.alive) return;
  if (context.lost || context.is_current()) {
    static_cast<void>(mapping_->destroy(mapping_->created_at));
    if (!mapping_->pointer) return;
    context.log(LogLevel::warning, [&] {
      return fmt::format(
          "'{}': the GPU did not finish with this memory in time; it is in use until the GL context is gone",
          mapping_->label);
    });
  } else {
    context.report(mapping_->report(ErrorId::destroyed_without_context, 0, mapping_->size));
  }
  context.registry.abandon(*mapping_);
}

namespace {

/// The error of calls on an inert buffer, reported if its context is known.
tl::unexpected<Error> stale(const Mapping* mapping, std::source_location where) {
  if (!mapping) return fail(ErrorId::not_mapped, where);
  const ContextState& context = *mapping->context;
  if (context.lost) return tl::unexpected(context.loss(where));
  return context.misuse({.id = ErrorId::not_mapped,
                         .label = mapping->label,
                         .acquired_at = mapping->created_at,
                         .noticed_at = where});
}

bool inert(const Mapping* mapping) noexcept {
  return !mapping || !mapping->pointer || !mapping->context->alive || mapping->context->lost;
}

/// Ok if the buffer is mapped, the range lies in it, and the mapping has the access; `missing` is the error otherwise.
Result<void> check_range(const Mapping* mapping, bool Mapping::*access, ErrorId missing, std::uint64_t offset,
                         std::uint64_t size, std::source_location where) {
  if (inert(mapping)) return stale(mapping, where);
  if (!detail::fits(offset, size, mapping->size)) {
    return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, mapping->size}});
  }
  if (!(mapping->*access)) return mapping->context->misuse(mapping->report(missing, offset, size, where));
  return {};
}

/// Ok if the bytes may be written and, under explicit flush, flushed here.
Result<void> check_writable(const Mapping* mapping, std::uint64_t offset, std::uint64_t size,
                            std::source_location where) {
  auto legal = check_range(mapping, &Mapping::writable, ErrorId::not_writable, offset, size, where);
  if (!legal || !mapping->explicit_flush || size == 0) return legal;
  return mapping->context->check_current(where);
}

}  // namespace

Result<void> MappedBuffer::write(std::uint64_t offset_bytes, detail::SourceBytes bytes,
                                 std::source_location where) {
  if (auto legal = check_writable(mapping_.get(), offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const Mapping& mapping = *mapping_;
  std::memcpy(mapping.pointer + offset_bytes, bytes.data(), bytes.size());
  if (mapping.explicit_flush) mapping.flush(mapping.map_offset + offset_bytes, bytes.size());
  mapping.check_sharing(offset_bytes, bytes.size(), where);
  return {};
}

Result<void> MappedBuffer::read(std::uint64_t offset_bytes, detail::TargetBytes bytes, Ticket after_writer,
                                std::source_location where) {
  auto legal = check_range(mapping_.get(), &Mapping::readable, ErrorId::not_readable, offset_bytes,
                           bytes.size(), where);
  if (!legal) return legal;
  const Mapping& mapping = *mapping_;
  detail::TimelineState& timeline = mapping.context->timeline();
  if (auto known = timeline.check(after_writer, where); !known) return known;
  if (detail::TimelineControl::serial_of(after_writer) <= mapping.born) {
    Report report = mapping.report(ErrorId::ticket_too_old, offset_bytes, bytes.size(), where);
    report.numbers[0] = after_writer.serial();
    report.numbers[1] = mapping.born >> detail::kSerialShift;
    return mapping.context->misuse(report);
  }
  if (!after_writer.passed()) {
    if (auto polled = timeline.poll(where); !polled) return polled;
    if (!after_writer.passed()) {
      return fail(ErrorId::not_passed_yet, where, {.numbers = {after_writer.serial()}});
    }
  }
  if (!bytes.empty()) std::memcpy(bytes.data(), mapping.pointer + offset_bytes, bytes.size());
  // GL need not see bytes that were written and not flushed.
  if (!mapping.explicit_flush) mapping.check_sharing(offset_bytes, bytes.size(), where);
  return {};
}

Result<void> MappedBuffer::flush(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                 std::source_location where) {
  if (auto legal = check_writable(mapping_.get(), offset_bytes, size_bytes, where); !legal) return legal;
  const Mapping& mapping = *mapping_;
  if (mapping.explicit_flush && size_bytes > 0) mapping.flush(mapping.map_offset + offset_bytes, size_bytes);
  mapping.check_sharing(offset_bytes, size_bytes, where);
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
std::string_view MappedBuffer::label() const noexcept {
  return mapping_ ? std::string_view(mapping_->label) : std::string_view();
}
const Plan& MappedBuffer::plan() const noexcept {
  static constexpr Plan kNone{};
  return mapping_ ? mapping_->plan : kNone;
}

}  // namespace pmb
