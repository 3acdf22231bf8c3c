// SPDX-License-Identifier: MIT
// Streams bytes up: slices of one mapped buffer go round between the CPU that fills them and the GPU that
// reads them.
//
//   auto slice = ring.acquire(bytes_needed);                      // reserve
//   std::size_t used = decode_into(slice->raw_bytes());           // fill, on any thread
//   ring.publish(*slice, used);                                   // make visible
//   glBindBufferRange(GL_UNIFORM_BUFFER, 0, slice->buffer(), slice->offset_bytes(), used);
//   glDrawArrays(…);                                              // use
//   ring.retire(*context.timeline().mark());                      // hand back, behind the last reader
//
// Units:   bytes; offsets from the start of the GL buffer, so that they fit glBindBufferRange.
// Threads: calls on the context's thread; the bytes of an acquired slice on any thread until it is published.
//          Take the span there: a Slice looks its ring up, which a loss of the context can change at any
//          time. Where commands of another context read a slice, its own context waits on the GPU for their
//          ticket and marks; that mark's ticket retires it (Ticket::wait_on_gpu).
// Memory:  capacity_bytes shared, 64 bytes a slice record, all allocated by create(); more where it may grow.
// Errors:  would_block, timed_out, too_large, invalid_argument, refused, stale_handle, context_lost,
//          wrong_context.
// GL:      none in acquire, publish and retire while there is room, but the flush that the explicit model
//          needs.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <pmb/detail/ring_layout.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/stats.hpp>
#include <pmb/timeline.hpp>
#include <source_location>
#include <span>
#include <string_view>
#include <type_traits>

namespace pmb {

class Arena;
class Context;
namespace detail {
struct UploadRingControl;

/// What the inlined half of the hot path works on; the rest of a ring is behind it.
struct RingHot {
  detail::RingLayout layout;
  const std::uint64_t* issued = nullptr;  ///< Serial of the timeline's last mark.
  const TimelineControl* timeline = nullptr;
  std::byte* base = nullptr;  ///< Where byte 0 of the GL buffer would be.
  std::uint32_t buffer = 0;
  bool watched = false;  ///< Validation wants to know when a slice is given to GL.
};
/// Of rings that are empty or moved from: has no room.
RingHot* no_ring() noexcept;
}  // namespace detail

/// A byte range of a ring, lent to the CPU for one use. Two words, copied freely; a stale one is inert: no
/// bytes, buffer 0.
class Slice {
 public:
  constexpr Slice() noexcept = default;

  /// The bytes to fill, as long as the slice is acquired; empty afterwards. Write-only: reads are undefined
  /// and can be a hundred times slower than memory.
  std::span<std::byte> raw_bytes() const noexcept {
    const detail::RingSlot* slot = live_slot();
    if (!slot || slot->state() != detail::RingSlot::kAcquired) return {};
    return {control_->base + slot->offset, static_cast<std::size_t>(slot->size)};
  }
  /// GL name for the binding calls. Validation takes asking as giving the slice to GL: ask once it is
  /// published.
  std::uint32_t buffer() const noexcept {
    if (!live_slot()) return 0;
    if (control_->watched) [[unlikely]]
      note_given_to_gl();
    return control_->buffer;
  }
  /// From the start of the GL buffer.
  std::uint64_t offset_bytes() const noexcept {
    const detail::RingSlot* slot = live_slot();
    return slot ? slot->offset : 0;
  }
  /// As acquired; as used once published.
  std::uint64_t size_bytes() const noexcept {
    const detail::RingSlot* slot = live_slot();
    return slot ? slot->size : 0;
  }
  /// Acquired or published, not yet retired.
  bool is_live() const noexcept { return live_slot() != nullptr; }

