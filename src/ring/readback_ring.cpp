// SPDX-License-Identifier: MIT
#include <pmb/context.hpp>
#include <pmb/readback_ring.hpp>
#include <utility>

#include "context/buffer_place.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"
#include "ring/ring_control.hpp"
#include "ring/view_watch.hpp"

namespace pmb {

using detail::BufferPlace;
using detail::ContextState;
using detail::RingControl;
using detail::RingKind;
using detail::RingSlot;
using detail::TargetBytes;

std::span<const std::byte> ReadView::watched_bytes(std::source_location where) const noexcept {
  if (!watch_->lifetime.expired()) return bytes_;
  Report report = watch_->report;
  report.label = watch_->label;
  report.noticed_at = where;
  watch_->sink(report);
  return {};
}

Result<detail::MappedPlace> RingControl::mapped_place(const PendingReadback& pending,
                                                      std::source_location where) noexcept {
  if (!pending.control_) return fail(ErrorId::stale_slice, where);
  const RingSlot* slot = pending.live_slot();
  if (!slot) return pending.control_->stale(pending.key_, where);
  detail::Mapping* const mapping = detail::Mapping::of(pending.control_->mapped);
  return detail::MappedPlace{.mapping = mapping, .offset = slot->offset - mapping->map_offset};
}

RingSlot* PendingReadback::live_slot() const noexcept {
  return control_ ? control_->layout.find_live(key_) : nullptr;
}

Result<RingSlot*> PendingReadback::checked_slot(std::source_location where) const {
  if (!control_) return fail(ErrorId::stale_slice, where);
  // The block of a ring that is gone has no context until the next ring takes it.
  if (control_->context) {
    if (auto own = control_->check_usable(where); !own) return pass_on(own);
  }
  RingSlot* slot = live_slot();
  if (!slot) return control_->stale(key_, where);
  return slot;
}

Result<ReadView> PendingReadback::view(std::optional<std::chrono::nanoseconds> timeout,
                                       std::source_location where) const {
  const auto live = checked_slot(where);
  if (!live) return pass_on(live);
  RingSlot& slot = **live;
  const ContextState& context = *control_->context;
  detail::TimelineState& timeline = *control_->timeline;
  if (slot.serial > timeline.passed()) {
    if (auto current = context.check_current(where); !current) return pass_on(current);
    if (slot.serial > timeline.issued)
      return control_->misuse(make_error(ErrorId::never_marked, where), slot);
    const std::uint64_t serial = slot.serial;
    auto known = timeout ? timeline.wait_serial(serial, *timeout, where) : timeline.poll(where);
    if (!known) return pass_on(known);
    if (serial > timeline.passed()) {
      return fail(ErrorId::not_passed_yet, where, {.numbers = {serial >> detail::kSerialShift}});
    }
  }
  // Private memory is filled once. From then on the serial is 0, and other threads may be reading.
  if (const auto& mapping = *detail::Mapping::of(control_->mapped);
      mapping.is_private() && slot.serial != 0) {
    if (auto current = context.check_current(where); !current) return pass_on(current);
    if (auto fetched = mapping.fetch(slot.offset, slot.size, where); !fetched) return pass_on(fetched);
    slot.serial = 0;
  }
  const std::span<const std::byte> bytes = {control_->bytes_at(slot.offset),
                                            static_cast<std::size_t>(slot.size)};
  if (!control_->shadow) return ReadView(bytes);
  return guarded(where, [&]() -> Result<ReadView> { return control_->shadow->view(slot, bytes); });
}

Result<ReadView> PendingReadback::try_view(std::source_location where) const {
  return view(std::nullopt, where);
}

Result<ReadView> PendingReadback::wait(std::chrono::nanoseconds timeout, std::source_location where) const {
  return view(timeout, where);
}

Result<void> PendingReadback::copy_to(TargetBytes target, std::chrono::nanoseconds timeout,
                                      std::source_location where) const {
  if (target.size() < size_bytes())
    return fail(ErrorId::range_outside, where, {.numbers = {0, size_bytes(), target.size()}});
  const auto arrived = wait(timeout, where);
  if (!arrived) return pass_on(arrived);
  const ContextState& state = *control_->context;
  copy_from_mapped(target, arrived->bytes(),
                   detail::copy_options(state, state.plans.transfers.down, arrived->bytes().size()));
  return release(where);
}

Result<void> PendingReadback::release(std::source_location where) const {
  const auto live = checked_slot(where);
  if (!live) return pass_on(live);
  RingSlot& slot = **live;
  if (control_->shadow) control_->shadow->inspect_at_end(slot.key(), where);
  const std::uint64_t passed = control_->timeline->passed();
  control_->layout.reclaim(passed);
  // The CPU's caches hold bytes that the CPU has read, and a GPU copy into them is slower: 25 µs for 1 MiB on an H100
  // (bench/results/2026-11-28-waited-downloads-h100.json). The next readback therefore gets other bytes. Behind an older
  // readback that is still held, it gets these: the ring could not go round.
  const bool goes_round = control_->layout.oldest().live == &slot;
  control_->drop(slot, slot.serial <= passed && !goes_round ? 0 : slot.serial);
  return {};
}

std::uint32_t PendingReadback::buffer() const noexcept {
  return live_slot() ? control_->buffer : 0;
}

std::uint64_t PendingReadback::offset_bytes() const noexcept {
  const RingSlot* slot = live_slot();
  return slot ? slot->offset : 0;
}

std::uint64_t PendingReadback::size_bytes() const noexcept {
  const RingSlot* slot = live_slot();
  return slot ? slot->size : 0;
}

bool PendingReadback::is_live() const noexcept {
  return live_slot() != nullptr;
}

Ticket PendingReadback::ticket() const noexcept {
  const RingSlot* slot = live_slot();
  if (!slot || slot->serial > control_->timeline->issued) return {};
  const detail::TimelineState& timeline = *control_->timeline;
  // Serial 0: private memory that was filled. It has passed.
  return detail::TimelineControl::ticket(timeline.control,
                                         slot->serial != 0 ? slot->serial : timeline.passed());
}

Result<ReadbackRing> ReadbackRing::create(Context& context, const RingOptions& options,
                                          std::source_location where) {
  return RingControl::create(context, options, RingKind::readback, where).map([](RingControl* ring) {
    return ReadbackRing(ring);
  });
}

Result<ReadbackRing> ReadbackRing::create_on(Context& context, MappedBuffer buffer,
                                             const RingOptions& options, std::source_location where) {
  return RingControl::create_on(context, std::move(buffer), options, RingKind::readback, where)
      .map([](RingControl* ring) { return ReadbackRing(ring); });
}

Result<PendingReadback> ReadbackRing::request(const BufferTarget& buffer, std::uint64_t offset_bytes,
                                              std::uint64_t size_bytes, std::source_location where) {
  const RingControl& ring = RingControl::of(control_);
  if (!ring.context) return fail(ErrorId::not_mapped, where);
  ContextState& state = *ring.context;
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, size_bytes, where); !legal)
    return pass_on(legal);
  return RingControl::request(*this, BufferPlace::of(state, buffer, offset_bytes), size_bytes,
                              RingControl::Wait::bounded, where);
}

