// SPDX-License-Identifier: MIT
#include "core/ring_layout.hpp"

#include <new>

namespace pmb::core {

// What an empty layout looks at: no sequence number is ever found in it, and no slot is ever free.
RingSlot RingLayout::kStaleSlot = {};

bool RingLayout::reset(std::uint64_t first, std::uint64_t last, std::uint32_t slots, std::uint64_t sequence) {
  clear();
  const std::uint64_t count = std::bit_ceil(std::uint64_t{slots < 2 ? 2 : slots});
  storage_.reset(new (std::nothrow) RingSlot[count]);
  if (!storage_) return false;
  slots_ = storage_.get();
  mask_ = count - 1;
  first_ = first;
  last_ = last;
  head_ = first;
  limit_ = last;
  next_sequence_ = sequence;
  front_sequence_ = sequence;
  return true;
}

void RingLayout::clear() noexcept {
  storage_.reset();
  slots_ = &kStaleSlot;
  mask_ = 0;
  head_ = limit_ = first_ = last_ = 0;
  front_sequence_ = next_sequence_;
  first_published_ = last_published_ = kNone;
  wrapped_ = false;
}

std::uint64_t RingLayout::greatest_slice(std::uint64_t alignment) const noexcept {
  if (alignment > last_ && first_ != 0) return 0;
  const std::uint64_t offset = first_ == 0 ? 0 : align_up(first_, alignment);
  return offset >= last_ ? 0 : last_ - offset;
}

RingAnswer RingLayout::reserve_elsewhere(std::uint64_t size, std::uint64_t alignment) noexcept {
  if (records() > mask_) return RingAnswer::slots_full;
  if (wrapped_) return RingAnswer::full;
  // Behind the head there is no room; before the oldest slice there may be.
  const std::uint64_t offset = align_up(first_, alignment);
  const std::uint64_t end = line_end(offset + size);
  if (records() == 0 || end > front_begin()) return RingAnswer::full;
  take(head_, offset, size, end);
  wrapped_ = true;
  update_limit();
  return RingAnswer::ok;
}

std::uint64_t RingLayout::front_begin() const noexcept {
  const RingSlot& oldest = slots_[front_sequence_ & mask_];
  return oldest.offset < oldest.begin ? first_ : oldest.begin;
}

void RingLayout::update_limit() noexcept {
  limit_ = wrapped_ ? front_begin() : last_;
}

void RingLayout::reclaim(std::uint64_t passed) noexcept {
  while (front_sequence_ != next_sequence_) {
    RingSlot& oldest = slots_[front_sequence_ & mask_];
    if (oldest.state != SlotState::retired || oldest.serial > passed) break;
    oldest.state = SlotState::free;
    ++front_sequence_;
    if (wrapped_ && front_sequence_ != next_sequence_) {
      const RingSlot& now = slots_[front_sequence_ & mask_];
      if (now.offset < now.begin) wrapped_ = false;
    }
  }
  if (front_sequence_ == next_sequence_) {
    wrapped_ = false;
    head_ = first_;
  }
  update_limit();
}

std::uint64_t RingLayout::retire_published(std::uint64_t serial) noexcept {
  std::uint64_t count = 0;
  for (std::uint32_t index = first_published_; index != kNone; ++count) {
    RingSlot& slot = slots_[index];
    slot.serial = serial;
    slot.state = SlotState::retired;
    slot.sequence = UINT64_MAX;
    index = slot.next;
  }
  first_published_ = last_published_ = kNone;
  return count;
}

void RingLayout::drop(RingSlot& slot, std::uint64_t serial) noexcept {
  const bool newest = slot.sequence + 1 == next_sequence_;
  slot.sequence = UINT64_MAX;
  if (newest && serial == 0) {
    // The sequence number stays used, so that a copy of the handle stays stale; only the record moves on.
    head_ = slot.offset < slot.begin ? first_ : slot.begin;
  }
  slot.serial = serial;
  slot.state = SlotState::retired;
}

}  // namespace pmb::core