  /// Copies `source` to `offset_bytes` in the slice. False, and nothing copied, where it does not fit or is
  /// stale.
  bool copy_from(std::span<const std::byte> source, std::uint64_t offset_bytes = 0) const noexcept {
    const std::span<std::byte> target = raw_bytes();
    if (offset_bytes > target.size() || source.size() > target.size() - offset_bytes) return false;
    if (!source.empty()) std::memcpy(target.data() + offset_bytes, source.data(), source.size());
    return true;
  }
  /// Stores one value as the `index`-th of its type. False, and nothing stored, where it does not fit or is
  /// stale.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  bool store(std::size_t index, const T& value) const noexcept {
    if (index > size_bytes() / sizeof(T)) return false;
    return copy_from(std::as_bytes(std::span(&value, 1)), index * sizeof(T));
  }
  /// Sets every byte. False when stale.
  bool fill(std::byte value) const noexcept {
    const std::span<std::byte> target = raw_bytes();
    if (target.empty()) return false;
    std::memset(target.data(), static_cast<int>(value), target.size());
    return true;
  }

  friend bool operator==(const Slice&, const Slice&) noexcept = default;

 private:
  friend struct detail::UploadRingControl;
  friend class UploadRing;
  constexpr Slice(detail::RingHot* control, std::uint64_t key) noexcept : control_(control), key_(key) {}
  const detail::RingSlot* live_slot() const noexcept {
    return control_ ? control_->layout.find_live(key_) : nullptr;
  }
  void note_given_to_gl() const noexcept;

  detail::RingHot* control_ = nullptr;
  std::uint64_t key_ = 0;
};

struct RingOptions {
  std::uint64_t capacity_bytes = 0;
  std::string_view label = {};
  std::optional<Model> model = {};                       ///< Forces the model.
  std::uint32_t max_slices = 0;                          ///< Live at once; 0: one a 256 bytes, 16 to 16384.
  std::optional<std::chrono::nanoseconds> timeout = {};  ///< Of acquire; else that of the context's options.
  bool prefault = false;
  /// Where larger, the ring grows up to this instead of waiting or refusing; see UploadRing.
  std::uint64_t max_capacity_bytes = 0;
};

/// See the head of this file. Move-only; slices follow the ring when it moves.
///
/// With max_capacity_bytes a ring that is full, or too small for a request, goes on in a new buffer of twice the
/// size, or what the request needs; acquire then does what create does, and takes as long. No slice moves: each
/// knows its own buffer, and the storage before is given back once its slices are retired and passed. Up to then
/// both exist, together at most twice max_capacity_bytes. Where there is no memory to grow into, the ring waits as
/// one that does not grow. After four rounds that needed no more than a quarter, the ring goes back to twice what
/// they needed, never below its first capacity; drain() goes back at once.
class UploadRing {
 public:
  /// Blocks for milliseconds; allocates everything the ring will need until it grows.
  /// Statuses: those of MappedBuffer::create, and invalid_argument.
  static Result<UploadRing> create(Context& context, const RingOptions& info,
                                   std::source_location where = std::source_location::current());

  /// A ring on a mapping that exists, an adopted one too; capacity, label and model are the buffer's. The
  /// buffer goes with a failure. What such a ring grows into is planned by pmb; the buffer then goes as other older
  /// storage does, an adopted one back to its owner.
  static Result<UploadRing> create_on(Context& context, MappedBuffer buffer, const RingOptions& info = {},
                                      std::source_location where = std::source_location::current());

  UploadRing() noexcept;
  UploadRing(UploadRing&&) noexcept;
  UploadRing& operator=(UploadRing&&) noexcept;
  ~UploadRing();

