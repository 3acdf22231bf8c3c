// SPDX-License-Identifier: MIT
#include <pmb/context.hpp>
#include <pmb/readback_ring.hpp>
#include <utility>

#include "context/buffer_place.hpp"
#include "context/copy_options.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"
#include "ring/ring_access.hpp"
#include "ring/ring_control.hpp"

namespace pmb {
namespace detail {

/// Slots go acquired → retired. While acquired, `serial` is the one after which the bytes have arrived.
struct ReadbackRingControl final : RingControl {
  static const RingKind kKind;
  static ReadbackRingControl* of(const PendingReadback& pending) noexcept { return pending.control_; }

  RingSlot* find(const PendingReadback& pending) noexcept {
    return pending.control_ == this ? layout.find_live(pending.key_) : nullptr;
  }

  static Result<PendingReadback> acquire(RingControl*& ring, std::uint64_t size, std::uint64_t alignment,
                                         std::source_location where) {
    const auto reserved = reserve(ring, size, alignment, Wait::bounded, where);
    if (!reserved) return pass_on(reserved);
    RingSlot& slot = **reserved;
    slot.serial = ring->timeline->next_program_serial();
    ring->timeline->awaited = slot.serial;
    return hand_out(*ring, slot, where);
  }

  /// The caller has checked the source.
  static Result<PendingReadback> request(RingControl*& ring, const BufferPlace& source, std::uint64_t size,
                                         Wait wait, std::source_location where) {
    const auto reserved = reserve(ring, size, 0, wait, where);
    if (!reserved) return pass_on(reserved);
    RingSlot& slot = **reserved;
    if (source.buffer == ring->buffer && source.offset < slot.offset + size &&
        slot.offset < source.offset + size) {
      ring->layout.drop(slot, 0);
      return fail(ErrorId::source_is_destination, where);
    }
    if (source.needs_read_barrier) barrier_before_buffer_read(ring->context->gl);
    BufferCalls(ring->context->gl).copy(source.buffer, source.offset, ring->buffer, slot.offset, size);
    // Any later fence is ordered after the copy, internal ones too.
    slot.serial = ring->timeline->issued + 1;
    return hand_out(*ring, slot, where);
  }
  static Result<PendingReadback> request(ReadbackRing& ring, const BufferPlace& source, std::uint64_t size,
                                         std::source_location where) {
    return request(ring.control_, source, size, Wait::among_own, where);
  }

  Result<ReadView> view(PendingReadback pending, std::optional<std::chrono::nanoseconds> wait,
                        std::source_location where) {
    if (auto own = check_thread(where); !own) return pass_on(own);
    RingSlot* slot = find(pending);
    if (!slot) return stale(pending.key_, where);
    if (slot->serial > timeline->passed()) {
      if (auto current = context->check_current(where); !current) return pass_on(current);
      if (slot->serial > timeline->issued) {
        context->report({.id = ErrorId::never_marked,
                         .label = mapped.label(),
                         .buffer = buffer,
                         .begin_bytes = slot->offset,
                         .end_bytes = slot->offset + slot->size,
                         .acquired_at = shadow ? shadow->acquired_at(slot->key()) : std::source_location(),
                         .noticed_at = where});
        return fail(ErrorId::never_marked, where);
      }
      const std::uint64_t serial = slot->serial;
      auto known = wait ? timeline->wait_serial(serial, *wait, where) : timeline->poll(where);
      if (!known) return pass_on(known);
      if (serial > timeline->passed()) {
        return fail(ErrorId::not_passed_yet, where, {.numbers = {serial >> kSerialShift}});
      }
    }
    // Private memory is filled once. From then on the serial is 0, and other threads may be reading.
    if (const Mapping& mapping = *Mapping::of(mapped); mapping.is_private() && slot->serial != 0) {
      if (auto current = context->check_current(where); !current) return pass_on(current);
      if (auto fetched = mapping.fetch(slot->offset, slot->size, where); !fetched) return pass_on(fetched);
      slot->serial = 0;
    }
    return ReadView({bytes_at(slot->offset), static_cast<std::size_t>(slot->size)});
  }

  Result<void> release(PendingReadback pending, std::source_location where) {
    if (auto own = check_thread(where); !own) return own;
    RingSlot* slot = find(pending);
    if (!slot) return stale(pending.key_, where);
    if (shadow) shadow->forget(slot->key());
    layout.drop(*slot, slot->serial <= timeline->passed() ? 0 : slot->serial);
    return {};
  }

