// SPDX-License-Identifier: MIT
// The positions of a ring's slices, and when their bytes are reusable. Bookkeeping only: it touches no mapped memory,
// waits for nothing and calls no GL. Internal; public only because the hot path is inlined into the program.
//
// Slices are reserved in ring order and reclaimed in ring order. In between, each is retired in any order, with the
// serial of the fence after its last reader. Every operation has constant cost; reclaim() pays for each slice once.
//
// Units:   bytes, as offsets from the start of the buffer; serials of the timeline, 0 for "nothing to wait for".
// Threads: one.
// Memory:  64 bytes a slot, allocated once; none on the hot path.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/detail/api.hpp>

namespace pmb::detail {

/// CPU cache line. No two slices share one, so that no two writers and no flush meet in it.
inline constexpr std::uint64_t kCacheLine = 64;

/// The record of one slice.
struct alignas(64) RingSlot {
  enum State : std::uint64_t {
    kAcquired = 1,   ///< Lent to the CPU.
    kPublished = 2,  ///< In use by the GPU; may be retired with all others (RingLayout::is_live).
    kRetired = 3,    ///< Retired individually: reusable once `serial` has passed.
    kSlowPath = 4,   ///< Added to the first two where the ring takes the slow path.
  };
  static constexpr std::uint64_t kStates = 8;

  /// The slice's key plus its state, so that one compare detects a stale handle and a wrong state. Keys are multiples
  /// of kStates and count the slices of the ring's life.
  std::uint64_t tag = 0;
  std::uint64_t offset = 0;  ///< First byte.
  std::uint64_t size = 0;    ///< As acquired; as used once published.
  std::uint64_t serial = 0;  ///< Published: last mark before it. Retired: the serial to wait for.
  bool chosen = false;       ///< Set only while a publish of many slices looks for duplicates.

  std::uint64_t key() const noexcept { return tag & ~(kStates - 1); }
  std::uint64_t state() const noexcept { return tag & 3; }
};

/// Why nothing could be reserved now.
enum class RingAnswer : std::uint8_t { ok, full, slots_full };

class PMB_API RingLayout {
 public:
  RingLayout() noexcept = default;
  RingLayout(const RingLayout&) = delete;
  RingLayout& operator=(const RingLayout&) = delete;

  /// Starts on bytes [first, last) of the buffer. `slots` is rounded up to a power of two. Keys continue after the
  /// last owner's. Returns false if the records cannot be allocated.
  bool reset(std::uint64_t first, std::uint64_t last, std::uint32_t slots, bool slow_path,
             std::uint64_t default_alignment);
  /// Reclaims every slice, passed or not, for memory that nothing uses any more. No slice may be live.
  void restart() noexcept;
  /// True if everything published was retired together and nothing is acquired. May be false although no slice is live.
  bool all_retired() const noexcept { return open_ == 0 && retired_serial_ > published_serial_; }
  /// True while a slice is acquired and neither published nor dropped.
  bool any_open() const noexcept { return open_ != 0; }
  /// While set, reserve_ahead() returns false. Slices keep the path that they were reserved on.
  void set_slow_path(bool slow_path) noexcept;
  /// Forgets every slice. Keeps the next key and the memory of the records.
  void clear() noexcept;
  /// Frees the records. The layout must be clear.
  void release() noexcept;

  /// Reserves a slice right ahead of the head: the hot path. Returns false if that is not possible or the request is
  /// not legal; reserve() then decides. Alignment 0 is the ring's default.
  bool reserve_ahead(std::uint64_t size, std::uint64_t alignment) noexcept {
    std::uint64_t mask = alignment - 1;
    if (alignment == 0) mask = default_mask_;
    if ((alignment & mask) != 0) [[unlikely]]
      return false;
    mask |= kCacheLine - 1;
    const std::uint64_t offset = (head_ + mask) & ~mask;
    // The first compare also refuses size 0 and keeps the sum from overflowing.
    if (size - 1 >= ahead_limit_ || offset + size > ahead_limit_) [[unlikely]]
      return false;
    if (next_key_ == key_limit_) [[unlikely]]
      return false;
    take(offset, size, RingSlot::kAcquired);
    return true;
  }

