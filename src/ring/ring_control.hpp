// SPDX-License-Identifier: MIT
// The control block of upload and readback rings: a mapped buffer, the layout of its slices, and how to find room.
//
// A ring that grows, or shrinks in drain(), continues in another control block with its own buffer. The old block hangs
// on the new one (`older`) until its slices are retired and have passed. Handles name their block, so no slice moves.
// While an older block exists the newest takes the slow path, which sees all of them.
//
// The slow path of acquire is ring_reserve.cpp: reserve() → make_room() → grow_or_wait().
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/block_pool.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/stats.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>

#include "base/deadline.hpp"
#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "context/timeline_state.hpp"
#include "ring/mapped_place.hpp"
#include "ring/ring_shadow.hpp"

namespace pmb::detail {

struct ArenaControl;

/// True if a ring needs a fence after `amount` bytes or records were handed to the GPU: a fence can cost a GPU more than a
/// little data does (docs/drivers.md).
constexpr bool worth_a_fence(std::uint64_t amount, std::uint64_t capacity) noexcept {
  return amount >= capacity / 4;
}

enum class RingKind : std::uint8_t { upload, readback };

/// Recycled, never freed; see SlotPool. Without an owner every operation returns stale_slice.
///
/// Slots of readbacks go acquired → retired. While acquired, `serial` is the one after which the bytes have arrived.
struct RingControl final : ContextChild, RingHot {
  static RingControl& of(RingHot* hot) noexcept { return static_cast<RingControl&>(*hot); }

  /// Makes the memory and a ring on it. Blocks. Statuses: those of MappedBuffer::create.
  static Result<RingControl*> create(Context& context, const RingOptions& options, RingKind kind,
                                     std::source_location where);
  /// Makes a ring on a mapped buffer. The buffer is destroyed on failure.
  static Result<RingControl*> create_on(Context& context, MappedBuffer buffer, const RingOptions& options,
                                        RingKind kind, std::source_location where);

  /// Ends a ring: this block and the older ones. Reports live slices, unmaps, and gives the blocks back to their pool.
  void close_all() noexcept;
  void make_inert() noexcept override;
  void inspect_at_mark(std::source_location where) override;

  enum class Wait : std::uint8_t {
    no,
    bounded,
    among_own,  ///< As bounded, but the caller may hold the slices in the way itself: validation reports nothing.
  };

  /// Reserves a slice: the slow path of acquire. `ring` is the newest block, and afterwards the block that lent the slice.
  static Result<RingSlot*> reserve(RingHot*& ring, std::uint64_t size, std::uint64_t alignment, Wait wait,
                                   std::source_location where);
  /// Undoes reserve(). The bytes are reusable once `serial` has passed.
  void drop(RingSlot& slot, std::uint64_t serial) noexcept;

  /// Copies a range that may be copied from into a slice. See ReadbackRing::request.
  static Result<PendingReadback> request(ReadbackRing& ring, const BufferPlace& source, std::uint64_t size,
                                         Wait wait, std::source_location where);
  /// The writer of a readback from acquire() was issued: the next fence, an internal one too, is after it.
  static void note_writer_issued(const PendingReadback& pending) noexcept;
  /// The place of a published slice. Statuses: stale_handle, refused (unpublished), wrong_context (a ring of another
  /// context).
  static Result<BufferPlace> place_of_published(const ContextState& context, const Slice& slice,
                                                std::source_location where) noexcept;
  /// The memory of a live slice or readback. Statuses: stale_handle.
  PMB_API static Result<MappedPlace> mapped_place(const Slice& slice, std::source_location where) noexcept;
  PMB_API static Result<MappedPlace> mapped_place(const PendingReadback& pending,
                                                  std::source_location where) noexcept;
  /// Another API may write the bytes of this live slice, also after publish().
  PMB_API static void share(const Slice& slice) noexcept;

  /// A live slice and the block that lent it; null where there is none.
  struct Found {
    RingControl* block = nullptr;
    RingSlot* slot = nullptr;
  };
  /// Looks in this block and the older ones.
  Found locate(Slice slice) noexcept;
  /// The slice, if `used` bytes of it may be published.
  Result<Found> check_publish(Slice slice, std::uint64_t used, std::source_location where);

  /// Ok on the context's thread. Only an empty or moved-from ring has no context.
  Result<void> check_usable(std::source_location where) const noexcept;
  /// The error of a handle that is not live here, with a report that names this ring if it lent the handle. kNoHandle: of a
  /// call on the ring, which the report names whatever the handle.
  static constexpr std::uint64_t kNoHandle = UINT64_MAX;
  tl::unexpected<Error> stale(std::uint64_t key, std::source_location where) const noexcept;
  /// An error about a slice, with a report.
  tl::unexpected<Error> misuse(const Error& error, const RingSlot& slot) const noexcept;

  /// Makes the fence for slices that retire_issued() retired without one. Returns false if there are none. Statuses: those
  /// of mark.
  Result<bool> fence_issued(std::source_location where) noexcept;
  /// True if a quarter of the bytes or of the records was handed out since the last fence of retire_issued().
  bool is_fence_due() const noexcept;
  void note_fence() noexcept;

  std::byte* bytes_at(std::uint64_t buffer_offset) const noexcept { return base + buffer_offset; }