 private:
  static PendingReadback hand_out(RingControl& ring, const RingSlot& slot, std::source_location where) {
    if (ring.shadow) ring.shadow->acquired(slot.key(), slot.offset, {}, where);
    return PendingReadback(static_cast<ReadbackRingControl*>(&ring), slot.key());
  }
  const RingKind& kind() const noexcept override { return kKind; }
  void give_back() noexcept override { SlotPool<ReadbackRingControl>::give_back(this); }
};

const RingKind ReadbackRingControl::kKind = {
    .access = Access::read,
    .unusable = Access::sequential_write,
    .error = ErrorId::not_readable,
    .full_error = ErrorId::ring_full_unreleased,
    .take = []() -> RingControl* { return SlotPool<ReadbackRingControl>::take(); }};

Result<PendingReadback> request_from(ReadbackRing& ring, const BufferPlace& source, std::uint64_t size,
                                     std::source_location where) {
  return ReadbackRingControl::request(ring, source, size, where);
}

void note_writer_issued(const PendingReadback& pending) noexcept {
  ReadbackRingControl* control = ReadbackRingControl::of(pending);
  RingSlot* slot = control ? control->find(pending) : nullptr;
  if (slot) slot->serial = control->timeline->issued + 1;
}

}  // namespace detail

using detail::BufferPlace;
using detail::ContextState;
using detail::ReadbackRingControl;
using detail::RingControl;
using detail::RingSlot;
using detail::TargetBytes;

namespace {

const RingSlot* slot_of(const PendingReadback& pending) noexcept {
  ReadbackRingControl* control = ReadbackRingControl::of(pending);
  return control ? control->find(pending) : nullptr;
}

}  // namespace

Result<ReadView> PendingReadback::try_view(std::source_location where) const {
  if (!control_) return fail(ErrorId::stale_slice, where);
  return control_->view(*this, std::nullopt, where);
}

Result<ReadView> PendingReadback::wait(std::chrono::nanoseconds timeout, std::source_location where) const {
  if (!control_) return fail(ErrorId::stale_slice, where);
  return control_->view(*this, timeout, where);
}

Result<void> PendingReadback::copy_to(TargetBytes target, std::chrono::nanoseconds timeout,
                                      std::source_location where) const {
  if (target.size() < size_bytes())
    return fail(ErrorId::range_outside, where, {.numbers = {0, size_bytes(), target.size()}});
  const auto view = wait(timeout, where);
  if (!view) return pass_on(view);
  const ContextState& state = *control_->context;
  copy_from_mapped(target, view->bytes(),
                   detail::copy_options(state, state.plans.transfers.down, view->bytes().size()));
  return release(where);
}

Result<void> PendingReadback::release(std::source_location where) const {
  if (!control_) return fail(ErrorId::stale_slice, where);
  return control_->release(*this, where);
}

std::uint32_t PendingReadback::buffer() const noexcept {
  return slot_of(*this) ? control_->buffer : 0;
}

std::uint64_t PendingReadback::offset_bytes() const noexcept {
  const RingSlot* slot = slot_of(*this);
  return slot ? slot->offset : 0;
}

std::uint64_t PendingReadback::size_bytes() const noexcept {
  const RingSlot* slot = slot_of(*this);
  return slot ? slot->size : 0;
}

bool PendingReadback::is_live() const noexcept {
  return slot_of(*this) != nullptr;
}

Ticket PendingReadback::ticket() const noexcept {
  const RingSlot* slot = slot_of(*this);
  if (!slot) return {};
  const detail::TimelineState& timeline = *control_->timeline;
  // Serial 0: private memory that was filled. It has passed.
  return detail::TimelineControl::ticket(timeline.control,
                                         slot->serial != 0 ? slot->serial : timeline.passed());
}

Result<ReadbackRing> ReadbackRing::create(Context& context, const RingOptions& options,
                                          std::source_location where) {
  const auto control = RingControl::create(context, options, ReadbackRingControl::kKind, where);
  if (!control) return pass_on(control);
  return ReadbackRing(*control);
}

Result<ReadbackRing> ReadbackRing::create_on(Context& context, MappedBuffer buffer,
                                             const RingOptions& options, std::source_location where) {
  const auto control =
      RingControl::create_on(context, std::move(buffer), options, ReadbackRingControl::kKind, where);
  if (!control) return pass_on(control);
  return ReadbackRing(*control);
}

ReadbackRing::ReadbackRing() noexcept = default;
ReadbackRing::ReadbackRing(ReadbackRing&& other) noexcept
    : control_(std::exchange(other.control_, nullptr)) {}

ReadbackRing& ReadbackRing::operator=(ReadbackRing&& other) noexcept {
  if (this != &other) {
    ReadbackRing taken(std::move(other));
    std::swap(control_, taken.control_);
  }
  return *this;
}

ReadbackRing::~ReadbackRing() {
  if (control_) control_->close_all();
}

Result<PendingReadback> ReadbackRing::request(const BufferTarget& buffer, std::uint64_t offset_bytes,
                                              std::uint64_t size_bytes, std::source_location where) {
  if (!control_) return fail(ErrorId::not_mapped, where);
  if (!control_->context) return control_->stale(RingControl::kNoHandle, where);
  ContextState& state = *control_->context;
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, size_bytes, where); !legal)
    return pass_on(legal);
  return ReadbackRingControl::request(control_, BufferPlace::of(state, buffer, offset_bytes), size_bytes,
                                      RingControl::Wait::bounded, where);
}

Result<PendingReadback> ReadbackRing::acquire(std::uint64_t size_bytes, std::uint64_t alignment,
                                              std::source_location where) {
  if (!control_) return fail(ErrorId::not_mapped, where);
  if (auto own = control_->check_thread(where); !own) return pass_on(own);
  return ReadbackRingControl::acquire(control_, size_bytes, alignment, where);
}

Result<void> ReadbackRing::drain(std::optional<std::chrono::nanoseconds> timeout,
                                 std::source_location where) {
  if (!control_) return fail(ErrorId::not_mapped, where);
  return RingControl::drain(control_, timeout, where);
}

RingStats ReadbackRing::stats() const noexcept {
  return control_ ? control_->stats() : RingStats{};
}

const MappedBuffer& ReadbackRing::mapped_buffer() const noexcept {
  static const MappedBuffer kNone;
  return control_ ? control_->mapped : kNone;
}

}  // namespace pmb
