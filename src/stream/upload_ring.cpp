// SPDX-License-Identifier: MIT
#include <pmb/context.hpp>
#include <pmb/upload_ring.hpp>
#include <utility>

#include "gl/mapping.hpp"
#include "stream/ring_control.hpp"

namespace pmb {
namespace detail {

using core::RingSlot;
using core::SlotState;

struct UploadRingControl final : RingControl {
  static UploadRingControl* of(const Slice& slice) noexcept { return slice.control_; }
  static std::uint64_t sequence_of(const Slice& slice) noexcept { return slice.sequence_; }
  static UploadRing wrap(UploadRingControl* control) noexcept { return UploadRing(control); }

  RingSlot* find(Slice slice) noexcept {
    return slice.control_ == this ? layout.find(slice.sequence_) : nullptr;
  }

  Result<Slice> acquire(std::uint64_t size, std::uint64_t alignment, Wait wait, std::source_location where) {
    if (auto reserved = reserve(size, alignment, wait, where); !reserved) [[unlikely]] {
      return tl::unexpected(reserved.error());
    }
    const RingSlot& slot = layout.newest();
    if (shadow) [[unlikely]] {
      shadow->acquired(slot.sequence, slot.offset, {bytes_at(slot.offset), static_cast<std::size_t>(size)},
                       where);
    }
    return Slice(this, slot.sequence);
  }

  /// Why a slice cannot be published, cancelled or retired as asked.
  tl::unexpected<Error> refuse(Slice slice, SlotState wanted, std::source_location where) noexcept {
    const RingSlot* slot = find(slice);
    if (!slot) return stale(slice.sequence_, where);
    if (wanted == SlotState::acquired) return fail(ErrorId::already_published, where);
    if (shadow) {
      shadow->report(Rule::retired_unpublished, slot->offset, slot->offset + slot->size,
                     shadow->acquired_at(slot->sequence), where);
    }
    return fail(ErrorId::not_published, where);
  }

  Result<void> publish(Slice slice, std::uint64_t used, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot || slot->state != SlotState::acquired) [[unlikely]]
      return refuse(slice, SlotState::acquired, where);
    if (used > slot->size) [[unlikely]] {
      return fail(ErrorId::published_too_much, where, {.numbers = {used, slot->size}});
    }
    if (explicit_flush && used > 0) {
      if (auto current = context->check_current(where); !current) return current;
      Mapping::of(mapped)->flush(slot->offset, used);
      ++flushes;
    }
    if (shadow) [[unlikely]] {
      shadow->published(slot->sequence, {bytes_at(slot->offset), static_cast<std::size_t>(used)}, where);
    }
    layout.publish(*slot, used, line->issued);
    return {};
  }

  Result<void> cancel(Slice slice, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot || slot->state != SlotState::acquired) [[unlikely]]
      return refuse(slice, SlotState::acquired, where);
    if (shadow) [[unlikely]]
      shadow->cancelled(slot->sequence);
    layout.drop(*slot, 0);
    return {};
  }

  /// Ok if `ticket` is of this timeline and was marked after `published`, the serial of the last mark before
  /// a publish.
  bool proves(Ticket ticket, std::uint64_t published) const noexcept {
    return TimelineControl::of(ticket) == line->control && TimelineControl::serial_of(ticket) > published;
  }

  tl::unexpected<Error> refuse_ticket(Ticket ticket, std::uint64_t published, const RingSlot* slot,
                                      std::source_location where) const noexcept {
    const TimelineControl* theirs = TimelineControl::of(ticket);
    if (!theirs) return fail(ErrorId::stale_ticket, where);
    const bool foreign = theirs != line->control;
    if (shadow) {
      shadow->report(foreign ? Rule::foreign_ticket : Rule::ticket_too_old, slot ? slot->offset : 0,
                     slot ? slot->offset + slot->size : 0,
                     slot ? shadow->acquired_at(slot->sequence) : std::source_location(), where);
    }
    if (foreign) return fail(ErrorId::foreign_ticket, where);
    return fail(ErrorId::ticket_too_old, where, {.numbers = {ticket.serial(), published >> kSerialShift}});
  }

