// SPDX-License-Identifier: MIT
// Where the slices of a ring lie and when their bytes may be lent again. Pure bookkeeping: no memory is
// touched and nothing is waited for, so that it serves upload and readback, and any supplier of mapped memory
// and fences.
//
// Slices are handed out in ring order and taken back in ring order; in between each is retired, in any order,
// with the serial of the fence behind its last reader. Every operation is of constant cost; taking back is
// paid slice by slice.
//
// Units:   bytes, as offsets from the start of the buffer; serials as of the timeline, 0 for "nothing to wait
// for". Threads: one. Memory:  64 bytes a slot, allocated once; none on the hot path.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>

namespace pmb::core {

/// CPU cache line: slices start and end on it, so that no two writers and no flush share one.
inline constexpr std::uint64_t kCacheLine = 64;

enum class SlotState : std::uint32_t {
  free,       ///< In no use.
  acquired,   ///< Lent to the CPU.
  published,  ///< Given to the GPU, its last reader not yet known.
  retired,    ///< To be lent again once `serial` has passed.
};

/// One slice's record.
struct alignas(64) RingSlot {
  std::uint64_t sequence = UINT64_MAX;  ///< Which slice of the ring's life this is; the stale check.
  std::uint64_t begin = 0;              ///< Head before this slice: what a rollback restores.
  std::uint64_t offset = 0;             ///< First byte.
  std::uint64_t size = 0;               ///< As acquired; as used once published.
  std::uint64_t end = 0;                ///< Head after this slice.
  std::uint64_t serial = 0;             ///< Published: last mark before it. Retired: what to wait for.
  SlotState state = SlotState::free;
  std::uint32_t previous = 0;  ///< Neighbours in the list of published slots.
  std::uint32_t next = 0;
};

/// Why nothing could be reserved now.
enum class RingAnswer : std::uint8_t { ok, full, slots_full };

class RingLayout {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  RingLayout() noexcept = default;
  /// Bytes [first, last) of the buffer; slots is rounded up to a power of two. `sequence` is where counting
  /// goes on. Answers false if the records cannot be allocated.
  bool reset(std::uint64_t first, std::uint64_t last, std::uint32_t slots, std::uint64_t sequence);
  /// Forgets every slice and record; the sequence to go on from stays.
  void clear() noexcept;

  /// The greatest slice that can ever fit at this alignment.
  std::uint64_t greatest_slice(std::uint64_t alignment) const noexcept;

  /// Reserves a slice: size ≥ 1, alignment ≥ 1, both such that it can ever fit. On ok, `newest()` is it.
  /// `full` and `slots_full` may turn to ok after reclaim().
  RingAnswer reserve(std::uint64_t size, std::uint64_t alignment) noexcept {
    const std::uint64_t offset = align_up(head_, alignment);
    const std::uint64_t end = line_end(offset + size);
    if (end <= limit_ && next_sequence_ - front_sequence_ <= mask_) [[likely]] {
      take(head_, offset, size, end);
      return RingAnswer::ok;
    }
    return reserve_elsewhere(size, alignment);
  }

  /// Takes slices back, oldest first, as far as their serials have passed.
  void reclaim(std::uint64_t passed) noexcept;

  /// The live slot of a sequence number, or null when stale.
  RingSlot* find(std::uint64_t sequence) noexcept {
    RingSlot& slot = slots_[sequence & mask_];
    return slot.sequence == sequence ? &slot : nullptr;
  }
  const RingSlot* find(std::uint64_t sequence) const noexcept {
    return const_cast<RingLayout*>(this)->find(sequence);
  }

  /// The slice that reserve() made last.
  RingSlot& newest() noexcept { return slots_[(next_sequence_ - 1) & mask_]; }

  /// Acquired → published, with the bytes in use and the serial of the last mark. The tail goes back if it
  /// still can.
  void publish(RingSlot& slot, std::uint64_t used, std::uint64_t marked) noexcept {
    if (slot.sequence + 1 == next_sequence_) {
      slot.end = line_end(slot.offset + used);
      head_ = slot.end;
    }
    slot.size = used;
    slot.serial = marked;
    slot.state = SlotState::published;
    const auto index = static_cast<std::uint32_t>(slot.sequence & mask_);
    slot.previous = last_published_;
    slot.next = kNone;
    (last_published_ == kNone ? first_published_ : slots_[last_published_].next) = index;
    last_published_ = index;
  }

