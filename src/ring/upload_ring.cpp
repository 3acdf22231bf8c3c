// SPDX-License-Identifier: MIT
#include <new>
#include <pmb/context.hpp>
#include <pmb/upload_ring.hpp>
#include <utility>

#include "ring/ring_access.hpp"
#include "ring/upload_ring_control.hpp"

namespace pmb {
namespace detail {

Result<BufferPlace> place_of_published(const ContextState& context, const Slice& slice,
                                       std::source_location where) noexcept {
  UploadRingControl* control = UploadRingControl::of(slice);
  if (!control) return fail(ErrorId::stale_slice, where);
  const RingSlot* slot = control->find(slice);
  if (!slot) return control->stale(UploadRingControl::key_of(slice), where);
  if (control->context.get() != &context) return fail(ErrorId::other_context_current, where);
  if (slot->state() != RingSlot::kPublished) return fail(ErrorId::not_published, where);
  return BufferPlace{.buffer = control->buffer, .offset = slot->offset};
}

RingHot* no_ring() noexcept {
  // Never destroyed, as control blocks are not, and needs no allocation that could fail.
  alignas(RingHot) static std::byte storage[sizeof(RingHot)];
  static RingHot* const kNone = new (storage) RingHot;
  return kNone;
}

}  // namespace detail

using detail::ContextState;
using detail::RingControl;
using detail::UploadRingControl;

void Slice::note_given_to_gl(std::source_location where) const noexcept {
  UploadRingControl& ring = *UploadRingControl::of(*this);
  // The records of validation belong to the context's thread.
  if (!ring.context->check_thread(where)) return;
  if (ring.find(*this)) {
    ring.shadow->given_to_gl(key_);
  } else {
    static_cast<void>(ring.stale(key_, where));
  }
}

namespace {

/// Calls `call` with the control block of a ring. Returns not_mapped for an empty ring, and wrong_thread elsewhere than on
/// the context's thread.
template <class Call>
auto with(detail::RingHot* hot, std::source_location where, Call&& call)
    -> decltype(call(std::declval<UploadRingControl&>())) {
  UploadRingControl* const control = UploadRingControl::of(hot);
  if (!control) return fail(ErrorId::not_mapped, where);
  if (auto own = control->check_thread(where); !own) return pass_on(own);
  return call(*control);
}

/// The same for calls after which a ring may continue in another block.
template <class Call>
auto with_newest(detail::RingHot*& hot, std::source_location where, Call&& call)
    -> decltype(call(std::declval<RingControl*&>())) {
  RingControl* newest = UploadRingControl::of(hot);
  if (!newest) return fail(ErrorId::not_mapped, where);
  if (auto own = newest->check_thread(where); !own) return pass_on(own);
  auto result = call(newest);
  hot = newest;
  return result;
}

}  // namespace

Result<UploadRing> UploadRing::create(Context& context, const RingOptions& options,
                                      std::source_location where) {
  const auto control = RingControl::create(context, options, UploadRingControl::kKind, where);
  if (!control) return pass_on(control);
  return UploadRing(*control);
}

Result<UploadRing> UploadRing::create_on(Context& context, MappedBuffer buffer, const RingOptions& options,
                                         std::source_location where) {
  const auto control =
      RingControl::create_on(context, std::move(buffer), options, UploadRingControl::kKind, where);
  if (!control) return pass_on(control);
  return UploadRing(*control);
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
  return with_newest(control_, where, [&](RingControl*& ring) {
    return UploadRingControl::acquire(ring, size_bytes, alignment,
                                      may_wait ? RingControl::Wait::bounded : RingControl::Wait::no, where);
  });
}

Result<Arena> UploadRing::lend(std::uint64_t size_bytes, std::source_location where) {
  return with_newest(control_, where,
                     [&](RingControl*& ring) { return UploadRingControl::lend(ring, size_bytes, where); });
}

Result<void> UploadRing::drain(std::optional<std::chrono::nanoseconds> timeout, std::source_location where) {
  return with_newest(control_, where,
                     [&](RingControl*& ring) { return RingControl::drain(ring, timeout, where); });
}

Result<void> UploadRing::publish(std::span<const Slice> slices, std::span<const std::uint64_t> used_bytes,
                                 std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.publish(slices, used_bytes, where); });
}

Result<Slice> UploadRing::publish(const Arena& arena, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.publish(arena, where); });
}

Result<void> UploadRing::cancel(const Arena& arena, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.cancel(arena, where); });
}

Result<void> UploadRing::publish_slowly(Slice slice, std::uint64_t used_bytes, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.publish(slice, used_bytes, where); });
}

Result<void> UploadRing::cancel(Slice slice, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.cancel(slice, where); });
}

Result<void> UploadRing::retire_slowly(Slice slice, Ticket ticket, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.retire(slice, ticket, where); });
}

Result<void> UploadRing::retire_slowly(Ticket ticket, std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.retire(ticket, where); });
}

Result<void> UploadRing::retire_issued(std::source_location where) {
  return with(control_, where, [&](auto& ring) { return ring.retire_issued(where); });
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
