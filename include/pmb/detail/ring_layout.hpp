// SPDX-License-Identifier: MIT
// Where the slices of a ring lie and when their bytes may be lent again. Pure bookkeeping: no memory is
// touched, nothing is waited for, no GL is known, so that it serves upload and readback and any supplier of
// mapped memory and fences. Internal; public only because the hot path is inlined into the program.
//
// Slices are handed out in ring order and taken back in ring order; in between each is retired, in any order,
// with the serial of the fence behind its last reader. Publishing numbers slices; retiring all of them notes
// one number and one serial, whatever their count. Every operation is of constant cost; taking back is paid
// slice by slice.
//
// Units:   bytes, as offsets from the start of the buffer; serials as of the timeline, 0 for "nothing to wait
//          for".
// Threads: one.
// Memory:  64 bytes a slot, allocated once; none on the hot path.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace pmb::detail {

/// CPU cache line: no two slices share one, so that no two writers and no flush meet in it.
inline constexpr std::uint64_t kCacheLine = 64;

/// One slice's record.
struct alignas(64) RingSlot {
  enum State : std::uint64_t {
    kAcquired = 1,   ///< Lent to the CPU.
    kPublished = 2,  ///< Given to the GPU; retired with all others once RingLayout says so.
    kRetired = 3,    ///< By itself: to be lent again once `serial` has passed.
    kAttended = 4,   ///< Added to the first two where the ring has more to do than bookkeeping.
  };
  static constexpr std::uint64_t kStates = 8;

  /// The slice's key, a multiple of kStates that counts the slices of the ring's life, plus its state: one
  /// compare tells a stale handle and a wrong state.
  std::uint64_t tag = 0;
  std::uint64_t offset = 0;  ///< First byte.
  std::uint64_t size = 0;    ///< As acquired; as used once published.
  std::uint64_t serial = 0;  ///< Published: last mark before it. Retired: what to wait for.

  std::uint64_t key() const noexcept { return tag & ~(kStates - 1); }
  std::uint64_t state() const noexcept { return tag & 3; }
};

/// Why nothing could be reserved now.
enum class RingAnswer : std::uint8_t { ok, full, slots_full };

class RingLayout {
 public:
  RingLayout() noexcept = default;
  RingLayout(const RingLayout&) = delete;
  RingLayout& operator=(const RingLayout&) = delete;

  /// Bytes [first, last) of the buffer; slots is rounded up to a power of two. Sequence numbers go on from
  /// the last tenant's. An attended ring is never answered by reserve_ahead. Answers false if the records
  /// cannot be allocated.
  bool reset(std::uint64_t first, std::uint64_t last, std::uint32_t slots, bool attended,
             std::uint64_t default_alignment);
  /// Takes every slice back at once, passed or not: nothing of the memory is in use any more. None may be live.
  void restart() noexcept;
  /// True where no slice is live, as far as that is known at once: everything published was retired together.
  bool all_retired() const noexcept { return open_ == 0 && retired_serial_ > published_serial_; }
  /// True while a slice is acquired and neither published nor dropped.
  bool any_open() const noexcept { return open_ != 0; }
  /// Makes the ring attended or ends that. Slices keep what they were reserved as.
  void attend(bool attended) noexcept;
  /// Forgets every slice; the key to go on from stays, and so does the memory of the records.
  void clear() noexcept;
  /// Frees the records. The layout must be clear.
  void release() noexcept;

  /// Reserves a slice right ahead of the head: the hot path. False where there is more to do or something is
  /// wrong with the request; then reserve() tells. alignment 0 is the ring's default.
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

  /// Reserves a slice ahead of the head or from the start of the ring on. The request must be able to fit at
  /// all: size at least 1 and at most greatest_slice(alignment). `full` and `slots_full` may turn to ok after
  /// reclaim().
  RingAnswer reserve(std::uint64_t size, std::uint64_t alignment) noexcept;

  /// How far reserving has come, so that several reservations can be undone together.
  struct Place {
    std::uint64_t head = 0;
    std::uint64_t next_key = 0;
    std::uint64_t wrap_key = 0;
    std::uint64_t travelled = 0;
  };
  Place place() const noexcept { return {head_, next_key_, wrap_key_, travelled_}; }
  /// Slices reserved since.
  std::uint64_t reserved_since(const Place& place) const noexcept {
    return (next_key_ - place.next_key) / RingSlot::kStates;
  }
  /// Undoes everything reserved since `place`. Nobody may have seen a key of it: keys are given out again.
  void rewind(const Place& place) noexcept;

  /// The greatest slice that can ever fit at this alignment, 0 if none does.
  std::uint64_t greatest_slice(std::uint64_t alignment) const noexcept;

  /// Takes slices back, oldest first, as far as their serials have passed.
  void reclaim(std::uint64_t passed) noexcept;

  /// The slot of a key if its tag says exactly `state`, else null. For kPublished see is_live().
  RingSlot* find(std::uint64_t key, std::uint64_t state) noexcept {
    RingSlot& slot = slot_of(key);
    return slot.tag == key + state ? &slot : nullptr;
  }
  /// The slot of a live slice, acquired or published, or null.
  RingSlot* find_live(std::uint64_t key) noexcept {
    RingSlot& slot = slot_of(key);
    return slot.key() == key && is_live(slot) ? &slot : nullptr;
  }
  /// Of a slot found as published: not retired with all others meanwhile.
  bool is_unretired(const RingSlot& published) const noexcept { return published.serial >= retired_serial_; }
  /// True from acquire until retired, by itself or with all others.
  bool is_live(const RingSlot& slot) const noexcept {
    return slot.state() == RingSlot::kAcquired ||
           (slot.state() == RingSlot::kPublished && is_unretired(slot));
  }