  /// Published → retired.
  void retire(RingSlot& slot, std::uint64_t serial) noexcept {
    (slot.previous == kNone ? first_published_ : slots_[slot.previous].next) = slot.next;
    (slot.next == kNone ? last_published_ : slots_[slot.next].previous) = slot.previous;
    slot.serial = serial;
    slot.state = SlotState::retired;
    slot.sequence = UINT64_MAX;
  }

  /// The serial of the last mark before the newest published slice; 0 with none published.
  std::uint64_t newest_published_serial() const noexcept {
    return last_published_ == kNone ? 0 : slots_[last_published_].serial;
  }
  /// Published → retired for all; answers how many. Cost: their number.
  std::uint64_t retire_published(std::uint64_t serial) noexcept;

  /// Acquired or retired-in-advance → retired with nothing to wait for (serial 0) or a serial. Gives the
  /// bytes back at once if it was the newest and nothing is to be waited for.
  void drop(RingSlot& slot, std::uint64_t serial) noexcept;

  /// Calls `visit(slot)` for each live slice, oldest first. For validation and destruction only.
  template <class Visit>
  void for_each_live(Visit&& visit) {
    for (std::uint64_t sequence = front_sequence_; sequence != next_sequence_; ++sequence) {
      RingSlot& slot = slots_[sequence & mask_];
      if (slot.state == SlotState::acquired || slot.state == SlotState::published) visit(slot);
    }
  }

  /// The oldest slice's record, null when empty: what stands in the way when full.
  const RingSlot* front() const noexcept {
    return front_sequence_ == next_sequence_ ? nullptr : &slots_[front_sequence_ & mask_];
  }
  /// Records in use: live slices and retired ones not yet taken back.
  std::uint64_t records() const noexcept { return next_sequence_ - front_sequence_; }
  std::uint64_t slot_count() const noexcept { return slots_ == &kStaleSlot ? 0 : mask_ + 1; }
  std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  std::uint64_t capacity() const noexcept { return last_ - first_; }

  /// The next multiple of the alignment and of the cache line.
  static std::uint64_t align_up(std::uint64_t offset, std::uint64_t alignment) noexcept {
    if (std::has_single_bit(alignment)) [[likely]] {
      const std::uint64_t granule = alignment < kCacheLine ? kCacheLine : alignment;
      return (offset + granule - 1) & ~(granule - 1);
    }
    const std::uint64_t granule = odd_granule(alignment);
    return (offset + granule - 1) / granule * granule;
  }

 private:
  static RingSlot kStaleSlot;

  /// Least common multiple of a cache line and an alignment that is no power of two.
  static std::uint64_t odd_granule(std::uint64_t alignment) noexcept {
    const int shift = std::countr_zero(alignment);
    return shift >= 6 ? alignment : alignment << (6 - shift);
  }
  /// The end of the line that `offset` ends in, cut at the end of the mapping.
  std::uint64_t line_end(std::uint64_t offset) const noexcept {
    const std::uint64_t end = (offset + kCacheLine - 1) & ~(kCacheLine - 1);
    return end > last_ && offset <= last_ ? last_ : end;
  }
  void take(std::uint64_t begin, std::uint64_t offset, std::uint64_t size, std::uint64_t end) noexcept {
    const std::uint64_t sequence = next_sequence_++;
    RingSlot& slot = slots_[sequence & mask_];
    slot.sequence = sequence;
    slot.begin = begin;
    slot.offset = offset;
    slot.size = size;
    slot.end = end;
    slot.state = SlotState::acquired;
    head_ = end;
  }
  RingAnswer reserve_elsewhere(std::uint64_t size, std::uint64_t alignment) noexcept;
  /// Where the oldest record begins; the wrapping one begins at the start of the ring.
  std::uint64_t front_begin() const noexcept;
  void update_limit() noexcept;

  RingSlot* slots_ = &kStaleSlot;
  std::uint64_t mask_ = 0;
  std::uint64_t head_ = 0;   ///< Where the next slice may begin.
  std::uint64_t limit_ = 0;  ///< Up to where it may reach without looking for more room.
  std::uint64_t next_sequence_ = 0;
  std::uint64_t front_sequence_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint32_t first_published_ = kNone;
  std::uint32_t last_published_ = kNone;
  bool wrapped_ = false;  ///< The head lies before the oldest slice.
  std::unique_ptr<RingSlot[]> storage_;
};

}  // namespace pmb::core
