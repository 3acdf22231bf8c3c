// SPDX-License-Identifier: MIT
#include <new>
#include <pmb/context.hpp>
#include <pmb/upload_ring.hpp>
#include <utility>

#include "core/guard.hpp"
#include "gl/mapping.hpp"
#include "stream/ring_control.hpp"

namespace pmb {
namespace detail {

using core::RingSlot;

struct UploadRingControl final : RingControl {
  static UploadRingControl* of(const Slice& slice) noexcept {
    return static_cast<UploadRingControl*>(slice.control_);
  }
  static UploadRingControl* of(RingHot* hot) noexcept {
    return hot == no_ring() ? nullptr : static_cast<UploadRingControl*>(hot);
  }
  static std::uint64_t key_of(const Slice& slice) noexcept { return slice.key_; }

  RingSlot* find(Slice slice) noexcept {
    return slice.control_ == this ? layout.find_live(slice.key_) : nullptr;
  }

  Result<Slice> acquire(std::uint64_t size, std::uint64_t alignment, Wait wait, std::source_location where) {
    if (auto reserved = reserve(size, alignment, wait, where); !reserved)
      return tl::unexpected(reserved.error());
    const RingSlot& slot = layout.newest();
    if (shadow) {
      shadow->acquired(slot.key(), slot.offset, {bytes_at(slot.offset), static_cast<std::size_t>(size)},
                       where);
    }
    return Slice(this, slot.key());
  }

  Result<void> publish(Slice slice, std::uint64_t used, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot) return stale(slice.key_, where);
    if (slot->state() != RingSlot::kAcquired) return fail(ErrorId::already_published, where);
    if (used > slot->size) return fail(ErrorId::published_too_much, where, {.numbers = {used, slot->size}});
    if (explicit_flush && used > 0) {
      if (auto current = context->check_current(where); !current) return current;
      Mapping::of(mapped)->flush(slot->offset, used);
      ++flushes;
    }
    if (shadow) shadow->published(slot->key(), {bytes_at(slot->offset), static_cast<std::size_t>(used)});
    if (used < slot->size) layout.shorten(*slot, used);
    layout.publish(*slot, line->issued);
    return {};
  }

  Result<void> cancel(Slice slice, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot) return stale(slice.key_, where);
    if (slot->state() != RingSlot::kAcquired) return fail(ErrorId::already_published, where);
    if (shadow) shadow->cancelled(slot->key());
    layout.drop(*slot, 0);
    return {};
  }

  /// Ok if `ticket` is of this timeline and was marked after `published`, the serial of the last mark before
  /// a publish.
  Result<void> check_ticket(Ticket ticket, std::uint64_t published, const RingSlot* slot,
                            std::source_location where) const noexcept {
    auto known = line->check(ticket, where);
    const bool old = known && TimelineControl::serial_of(ticket) <= published;
    if (known && !old) return {};
    const bool foreign = !known && known.error().id == ErrorId::foreign_ticket;
    if (shadow && (old || foreign)) {
      shadow->report(foreign ? Rule::foreign_ticket : Rule::ticket_too_old, slot ? slot->offset : 0,
                     slot ? slot->offset + slot->size : 0,
                     slot ? shadow->acquired_at(slot->key()) : std::source_location(), where);
    }
    if (!known) return known;
    return fail(ErrorId::ticket_too_old, where, {.numbers = {ticket.serial(), published >> kSerialShift}});
  }

  Result<void> retire(Slice slice, Ticket ticket, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot) return stale(slice.key_, where);
    if (slot->state() != RingSlot::kPublished) {
      if (shadow) {
        shadow->report(Rule::retired_unpublished, slot->offset, slot->offset + slot->size,
                       shadow->acquired_at(slot->key()), where);
      }
      return fail(ErrorId::not_published, where);
    }
    if (auto legal = check_ticket(ticket, slot->serial, slot, where); !legal) return legal;
    if (shadow) shadow->retired(slot->key(), TimelineControl::serial_of(ticket));
    layout.retire(*slot, TimelineControl::serial_of(ticket));
    return {};
  }

  Result<void> retire(Ticket ticket, std::source_location where) {
    if (layout.capacity() == 0) return stale(kNoHandle, where);
    if (auto legal = check_ticket(ticket, layout.published_serial(), nullptr, where); !legal) return legal;
    if (shadow) {
      layout.for_each_live([&](const RingSlot& slot) {
        if (slot.state() == RingSlot::kPublished)
          shadow->retired(slot.key(), TimelineControl::serial_of(ticket));
      });
    }
    layout.retire_published(TimelineControl::serial_of(ticket));
    return {};
  }

  void inspect_at_mark(std::source_location where) override {
    if (shadow) shadow->inspect_unpublished(where);
  }
};

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