  /// Reserves `size_bytes` whose offset in the buffer is a multiple of `alignment`, in cache lines of their
  /// own; never wraps inside a slice. alignment 0 suits every kind of indexed binding on this context.
  /// Constant cost; where the ring is full of retired slices it waits for the oldest, boundedly, and counts
  /// that. Statuses: would_block (an unretired slice is in the way: waiting would not help), timed_out,
  /// too_large, invalid_argument, context_lost, wait_failed, stale_handle, wrong_context.
  Result<Slice> acquire(std::uint64_t size_bytes, std::uint64_t alignment = 0,
                        std::source_location where = std::source_location::current()) {
    if (control_->layout.reserve_ahead(size_bytes, alignment)) [[likely]] {
      return Slice(control_, control_->layout.newest_key());
    }
    return acquire_slowly(size_bytes, alignment, true, where);
  }

  /// The same for `count` values of T, aligned for it and for every kind of indexed binding.
  template <class T>
  Result<Slice> acquire(std::size_t count, std::source_location where = std::source_location::current()) {
    const std::uint64_t bytes = count > SIZE_MAX / sizeof(T) ? UINT64_MAX : count * sizeof(T);
    return acquire(bytes, std::max<std::uint64_t>(alignof(T), control_->layout.default_alignment()), where);
  }

  /// As acquire, but never waits: would_block instead.
  Result<Slice> try_acquire(std::uint64_t size_bytes, std::uint64_t alignment = 0,
                            std::source_location where = std::source_location::current()) {
    if (control_->layout.reserve_ahead(size_bytes, alignment)) [[likely]] {
      return Slice(control_, control_->layout.newest_key());
    }
    return acquire_slowly(size_bytes, alignment, false, where);
  }

  /// Reserves a slice for each of `sizes_bytes`, one behind the other, and writes their handles to the front of
  /// `slices`: all or none. Waits as acquire does, once for all of them together. Statuses: those of acquire
  /// (too_large: they can never be in the ring together), and invalid_argument (fewer slices than sizes).
  Result<void> acquire(std::span<const std::uint64_t> sizes_bytes, std::span<Slice> slices,
                       std::uint64_t alignment = 0,
                       std::source_location where = std::source_location::current());

  /// Lends a slice of `size_bytes` to worker threads, which take pieces of it without a lock; see
  /// pmb/arena.hpp. Waits as acquire does; takes a lock of pmb's own. Statuses: those of acquire, and
  /// out_of_memory.
  Result<Arena> lend(std::uint64_t size_bytes, std::source_location where = std::source_location::current());

  /// Ends filling: the first `used_bytes` become visible to commands issued from now on. The tail goes back
  /// at once if nothing was acquired since, else with the slice. Flushes exactly these bytes under explicit
  /// flush, makes no GL call under coherent. 0 is fine. Statuses: stale_handle, refused (already published),
  /// invalid_argument (more than acquired), wrong_context.
  Result<void> publish(Slice slice, std::uint64_t used_bytes,
                       std::source_location where = std::source_location::current()) {
    if (slice.control_ == control_) [[likely]] {
      detail::RingSlot* slot = control_->layout.find(slice.key_, detail::RingSlot::kAcquired);
      if (slot && used_bytes == slot->size) [[likely]] {
        control_->layout.publish(*slot, *control_->issued);
        return {};
      }
    }
    return publish_slowly(slice, used_bytes, where);
  }

  /// Publishes many slices, of each the first `used_bytes` of its own, or all of them whole where `used_bytes`
  /// is empty. One flush covers what touches, and what was acquired one right after the other with less than
  /// the default alignment between: give slices in the order of acquiring. All or none: a refusal changes
  /// nothing. Statuses: those of publish (refused: one is given twice, too), and invalid_argument (as many
  /// sizes as slices are needed).
  Result<void> publish(std::span<const Slice> slices, std::span<const std::uint64_t> used_bytes = {},
                       std::source_location where = std::source_location::current());

  /// Ends an arena: no thread can take from it any more, and what was taken becomes visible, in one flush. The
  /// rest goes back as the tail of a slice does. The caller owes: every taken piece was handed back. Answers
  /// the slice to use and to retire as any other. Validation reports pieces that were overrun. Statuses:
  /// those of publish.
  Result<Slice> publish(const Arena& arena, std::source_location where = std::source_location::current());