  /// Reserves a slice ahead of the head, or wraps to the start of the ring. The size must be at least 1 and at most
  /// greatest_slice(alignment). `full` and `slots_full` may turn to ok after reclaim().
  RingAnswer reserve(std::uint64_t size, std::uint64_t alignment) noexcept;

  /// The greatest slice that can ever fit at this alignment, 0 if none does.
  std::uint64_t greatest_slice(std::uint64_t alignment) const noexcept;

  /// Makes slices reusable, oldest first, as far as their serials have passed.
  void reclaim(std::uint64_t passed) noexcept;

  /// The slot of a key if its tag has exactly `state`, else null. For kPublished see is_live().
  RingSlot* find(std::uint64_t key, std::uint64_t state) noexcept {
    RingSlot& slot = slot_of(key);
    return slot.tag == key + state ? &slot : nullptr;
  }
  /// The slot of a live slice, acquired or published, or null.
  RingSlot* find_live(std::uint64_t key) noexcept {
    RingSlot& slot = slot_of(key);
    return slot.key() == key && is_live(slot) ? &slot : nullptr;
  }
  /// For a slot found as published: false once it was retired with all others.
  bool is_unretired(const RingSlot& published) const noexcept { return published.serial >= retired_serial_; }
  /// True from acquire until retired, individually or with all others.
  bool is_live(const RingSlot& slot) const noexcept {
    return slot.state() == RingSlot::kAcquired ||
           (slot.state() == RingSlot::kPublished && is_unretired(slot));
  }

  /// The slice that was reserved last.
  RingSlot& newest() noexcept { return slot_of(newest_key()); }
  std::uint64_t newest_key() const noexcept { return next_key_ - RingSlot::kStates; }
  /// The offset after that slice, where the next one may start.
  std::uint64_t newest_end() const noexcept { return head_; }

  /// Shortens an acquired slice. The tail is reusable at once if the slice is the newest, else with the slice.
  void shorten(RingSlot& slot, std::uint64_t used) noexcept;

  /// Acquired → published, with the serial of the last mark.
  void publish(RingSlot& slot, std::uint64_t marked) noexcept {
    slot.tag += RingSlot::kPublished - RingSlot::kAcquired;
    slot.serial = marked;
    published_serial_ = marked;
    --open_;
  }

  /// Published → retired, one slice; it must be live.
  void retire(RingSlot& slot, std::uint64_t serial) noexcept {
    slot.tag |= RingSlot::kRetired;
    slot.serial = serial;
    if (serial > single_serial_) single_serial_ = serial;
  }

  /// Published → retired for all. The serial is later than published_serial().
  void retire_published(std::uint64_t serial) noexcept {
    if (serial <= retired_serial_) return;
    retired_serial_ = serial;
    // When the array is full the newest batches merge: their slices are reusable a little later, never earlier.
    if (batch_count_ == kBatches) --batch_count_;
    const bool everything = open_ == 0 && single_serial_ <= serial;
    batches_[batch_count_++] = {serial, everything ? next_key_ : 0};
  }

  /// The serial of the last mark before the newest publish.
  std::uint64_t published_serial() const noexcept { return published_serial_; }

  /// Acquired → retired, without use. With serial 0 the bytes of the newest slice are reusable at once.
  void drop(RingSlot& slot, std::uint64_t serial) noexcept;

  /// Calls `visit(slot)` for each live slice, oldest first. Looks at every record.
  template <class Visit>
  void for_each_live(Visit&& visit) const {
    for (std::uint64_t key = front_key_; key != next_key_; key += RingSlot::kStates) {
      RingSlot& slot = slot_of(key);
      if (is_live(slot)) visit(slot);
    }
  }
  bool any_live() const noexcept {
    bool found = false;
    for_each_live([&](const RingSlot&) { found = true; });
    return found;
  }

  /// The oldest record, which a full ring waits for.
  struct Oldest {
    const RingSlot* live = nullptr;  ///< Still acquired or published: no wait helps.
    std::uint64_t serial = 0;        ///< Otherwise: the serial to wait for.
  };
  Oldest oldest() const noexcept;

  /// Bytes from the oldest slice that was not reclaimed to the newest, gaps included.
  std::uint64_t used() const noexcept;
  /// Bytes reserved since reset(), with the gaps between slices, without the gaps left by wraps.
  std::uint64_t allocated_total() const noexcept { return allocated_before_ + head_ - first_; }
  /// Once this serial has passed, so has everything retired; 0 for nothing.
  std::uint64_t latest_retired() const noexcept { return (std::max)(retired_serial_, single_serial_); }