  Result<void> retire(Slice slice, Ticket ticket, std::source_location where) {
    RingSlot* slot = find(slice);
    if (!slot || slot->state != SlotState::published) [[unlikely]]
      return refuse(slice, SlotState::published, where);
    if (!proves(ticket, slot->serial)) [[unlikely]]
      return refuse_ticket(ticket, slot->serial, slot, where);
    if (shadow) [[unlikely]]
      shadow->retired(slot->sequence, TimelineControl::serial_of(ticket));
    layout.retire(*slot, TimelineControl::serial_of(ticket));
    return {};
  }

  Result<void> retire(Ticket ticket, std::source_location where) {
    if (!context || layout.slot_count() == 0) [[unlikely]]
      return stale(kNoHandle, where);
    const std::uint64_t published = layout.newest_published_serial();
    if (!proves(ticket, published)) [[unlikely]]
      return refuse_ticket(ticket, published, nullptr, where);
    if (shadow) [[unlikely]] {
      layout.for_each_live([&](const RingSlot& slot) {
        if (slot.state == SlotState::published)
          shadow->retired(slot.sequence, TimelineControl::serial_of(ticket));
      });
    }
    layout.retire_published(TimelineControl::serial_of(ticket));
    return {};
  }

  void inspect_at_mark(std::source_location where) override {
    if (shadow) shadow->inspect_unpublished(where);
  }
};

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
  if (control && control->shadow) control->shadow->given_to_gl(UploadRingControl::sequence_of(slice));
}

}  // namespace

std::span<std::byte> Slice::raw_bytes() const noexcept {
  const core::RingSlot* slot = slot_of(*this);
  if (!slot || slot->state != core::SlotState::acquired) return {};
  return {control_->bytes_at(slot->offset), static_cast<std::size_t>(slot->size)};
}

std::uint32_t Slice::buffer() const noexcept {
  if (!slot_of(*this)) return 0;
  note_given_to_gl(*this);
  return control_->buffer;
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
  auto* control = detail::ControlPool<UploadRingControl>::take();
  if (auto opened = control->open(ContextState::share(context), std::move(buffer),
                                  {.max_slices = info.max_slices, .timeout = info.timeout}, where);
      !opened) {
    detail::ControlPool<UploadRingControl>::give_back(control);
    return tl::unexpected(opened.error());
  }
  return UploadRing(control);
}

UploadRing::UploadRing() noexcept = default;
UploadRing::UploadRing(UploadRing&& other) noexcept : control_(std::exchange(other.control_, nullptr)) {}

UploadRing& UploadRing::operator=(UploadRing&& other) noexcept {
  if (this != &other) {
    UploadRing taken(std::move(other));
    std::swap(control_, taken.control_);
  }
  return *this;
}

UploadRing::~UploadRing() {
  if (!control_) return;
  control_->close();
  detail::ControlPool<UploadRingControl>::give_back(control_);
}

Result<Slice> UploadRing::acquire(std::uint64_t size_bytes, std::uint64_t alignment,
                                  std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->acquire(size_bytes, alignment, RingControl::Wait::bounded, where);
}

Result<Slice> UploadRing::try_acquire(std::uint64_t size_bytes, std::uint64_t alignment,
                                      std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->acquire(size_bytes, alignment, RingControl::Wait::no, where);
}

Result<void> UploadRing::publish(Slice slice, std::uint64_t used_bytes, std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->publish(slice, used_bytes, where);
}

Result<void> UploadRing::cancel(Slice slice, std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->cancel(slice, where);
}

Result<void> UploadRing::retire(Slice slice, Ticket ticket, std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->retire(slice, ticket, where);
}

Result<void> UploadRing::retire(Ticket ticket, std::source_location where) {
  if (!control_) [[unlikely]]
    return fail(ErrorId::not_mapped, where);
  return control_->retire(ticket, where);
}

RingStats UploadRing::stats() const noexcept {
  return control_ ? control_->stats() : RingStats{};
}

const MappedBuffer& UploadRing::mapped_buffer() const noexcept {
  static const MappedBuffer kNone;
  return control_ ? control_->mapped : kNone;
}

}  // namespace pmb
