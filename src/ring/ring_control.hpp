// SPDX-License-Identifier: MIT
// What upload and readback rings share: a mapped buffer, the layout of its slices, and how to find room.
//
// A ring that grows or shrinks goes on in another control block, with a buffer of its own; the one before hangs on
// it (`older`) until its slices are retired and passed. Slices know the block that lent them, so none ever moves.
// While an older one is there the newest is attended: everything takes the way out of line, where all are seen.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/mapped_buffer.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "context/context_state.hpp"
#include "context/timeline_state.hpp"
#include "ring/ring_meter.hpp"
#include "ring/ring_shadow.hpp"

namespace pmb::detail {

/// When a ring takes other storage. Goes from one storage to the next.
struct RingGrowth {
  /// Rounds with little in use before memory goes back.
  static constexpr std::uint32_t kQuietRounds = 4;

  std::uint64_t initial = 0;
  std::uint32_t failures = 0;     ///< Growths in a row for which there was no memory.
  std::uint32_t holding_off = 0;  ///< How often the ring waits instead before it tries again.
  std::uint64_t round_start = 0;  ///< RingLayout::travelled() when this round began.
  std::uint64_t round_high = 0;   ///< The most in use in this round, 0 while nothing is known.
  std::uint64_t quiet_high = 0;   ///< In the quiet rounds.
  std::uint32_t quiet_rounds = 0;
};

/// Recycled, never freed; see SlotPool. Without a tenant every operation answers stale_slice.
struct RingControl : ContextChild, RingHot {
  /// Takes the buffer in. On failure nothing is kept.
  Result<void> open(std::shared_ptr<ContextState> state, MappedBuffer buffer, const RingOptions& options,
                    std::source_location where);
  /// Ends the tenancy: reports slices that are out, unmaps.
  void close() noexcept;
  /// Ends a ring: this block and the older ones, and gives them back to their pool.
  void close_all() noexcept;

  void make_inert() noexcept override;

  enum class Wait : std::uint8_t { no, bounded };

  /// Reserves a slice for each size in one storage, one behind the other, or none: takes back what has passed,
  /// grows, and waits, each where it is needed and allowed. `ring` is the newest block, and is followed where
  /// that changes. The one that lent the slices is `ring` afterwards.
  template <class Control>
  static Result<void> reserve(Control*& ring, std::span<const std::uint64_t> sizes, std::uint64_t alignment,
                              Wait wait, std::source_location where) {
    RingControl* newest = ring;
    auto reserved = reserve_in(newest, sizes, alignment, wait, where);
    ring = static_cast<Control*>(newest);
    return reserved;
  }

  /// See UploadRing::drain.
  template <class Control>
  static Result<void> drain(Control*& ring, std::optional<std::chrono::nanoseconds> timeout,
                            std::source_location where) {
    RingControl* newest = ring;
    auto drained = drain_all(newest, timeout, where);
    ring = static_cast<Control*>(newest);
    return drained;
  }

  /// Of published slices whose readers were all issued: makes the fence behind them that was spared so far, and retires
  /// them. False where there are none. Statuses: those of mark.
  Result<bool> fence_settled(std::source_location where) noexcept;

  void note_fence() noexcept {
    fenced_at = layout.travelled();
    fenced_key = layout.next_key();
  }
  /// A quarter of the bytes or of the records was handed out since the last fence of retire_issued().
  bool is_fence_due() const noexcept {
    return layout.travelled() - fenced_at >= layout.capacity() / 4 ||
           (layout.next_key() - fenced_key) / detail::RingSlot::kStates >= layout.slot_count() / 4;
  }

  std::byte* bytes_at(std::uint64_t buffer_offset) const noexcept { return base + buffer_offset; }

  /// The error of a handle that is not live here, with a report. kNoHandle: of the ring itself.
  static constexpr std::uint64_t kNoHandle = UINT64_MAX;
  tl::unexpected<Error> stale(std::uint64_t key, std::source_location where) const noexcept;

  bool explicit_flush = false;
  bool orphans = false;  ///< The buffer is specified anew instead of waiting for what is in flight.
  TimelineState* line = nullptr;
  std::unique_ptr<RingShadow> shadow;
  std::shared_ptr<ContextState> context;
  MappedBuffer mapped;
  std::chrono::nanoseconds timeout = {};
  std::uint64_t first_key = 0;
  RingOptions options;
  RingGrowth growth;
  RingMeter meter;
  RingControl* older = nullptr;
  std::uint64_t settled_key =
      0;  ///< Published slices with keys below were retired by retire_issued(), without a fence yet.
  std::uint64_t fenced_at = 0;   ///< RingLayout::travelled() at the last fence that retire_issued() made,
  std::uint64_t fenced_key = 0;  ///< and its next_key().

  RingStats stats() const noexcept;

 protected:
  ~RingControl() = default;
  /// A block of the same kind, from its pool and back.
  virtual RingControl* take_another() const = 0;
  virtual void give_back() noexcept = 0;

 private:
  using Clock = std::chrono::steady_clock;
  /// Of all waits of one call together. Begins with the first, so that a call that does not wait asks no clock.
  struct Deadline {
    std::chrono::nanoseconds timeout;
    std::optional<Clock::time_point> end = {};
    std::chrono::nanoseconds left(Clock::time_point now) noexcept {
      // Beyond a year the clock's arithmetic could overflow.
      if (!end) end = now + std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(8760));
      return *end - now;
    }
  };

  static Result<void> reserve_in(RingControl*& ring, std::span<const std::uint64_t> sizes,
                                 std::uint64_t alignment, Wait wait, std::source_location where);
  static Result<void> drain_all(RingControl*& ring, std::optional<std::chrono::nanoseconds> timeout,
                                std::source_location where);

  Result<void> reserve_all(std::span<const std::uint64_t> sizes, std::uint64_t alignment, Wait wait,
                           Deadline& deadline, std::source_location where);
  Result<void> reserve_one(std::uint64_t size, std::uint64_t alignment, Wait wait, Deadline& deadline,
                           std::source_location where);
  void orphan(std::source_location where);
  Result<void> check_request(std::uint64_t size, std::uint64_t alignment, std::source_location where) const;

  bool always_attended() const noexcept { return explicit_flush || context->validating(); }
  /// Bytes of all storage, and bytes in use in it.
  std::uint64_t held() const noexcept;
  std::uint64_t used() const noexcept;
  /// Waits until slices of older storage have passed, if any was retired.
  Result<void> wait_for_older(Wait wait, Deadline& deadline, std::source_location where);
  /// True where as much more may be held beside what is.
  bool may_hold(std::uint64_t more) const noexcept;
  /// The capacity to grow to for a request, or 0 where the cap is reached or the request is beyond it.
  std::uint64_t greater_capacity(std::span<const std::uint64_t> sizes,
                                 std::uint64_t alignment) const noexcept;
  /// A new block with a buffer of its own, that this one hangs on.
  Result<RingControl*> go_on_with(std::uint64_t capacity, std::size_t records, std::source_location where);
  /// Gives older storage back whose slices have passed.
  void settle_older(std::source_location where);
  /// Looks at how much is in use, where something new is known of it.
  void observe() noexcept;
  void note_use(std::uint64_t bytes) noexcept;

  std::uint64_t asked_at_ = 0;  ///< The mark up to which the timeline was polled for older storage.
  std::uint64_t seen_at_ = 0;   ///< What had passed when use was looked at last.
};

}  // namespace pmb::detail