Result<PendingReadback> ReadbackRing::acquire(std::uint64_t size_bytes, std::uint64_t alignment,
                                              std::source_location where) {
  const auto reserved =
      RingControl::reserve(control_, size_bytes, alignment, RingControl::Wait::bounded, where);
  if (!reserved) return pass_on(reserved);
  RingControl& ring = RingControl::of(control_);
  RingSlot& slot = **reserved;
  slot.serial = ring.timeline->next_program_serial();
  ring.timeline->awaited = slot.serial;
  return PendingReadback(&ring, slot.key());
}

namespace detail {

Result<PendingReadback> RingControl::request(ReadbackRing& requested, const BufferPlace& source,
                                             std::uint64_t size, Wait wait, std::source_location where) {
  const auto reserved = reserve(requested.control_, size, 0, wait, where);
  if (!reserved) return pass_on(reserved);
  RingControl& ring = of(requested.control_);
  RingSlot& slot = **reserved;
  if (source.buffer == ring.buffer && source.offset < slot.offset + size &&
      slot.offset < source.offset + size) {
    ring.drop(slot, 0);
    return fail(ErrorId::source_is_destination, where);
  }
  if (source.needs_read_barrier) barrier_before_buffer_read(ring.context->gl);
  BufferCalls(ring.context->gl).copy(source.buffer, source.offset, ring.buffer, slot.offset, size);
  // Any later fence is ordered after the copy, internal ones too.
  slot.serial = ring.timeline->issued + 1;
  if (ring.shadow) ring.shadow->awaited(slot.key());
  return PendingReadback(&ring, slot.key());
}

void RingControl::note_writer_issued(const PendingReadback& pending) noexcept {
  if (RingSlot* slot = pending.live_slot()) slot->serial = pending.control_->timeline->issued + 1;
}

}  // namespace detail
}  // namespace pmb
