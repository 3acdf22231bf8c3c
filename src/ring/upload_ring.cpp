// SPDX-License-Identifier: MIT
#include <new>
#include <pmb/context.hpp>
#include <pmb/upload_ring.hpp>
#include <utility>

#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "ring/ring_access.hpp"
#include "ring/upload_ring_control.hpp"

namespace pmb {
namespace detail {

Result<BufferPlace> place_of_published(const ContextState& context, const Slice& slice,
                                       std::source_location where) noexcept {
  UploadRingControl* control = UploadRingControl::of(slice);
  if (!control) return fail(ErrorId::stale_slice, where);
  const detail::RingSlot* slot = control->find(slice);
  if (!slot) return control->stale(UploadRingControl::key_of(slice), where);
  if (control->context.get() != &context) return fail(ErrorId::other_context_current, where);
  if (slot->state() != detail::RingSlot::kPublished) return fail(ErrorId::not_published, where);
  return BufferPlace{.buffer = control->buffer, .offset = slot->offset};
}

RingHot* no_ring() noexcept {
  // Outlives static destruction on purpose, as control blocks do, and needs no allocation that could fail.
  alignas(RingHot) static std::byte storage[sizeof(RingHot)];
  static RingHot* const kNone = new (storage) RingHot;
  return kNone;
}

}  // namespace detail

using detail::ContextState;
using detail::RingControl;
using detail::UploadRingControl;

void Slice::note_given_to_gl() const noexcept {
  UploadRingControl::of(*this)->shadow->given_to_gl(key_);
}

Result<UploadRing> UploadRing::create(Context& context, const RingOptions& info, std::source_location where) {
  auto buffer = detail::make_memory(ContextState::share(context),
                                    {.size_bytes = info.capacity_bytes,
                                     .access = Access::sequential_write,
                                     .label = info.label,
                                     .model = info.model,
                                     .prefault = info.prefault},
                                    detail::Memory::any, where);
  if (!buffer) return pass_on(buffer);
  return create_on(context, std::move(*buffer), info, where);
}

Result<UploadRing> UploadRing::create_on(Context& context, MappedBuffer buffer, const RingOptions& info,
                                         std::source_location where) {
  if (auto current = ContextState::of(context).check_current(where); !current) return pass_on(current);
  if (!buffer.is_mapped()) return fail(ErrorId::not_mapped, where);
  if (buffer.access() == Access::read) return fail(ErrorId::not_writable, where);
  if (detail::Mapping::of(buffer)->context != ContextState::share(context)) {
    return fail(ErrorId::other_context_current, where);
  }
  return guarded(where, [&]() -> Result<UploadRing> {
    auto* control = detail::SlotPool<UploadRingControl>::take();
    UploadRing ring(control);  // gives the control block back if it cannot be opened
    if (auto opened = control->open(ContextState::share(context), std::move(buffer), info, where); !opened) {
      return pass_on(opened);
    }
    return ring;
  });
}

UploadRing::UploadRing() noexcept : control_(detail::no_ring()) {}
UploadRing::UploadRing(UploadRing&& other) noexcept
    : control_(std::exchange(other.control_, detail::no_ring())) {}

UploadRing& UploadRing::operator=(UploadRing&& other) noexcept {
  if (this != &other) {
    UploadRing taken(std::move(other));
    std::swap(control_, taken.control_);
  }
  return *this;
}

UploadRing::~UploadRing() {
  if (UploadRingControl* control = UploadRingControl::of(control_)) control->close_all();
}

Result<Slice> UploadRing::acquire_slowly(std::uint64_t size_bytes, std::uint64_t alignment, bool may_wait,
                                         std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  auto slice = UploadRingControl::acquire(
      control, size_bytes, alignment, may_wait ? RingControl::Wait::bounded : RingControl::Wait::no, where);
  control_ = control;
  return slice;
}

Result<void> UploadRing::acquire(std::span<const std::uint64_t> sizes_bytes, std::span<Slice> slices,
                                 std::uint64_t alignment, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  auto acquired = UploadRingControl::acquire(control, sizes_bytes, slices, alignment, where);
  control_ = control;
  return acquired;
}

Result<Arena> UploadRing::lend(std::uint64_t size_bytes, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  auto arena = UploadRingControl::lend(control, size_bytes, where);
  control_ = control;
  return arena;
}

Result<void> UploadRing::publish(std::span<const Slice> slices, std::span<const std::uint64_t> used_bytes,
                                 std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->publish(slices, used_bytes, where);
}

Result<Slice> UploadRing::publish(const Arena& arena, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->publish(arena, where);
}

Result<void> UploadRing::cancel(const Arena& arena, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->cancel(arena, where);
}

Result<void> UploadRing::publish_slowly(Slice slice, std::uint64_t used_bytes, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->publish(slice, used_bytes, where);
}

Result<void> UploadRing::cancel(Slice slice, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->cancel(slice, where);
}

Result<void> UploadRing::retire_slowly(Slice slice, Ticket ticket, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->retire(slice, ticket, where);
}

Result<void> UploadRing::retire_slowly(Ticket ticket, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->retire(ticket, where);
}

Result<void> UploadRing::retire_issued(std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->retire_issued(where);
}

Result<void> UploadRing::drain(std::optional<std::chrono::nanoseconds> timeout, std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  auto drained = RingControl::drain(control, timeout, where);
  control_ = control;
  return drained;
}

RingStats UploadRing::stats() const noexcept {
  const UploadRingControl* control = UploadRingControl::of(control_);
  return control ? control->stats() : RingStats{};
}

const MappedBuffer& UploadRing::mapped_buffer() const noexcept {
  static const MappedBuffer kNone;
  const UploadRingControl* control = UploadRingControl::of(control_);
  return control ? control->mapped : kNone;
}

}  // namespace pmb