  RingKind kind = RingKind::upload;
  bool explicit_flush = false;
  bool orphans = false;  ///< On a full ring the buffer gets new storage; commands in flight keep the old one.
  /// Under validation: while the ring is fairly empty, a cache line of no slice follows each slice, so that an overrun is
  /// seen. The storage is larger by as much, and no request is refused that would be served without.
  bool has_guards = false;
  bool growth_failed = false;  ///< The ring no longer tries to grow for requests that fit, until drain().
  TimelineState* timeline = nullptr;
  std::shared_ptr<ContextState> context;
  MappedBuffer mapped;
  std::chrono::nanoseconds timeout = {};
  std::uint64_t initial_capacity = 0;
  RingOptions options;
  RingStats counts;  ///< What does not depend on the present storage. It moves from one block to the next.
  std::uint64_t flushes = 0;  ///< Of this block.
  RingControl* older = nullptr;
  ArenaControl* arenas = nullptr;               ///< Lent and not yet published.
  std::uint64_t first_key = RingSlot::kStates;  ///< Of this owner.
  /// Published slices before this key were retired by retire_issued() and have no fence yet; 0: none.
  std::uint64_t issued_end = 0;
  std::uint64_t fenced_bytes = 0;  ///< Allocated at the last fence of retire_issued().
  std::uint64_t fenced_key = 0;    ///< The next slice's key then.

 private:
  friend class RingOwner;
  /// One call of acquire: what it needs, and how long all its waits together may take.
  struct Request {
    std::uint64_t size;
    std::uint64_t alignment;
    Wait wait;
    std::source_location where;
    Deadline deadline;
    bool waited = false;
  };

  /// A ring on a buffer that suits it.
  static Result<RingControl*> make(std::shared_ptr<ContextState> state, MappedBuffer buffer,
                                   const RingOptions& options, RingKind kind, std::source_location where);
  /// Takes the buffer in. After an error the block still needs close().
  Result<void> open(std::shared_ptr<ContextState> state, MappedBuffer buffer, const RingOptions& options,
                    std::source_location where);
  void close() noexcept;
  /// Ends taking from all arenas. Implemented beside them.
  void close_arenas() noexcept;

  Result<void> check_request(const Request& request) const;
  Result<void> make_room(Request& request);
  /// The error of a ring that is full up to a live slice. Validation reports it once a slice.
  Result<void> blocked_by(const RingSlot& oldest, RingAnswer answer, const Request& request);
  static Result<void> grow_or_wait(RingControl*& ring, Request& request, const Error& full);
  Result<void> wait_until(std::uint64_t serial, Request& request);
  /// Waits until slices of older storage have passed, if any was retired.
  Result<void> wait_for_older(Request& request);
  void orphan(std::source_location where);

  /// Reserves bytes in this block; with a guard after them where the ring has guards and room.
  RingAnswer reserve_bytes(const Request& request) noexcept;
  /// Bytes that slices may use.
  std::uint64_t capacity() const noexcept { return has_guards ? options.capacity_bytes : layout.capacity(); }

  bool needs_slow_path() const noexcept { return explicit_flush || context->validating(); }
  /// Bytes of all storage, and bytes in use in it.
  std::uint64_t held() const noexcept;
  std::uint64_t used() const noexcept;
  /// True if `more` bytes may be held beside the present storage.
  bool may_hold(std::uint64_t more) const noexcept;
  /// The capacity to grow to for a request; 0 if that is beyond the cap.
  std::uint64_t greater_capacity(const Request& request) const noexcept;
  /// A new block with its own buffer, with this block as its `older`.
  Result<RingControl*> continue_in(std::uint64_t capacity, std::source_location where);
  /// Frees older storage whose slices have passed.
  void free_older(std::source_location where);
  RingStats stats() const noexcept;
  /// Advice on the capacity, under validation, once the ring ends.
  void report_capacity() const noexcept;
  /// Adds what this block alone counts.
  void add_to(RingStats& stats) const noexcept;
  void note_high_water() noexcept;
  /// Validation: reports a long wait, once a place.
  void report_slow(const Request& request, std::chrono::nanoseconds time) noexcept;
  /// Counts a wait of `request`, which took `time`.
  void note_wait(const Request& request, std::chrono::nanoseconds time) noexcept;

  std::array<std::source_location, RingStats::kPlaces> slow_places_ =
      {};                          ///< Of waits that validation reported.
  std::uint64_t polled_at_ = 0;    ///< The last mark when the timeline was polled for older storage.
  std::uint64_t observed_at_ = 0;  ///< The last passed serial when `counts.high_water_bytes` was updated.
};

/// The memory of a live block. Statuses: stale_handle.
PMB_API Result<MappedPlace> mapped_place(const Block& block, std::source_location where) noexcept;
/// The place of a block that commands may use: published, or of a read-only pool. Statuses: as for slices.
Result<BufferPlace> place_of_published(const ContextState& context, const Block& block,
                                       std::source_location where) noexcept;
/// The same for commands that write. Statuses: also refused (the pool is not readable).
Result<BufferPlace> place_to_write(const ContextState& context, const Block& block,
                                   std::source_location where) noexcept;

}  // namespace pmb::detail