  /// Ends an arena without use; what it held goes back. Statuses: those of cancel.
  Result<void> cancel(const Arena& arena, std::source_location where = std::source_location::current());

  /// Undoes an acquire. Statuses: stale_handle, refused (published already).
  Result<void> cancel(Slice slice, std::source_location where = std::source_location::current());

  /// Hands one published slice back once `ticket` has passed. The caller owes: every reader was issued before
  /// the mark. Statuses: stale_handle, refused (unpublished, foreign ticket, marked before the publish); a
  /// refusal changes nothing.
  Result<void> retire(Slice slice, Ticket ticket,
                      std::source_location where = std::source_location::current()) {
    if (slice.control_ == control_ && ticket.control_ == control_->timeline) [[likely]] {
      detail::RingSlot* slot = control_->layout.find(slice.key_, detail::RingSlot::kPublished);
      if (slot && control_->layout.is_unretired(*slot) && ticket.serial_ > slot->serial) [[likely]] {
        control_->layout.retire(*slot, ticket.serial_);
        return {};
      }
    }
    return retire_slowly(slice, ticket, where);
  }

  /// Hands every slice back that is published and not yet retired; slices still being filled stay.
  /// Statuses: stale_handle, refused (foreign ticket, marked before the last publish): nothing is retired
  /// then.
  Result<void> retire(Ticket ticket, std::source_location where = std::source_location::current()) {
    detail::RingLayout& layout = control_->layout;
    const bool plain = ticket.control_ == control_->timeline && !layout.attended();
    if (plain && ticket.serial_ > layout.published_serial()) [[likely]] {
      layout.retire_published(ticket.serial_);
      return {};
    }
    return retire_slowly(ticket, where);
  }

  /// As retire(mark()), with fences that the ring makes itself. The caller must have issued every reader of the published
  /// slices. A fence is made when a quarter of the ring's bytes or records is without one, when acquire() needs such a
  /// slice, and at once while a slice is still being filled. For streams of small slices: a fence can cost a GPU more than
  /// the data does (12 µs on an H200, docs/drivers.md). Slices count as live until their fence is made. Constant cost
  /// without a fence. Statuses: stale_handle, context_lost, wait_failed, refused (too many fences), wrong_context.
  Result<void> retire_issued(std::source_location where = std::source_location::current());

  /// Waits until everything that was retired is back, and gives memory that the ring has grown by back. Live
  /// slices stay where they are, their storage with them. For moments when the program is idle: a level ends, a
  /// window is hidden. Waits for at most `timeout`, else that of acquire. Statuses: timed_out, wait_failed,
  /// context_lost, stale_handle, wrong_context, and those of create where a grown ring finds no memory for its
  /// first size (it stays as it is).
  Result<void> drain(std::optional<std::chrono::nanoseconds> timeout = {},
                     std::source_location where = std::source_location::current());

  /// Walks over the records. See pmb/stats.hpp.
  RingStats stats() const noexcept;
  /// The buffer that slices come from now, an inert one for a moved-from ring.
  const MappedBuffer& mapped_buffer() const noexcept;

 private:
  friend struct detail::UploadRingControl;
  explicit UploadRing(detail::RingHot* control) noexcept : control_(control) {}

  // The hot path comes in two halves: bookkeeping alone, inlined, and out of line everything that is not
  // plain: waiting, flushing, validation, and every error.
  Result<Slice> acquire_slowly(std::uint64_t size_bytes, std::uint64_t alignment, bool may_wait,
                               std::source_location where);
  Result<void> publish_slowly(Slice slice, std::uint64_t used_bytes, std::source_location where);
  Result<void> retire_slowly(Slice slice, Ticket ticket, std::source_location where);
  Result<void> retire_slowly(Ticket ticket, std::source_location where);

  detail::RingHot* control_;
};

}  // namespace pmb