  /// The slice that was reserved last.
  RingSlot& newest() noexcept { return slot_of(newest_key()); }
  std::uint64_t newest_key() const noexcept { return next_key_ - RingSlot::kStates; }

  /// Gives the tail of an acquired slice back if that can still be used, and shortens it. `used` is at most
  /// its size.
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
    // Beyond a handful the newest merge: their slices come back a little later, never earlier.
    if (bulk_count_ == kBulks) --bulk_count_;
    const bool everything = open_ == 0 && single_serial_ <= serial;
    bulks_[bulk_count_++] = {serial, everything ? next_key_ : 0};
  }

  /// The serial of the last mark before the newest publish.
  std::uint64_t published_serial() const noexcept { return published_serial_; }

  /// Acquired → retired, without use (serial 0: the bytes go back at once if it was the newest) or with
  /// something to wait for.
  void drop(RingSlot& slot, std::uint64_t serial) noexcept;

  /// Calls `visit(slot)` for each live slice, oldest first. For validation, statistics and destruction.
  template <class Visit>
  void for_each_live(Visit&& visit) {
    for (std::uint64_t key = front_key_; key != next_key_; key += RingSlot::kStates) {
      RingSlot& slot = slot_of(key);
      if (is_live(slot)) visit(slot);
    }
  }

  /// Looks at every record.
  bool any_live() noexcept {
    bool found = false;
    for_each_live([&](const RingSlot&) { found = true; });
    return found;
  }

  /// What stands in the way when full: the oldest record.
  struct Oldest {
    bool live = false;         ///< Still acquired or published: no wait helps.
    std::uint64_t serial = 0;  ///< Else: what has to pass.
  };
  Oldest oldest() const noexcept;

  /// Bytes from the oldest slice that was not taken back to the newest, gaps included.
  std::uint64_t used() const noexcept;
  /// Bytes that the head went over since reset(), gaps included, what it skipped at the end of the ring not.
  std::uint64_t travelled() const noexcept { return travelled_ + head_ - first_; }
  /// What was retired latest has passed once this has; 0 for nothing.
  std::uint64_t latest_retired() const noexcept { return std::max(retired_serial_, single_serial_); }

  /// Records in use: live slices and retired ones not yet taken back.
  std::uint64_t records() const noexcept { return (next_key_ - front_key_) / RingSlot::kStates; }
  std::uint64_t slot_count() const noexcept { return mask_ / RingSlot::kStates + 1; }
  /// Counts slices over all tenants of the ring's control block, in steps of RingSlot::kStates.
  std::uint64_t next_key() const noexcept { return next_key_; }
  std::uint64_t capacity() const noexcept { return last_ - first_; }
  bool attended() const noexcept { return attended_; }
  std::uint64_t default_alignment() const noexcept { return default_mask_ + 1; }

  /// The next multiple of the alignment that lies in a cache line of its own.
  static std::uint64_t align_up(std::uint64_t offset, std::uint64_t alignment) noexcept {
    const std::uint64_t line = (offset + kCacheLine - 1) & ~(kCacheLine - 1);
    return (line + alignment - 1) / alignment * alignment;
  }

 private:
  /// One retire_published(). `end` is the key of the first slice after it if everything before it was retired
  /// then, so that all of that comes back in one step; else 0.
  struct Bulk {
    std::uint64_t serial = 0;
    std::uint64_t end = 0;
  };
  static constexpr std::size_t kBulks = 16;

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
  /// Up to where slices may reach when the head is before the oldest one: where its first line starts.
  std::uint64_t front_line() const noexcept { return slot_of(front_key_).offset & ~(kCacheLine - 1); }
  void update_limits() noexcept;
  void go_to_start() noexcept {
    travelled_ += head_ - first_;
    head_ = first_;
  }

  // What the hot path reads, first. An empty layout has no room ahead, and its one slot carries no key.
  static RingSlot no_slot_;
  std::uint64_t head_ = 0;         ///< End of the newest slice.
  std::uint64_t ahead_limit_ = 0;  ///< As limit_, but 0 in attended rings.
  std::uint64_t next_key_ = RingSlot::kStates;
  std::uint64_t key_limit_ = 0;  ///< The key for which no record is free.
  std::uint64_t mask_ = 0;       ///< Of keys.
  RingSlot* slots_ = &no_slot_;
  std::uint64_t published_serial_ = 0;
  std::uint64_t default_mask_ = kCacheLine - 1;
  std::uint64_t open_ = 0;            ///< Acquired and not yet published or dropped.
  std::uint64_t retired_serial_ = 0;  ///< What was published before this mark was retired with all others.
  std::uint64_t single_serial_ = 0;   ///< The latest that a slice was retired with by itself.

  std::uint64_t reusable_serial_ = 0;  ///< What was published before this mark may be taken back.
  std::uint64_t limit_ = 0;            ///< Up to where slices may reach without wrapping.
  std::uint64_t front_key_ = RingSlot::kStates;
  std::uint64_t wrap_key_ = 0;  ///< The last slice that began at the start of the ring instead of ahead.
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t travelled_ = 0;  ///< On earlier rounds.
  bool attended_ = false;
  std::array<Bulk, kBulks> bulks_ = {};  ///< Not yet passed, oldest first.
  std::size_t bulk_count_ = 0;
  std::unique_ptr<RingSlot[]> storage_;
};

}  // namespace pmb::detail