namespace {

/// The live slot of a handle, or null.
const core::RingSlot* slot_of(const Slice& slice) noexcept {
  UploadRingControl* control = UploadRingControl::of(slice);
  return control ? control->find(slice) : nullptr;
}

void note_given_to_gl(const Slice& slice) noexcept {
  UploadRingControl* control = UploadRingControl::of(slice);
  if (control && control->shadow) control->shadow->given_to_gl(UploadRingControl::key_of(slice));
}

}  // namespace

std::span<std::byte> Slice::raw_bytes() const noexcept {
  const core::RingSlot* slot = slot_of(*this);
  if (!slot || slot->state() != core::RingSlot::kAcquired) return {};
  return {UploadRingControl::of(*this)->bytes_at(slot->offset), static_cast<std::size_t>(slot->size)};
}

std::uint32_t Slice::buffer() const noexcept {
  if (!slot_of(*this)) return 0;
  note_given_to_gl(*this);
  return UploadRingControl::of(*this)->buffer;
}

std::uint64_t Slice::offset_bytes() const noexcept {
  const core::RingSlot* slot = slot_of(*this);
  return slot ? slot->offset : 0;
}

std::uint64_t Slice::size_bytes() const noexcept {
  const core::RingSlot* slot = slot_of(*this);
  return slot ? slot->size : 0;
}

bool Slice::is_live() const noexcept {
  return slot_of(*this) != nullptr;
}

Result<UploadRing> UploadRing::create(Context& context, const UploadRingInfo& info,
                                      std::source_location where) {
  auto buffer = MappedBuffer::create(context,
                                     {.size_bytes = info.capacity_bytes,
                                      .access = Access::sequential_write,
                                      .label = info.label,
                                      .model = info.model,
                                      .pretouch = info.pretouch},
                                     where);
  if (!buffer) return tl::unexpected(buffer.error());
  return create_on(context, std::move(*buffer), info, where);
}

Result<UploadRing> UploadRing::create_on(Context& context, MappedBuffer buffer, const UploadRingInfo& info,
                                         std::source_location where) {
  if (auto current = ContextState::of(context).check_current(where); !current)
    return tl::unexpected(current.error());
  if (!buffer.is_mapped()) return fail(ErrorId::not_mapped, where);
  if (buffer.access() == Access::read) return fail(ErrorId::not_writable, where);
  if (detail::Mapping::of(buffer)->context != ContextState::share(context)) {
    return fail(ErrorId::other_context_current, where);
  }
  return guarded(where, [&]() -> Result<UploadRing> {
    auto* control = detail::ControlPool<UploadRingControl>::take();
    UploadRing ring(control);  // gives the control block back if it cannot be opened
    if (auto opened = control->open(ContextState::share(context), std::move(buffer),
                                    {.max_slices = info.max_slices, .timeout = info.timeout}, where);
        !opened) {
      return tl::unexpected(opened.error());
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
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return;
  control->close();
  detail::ControlPool<UploadRingControl>::give_back(control);
}

Result<Slice> UploadRing::acquire_slowly(std::uint64_t size_bytes, std::uint64_t alignment, bool may_wait,
                                         std::source_location where) {
  UploadRingControl* control = UploadRingControl::of(control_);
  if (!control) return fail(ErrorId::not_mapped, where);
  return control->acquire(size_bytes, alignment,
                          may_wait ? RingControl::Wait::bounded : RingControl::Wait::no, where);
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
