// SPDX-License-Identifier: MIT
#include <algorithm>
#include <new>
#include <pmb/detail/ring_layout.hpp>

namespace pmb::detail {

RingSlot RingLayout::no_slot_ = {};

bool RingLayout::reset(std::uint64_t first, std::uint64_t last, std::uint32_t slots, bool slow_path,
                       std::uint64_t default_alignment) {
  clear();
  const std::uint64_t count = std::bit_ceil(std::uint64_t{std::max(slots, 2U)});
  release();
  storage_.reset(new (std::nothrow) RingSlot[count]);
  if (!storage_) return false;
  slots_ = storage_.get();
  mask_ = (count - 1) * RingSlot::kStates;
  first_ = first;
  last_ = last;
  head_ = first;
  slow_path_ = slow_path;
  default_mask_ = default_alignment - 1;
  update_limits();
  return true;
}

void RingLayout::restart() noexcept {
  front_key_ = next_key_;
  wrap_key_ = 0;
  batch_count_ = 0;
  go_to_start();
  update_limits();
}

void RingLayout::set_slow_path(bool slow_path) noexcept {
  slow_path_ = slow_path;
  update_limits();
}

std::uint64_t RingLayout::used() const noexcept {
  if (records() == 0) return 0;
  const std::uint64_t front = slot_of(front_key_).offset;
  return wrapped() ? last_ - front + (head_ - first_) : head_ - front;
}

void RingLayout::clear() noexcept {
  for (std::uint64_t key = front_key_; key != next_key_; key += RingSlot::kStates) slot_of(key).tag = 0;
  head_ = limit_ = ahead_limit_ = first_ = last_ = allocated_before_ = 0;
  front_key_ = key_limit_ = next_key_;
  published_serial_ = retired_serial_ = single_serial_ = reusable_serial_ = 0;
  open_ = 0;
  batch_count_ = 0;
  wrap_key_ = 0;
}

void RingLayout::release() noexcept {
  slots_ = &no_slot_;
  mask_ = 0;
  storage_.reset();
}

std::uint64_t RingLayout::greatest_slice(std::uint64_t alignment) const noexcept {
  // The only multiple of such an alignment that lies inside is 0.
  if (alignment > last_) return first_ == 0 ? last_ : 0;
  const std::uint64_t offset = align_up(first_, alignment);
  return offset >= last_ ? 0 : last_ - offset;
}

RingAnswer RingLayout::reserve(std::uint64_t size, std::uint64_t alignment) noexcept {
  if (next_key_ - front_key_ > mask_) return RingAnswer::slots_full;
  const std::uint64_t state = slow_path_ ? RingSlot::kAcquired + RingSlot::kSlowPath : RingSlot::kAcquired;
  const std::uint64_t ahead = align_up(head_, alignment);
  if (ahead <= limit_ && size <= limit_ - ahead) {
    take(ahead, size, state);
    return RingAnswer::ok;
  }
  // There is no room ahead of the head. Wrap, if there is room before the oldest slice.
  if (wrapped() || records() == 0) return RingAnswer::full;
  const std::uint64_t offset = align_up(first_, alignment);
  const std::uint64_t end = front_line();
  if (offset > end || size > end - offset) return RingAnswer::full;
  go_to_start();
  wrap_key_ = next_key_;
  take(offset, size, state);
  update_limits();
  return RingAnswer::ok;
}

void RingLayout::update_limits() noexcept {
  limit_ = wrapped() ? front_line() : last_;
  ahead_limit_ = slow_path_ ? 0 : limit_;
  key_limit_ = front_key_ + mask_ + RingSlot::kStates;
}

void RingLayout::reclaim(std::uint64_t passed) noexcept {
  std::size_t done = 0;
  for (; done < batch_count_ && batches_[done].serial <= passed; ++done) {
    reusable_serial_ = batches_[done].serial;
    front_key_ = std::max(front_key_, batches_[done].end);
  }
  std::move(batches_.begin() + static_cast<std::ptrdiff_t>(done),
            batches_.begin() + static_cast<std::ptrdiff_t>(batch_count_), batches_.begin());
  batch_count_ -= done;

  // Indexed by state: published slices are done below the last batch that passed, retired ones up to `passed`.
  const std::uint64_t done_below[4] = {0, 0, reusable_serial_, passed + 1};
  const std::uint64_t next = next_key_;
  std::uint64_t front = front_key_;
  for (; front != next; front += RingSlot::kStates) {
    const RingSlot& oldest = slot_of(front);
    if (oldest.serial >= done_below[oldest.state()]) break;
  }
  front_key_ = front;
  if (front == next) go_to_start();
  update_limits();
}

RingLayout::Oldest RingLayout::oldest() const noexcept {
  const RingSlot& slot = slot_of(front_key_);
  if (is_live(slot)) return {.live = &slot};
  if (slot.state() == RingSlot::kRetired) return {.serial = slot.serial};
  for (std::size_t i = 0; i < batch_count_; ++i) {
    if (slot.serial < batches_[i].serial) return {.serial = batches_[i].serial};
  }
  return {};
}

void RingLayout::shorten(RingSlot& slot, std::uint64_t used) noexcept {
  if (slot.key() == newest_key()) head_ = slot.offset + used;
  slot.size = used;
}

void RingLayout::drop(RingSlot& slot, std::uint64_t serial) noexcept {
  // The key stays used, so that copies of the handle stay stale. Only the bytes are reusable.
  if (serial == 0 && slot.key() == newest_key()) head_ = slot.offset;
  if (serial > single_serial_) single_serial_ = serial;
  slot.tag |= RingSlot::kRetired;
  slot.serial = serial;
  --open_;
}

}  // namespace pmb::detail