  /// Records in use: live slices, and retired ones not yet reclaimed.
  std::uint64_t records() const noexcept { return (next_key_ - front_key_) / RingSlot::kStates; }
  std::uint64_t slot_count() const noexcept { return mask_ / RingSlot::kStates + 1; }
  /// Counts slices over all owners of the ring's control block, in steps of RingSlot::kStates.
  std::uint64_t next_key() const noexcept { return next_key_; }
  std::uint64_t capacity() const noexcept { return last_ - first_; }
  bool slow_path() const noexcept { return slow_path_; }
  std::uint64_t default_alignment() const noexcept { return default_mask_ + 1; }

  /// The next multiple of the alignment that starts after the cache line of the byte before `offset`.
  static std::uint64_t align_up(std::uint64_t offset, std::uint64_t alignment) noexcept {
    const std::uint64_t line = (offset + kCacheLine - 1) & ~(kCacheLine - 1);
    return (line + alignment - 1) / alignment * alignment;
  }

 private:
  /// One retire_published().
  struct RetireBatch {
    std::uint64_t serial = 0;
    /// If every slice before this key was retired by then, all of them are reclaimed in one step; else 0.
    std::uint64_t end = 0;
  };
  static constexpr std::size_t kBatches = 16;

  RingSlot& slot_of(std::uint64_t key) const noexcept {
    // As an index this would be a division more: keys count in steps of kStates.
    static_assert(sizeof(RingSlot) % RingSlot::kStates == 0);
    auto* bytes =
        reinterpret_cast<std::byte*>(slots_) + (key & mask_) * (sizeof(RingSlot) / RingSlot::kStates);
    return *reinterpret_cast<RingSlot*>(bytes);
  }
  void take(std::uint64_t offset, std::uint64_t size, std::uint64_t state) noexcept {
    RingSlot& slot = slot_of(next_key_);
    slot.tag = next_key_ + state;
    slot.offset = offset;
    slot.size = size;
    next_key_ += RingSlot::kStates;
    head_ = offset + size;
    ++open_;
  }
  /// True while the head lies before the oldest slice.
  bool wrapped() const noexcept { return front_key_ < wrap_key_; }
  /// The end of free bytes when the head is before the oldest slice: the start of that slice's first cache line.
  std::uint64_t front_line() const noexcept { return slot_of(front_key_).offset & ~(kCacheLine - 1); }
  void update_limits() noexcept;
  void go_to_start() noexcept {
    allocated_before_ += head_ - first_;
    head_ = first_;
  }

  // The members of the hot path come first. An empty layout has no room ahead, and its one slot carries no key.
  static RingSlot no_slot_;
  std::uint64_t head_ = 0;         ///< End of the newest slice.
  std::uint64_t ahead_limit_ = 0;  ///< limit_, but 0 on the slow path.
  std::uint64_t next_key_ = RingSlot::kStates;
  std::uint64_t key_limit_ = 0;  ///< The key for which no record is free.
  std::uint64_t mask_ = 0;       ///< Of keys.
  RingSlot* slots_ = &no_slot_;
  std::uint64_t published_serial_ = 0;
  std::uint64_t default_mask_ = kCacheLine - 1;
  std::uint64_t open_ = 0;            ///< Slices acquired and not yet published or dropped.
  std::uint64_t retired_serial_ = 0;  ///< Slices published before this mark were retired with all others.
  std::uint64_t single_serial_ = 0;   ///< The latest serial that a slice was retired with individually.

  std::uint64_t reusable_serial_ = 0;  ///< Slices published before this mark are reusable.
  std::uint64_t limit_ = 0;            ///< The end of the bytes that are free without wrapping.
  std::uint64_t front_key_ = RingSlot::kStates;
  std::uint64_t wrap_key_ = 0;  ///< The last slice that wrapped to the start of the ring.
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t allocated_before_ = 0;  ///< Before the head last went to the start.
  bool slow_path_ = false;
  std::array<RetireBatch, kBatches> batches_ = {};  ///< Not yet passed, oldest first.
  std::size_t batch_count_ = 0;
  std::unique_ptr<RingSlot[]> storage_;
};

}  // namespace pmb::detail
