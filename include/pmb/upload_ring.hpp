// SPDX-License-Identifier: MIT
// Streams bytes to the GPU. The CPU fills slices of one mapped buffer while the GPU reads others.
//
//   auto slice = ring.acquire(bytes_needed);             // reserve
//   std::size_t used = decode_into(slice->raw_bytes());  // fill: the span may go to any thread
//   ring.publish(*slice, used);                          // make visible
//   glBindBufferRange(GL_UNIFORM_BUFFER, 0, slice->buffer(), slice->offset_bytes(), used);
//   glDrawArrays(GL_TRIANGLES, 0, 3);                    // use
//   ring.retire(*context.timeline().mark());             // reusable once the GPU has passed this point
//
// Units:   bytes; offsets from the start of the GL buffer, as glBindBufferRange takes them.
// Threads: calls on the context's thread, those of Slice too. The span from raw_bytes() may be written on any thread until
//          publish. Elsewhere calls return wrong_context, except acquire(), try_acquire(), publish(slice) and retire() of a
//          coherent ring: they do not check the thread, and race, unless Options::validation is set.
//          If another context reads a slice, the ring's context waits on the GPU for that context's ticket and then
//          marks. That mark's ticket retires the slice (Ticket::wait_on_gpu).
// Memory:  capacity_bytes shared and 64 bytes for each slice record, allocated by create(); more if the ring grows.
// Errors:  would_block, timed_out, too_large, invalid_argument, refused, stale_handle, context_lost, wrong_context.
// GL:      none in acquire, publish and retire while there is room, except the flush of the explicit model.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <pmb/detail/api.hpp>
#include <pmb/detail/ring_layout.hpp>
#include <pmb/detail/typed_bytes.hpp>
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
namespace capi {
struct HotPath;
}
namespace detail {
struct RingControl;
class RingShadow;

/// The part of a ring that the inlined hot path uses. All but the layout and the shadow are copies of facts that the
/// mapping and the timeline own: set in RingControl::open(), cleared in make_inert() and close().
struct RingHot {
  RingLayout layout;
  const std::uint64_t* issued = nullptr;           ///< The serial of the timeline's last mark.
  const TimelineControl* ticket_source = nullptr;  ///< The timeline whose tickets are accepted.
  std::byte* base = nullptr;                       ///< The address of byte 0 of the GL buffer.
  std::uint32_t buffer = 0;
  std::unique_ptr<RingShadow> shadow;  ///< Under validation only.
};

/// The part of UploadRing and ReadbackRing that is the same. Move-only; slices and readbacks follow a ring when it moves.
class PMB_API RingOwner {
 public:
  /// Waits until everything retired or released is reusable, and shrinks a grown ring to its first capacity. Live slices
  /// keep their storage. For idle moments: a level ends, a window is hidden. Waits for at most `timeout`, by default that
  /// of acquire, but not for a readback that was released before the mark() after its writer.
  /// Statuses: timed_out, wait_failed, context_lost, stale_handle, wrong_context, and those of create if a grown ring
  /// finds no memory for its first capacity; it then stays as it is.
  [[nodiscard]] Result<void> drain(std::optional<std::chrono::nanoseconds> timeout = {},
                                   std::source_location where = std::source_location::current());

  /// See pmb/stats.hpp. Looks at every record.
  RingStats stats() const noexcept;
  /// The buffer of new slices; an inert one for a moved-from ring.
  const MappedBuffer& mapped_buffer() const noexcept;

 protected:
  RingOwner() noexcept;
  explicit RingOwner(RingHot* control) noexcept : control_(control) {}
  RingOwner(RingOwner&& other) noexcept;
  RingOwner& operator=(RingOwner&& other) noexcept;
  ~RingOwner();

  RingHot* control_;  ///< Never null. An empty or moved-from ring shares a block without room.
};
}  // namespace detail

/// A byte range of a ring, lent to the CPU for one use. Two words, copied freely. A stale slice is inert: it has no bytes,
/// and its buffer is 0.
class PMB_API Slice {
 public:
  constexpr Slice() noexcept = default;

  /// The bytes to fill while the slice is acquired; empty afterwards. Write-only: reads are undefined, and can be a
  /// hundred times slower than reads of system memory.
  std::span<std::byte> raw_bytes() const noexcept {
    const detail::RingSlot* slot = live_slot();
    if (!slot || slot->state() != detail::RingSlot::kAcquired) return {};
    return {control_->base + slot->offset, static_cast<std::size_t>(slot->size)};
  }
  /// The GL name for binding calls. Call it, and offset_bytes(), after publish: validation reports both on a
  /// stale slice, and on a written slice that the next mark finds unpublished.
  std::uint32_t buffer(std::source_location where = std::source_location::current()) const noexcept {
    const detail::RingSlot* slot = live_slot();
    if (control_ && control_->shadow) [[unlikely]]
      note_given_to_gl(where);
    return slot ? control_->buffer : 0;
  }
  /// From the start of the GL buffer.
  std::uint64_t offset_bytes(std::source_location where = std::source_location::current()) const noexcept {
    const detail::RingSlot* slot = live_slot();
    if (control_ && control_->shadow) [[unlikely]]
      note_given_to_gl(where);
    return slot ? slot->offset : 0;
  }
  /// As acquired; as used once published.
  std::uint64_t size_bytes() const noexcept {
    const detail::RingSlot* slot = live_slot();
    return slot ? slot->size : 0;
  }
  /// True while acquired or published; false once retired or cancelled.
  bool is_live() const noexcept { return live_slot() != nullptr; }

  /// Copies `source` to `offset_bytes` in the slice. Returns false and copies nothing if it does not fit or the slice is
  /// stale.
  [[nodiscard]] bool copy_from(detail::SourceBytes source, std::uint64_t offset_bytes = 0) const noexcept {
    const std::span<std::byte> target = raw_bytes();
    if (offset_bytes > target.size() || source.size() > target.size() - offset_bytes) return false;
    if (!source.empty()) std::memcpy(target.data() + offset_bytes, source.data(), source.size());
    return true;
  }
  /// Stores element `index` of an array of T. Returns false and stores nothing if it does not fit or the slice is stale.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] bool store(std::size_t index, const T& value) const noexcept {
    if (index > size_bytes() / sizeof(T)) return false;
    return copy_from(std::span(&value, 1), index * sizeof(T));
  }
  /// Sets every byte. Returns false if the slice is stale.
  [[nodiscard]] bool fill(std::byte value) const noexcept {
    const std::span<std::byte> target = raw_bytes();
    if (target.empty()) return false;
    std::memset(target.data(), static_cast<int>(value), target.size());
    return true;
  }

  friend bool operator==(const Slice&, const Slice&) noexcept = default;

 private:
  friend struct capi::HotPath;
  friend struct detail::RingControl;
  friend class UploadRing;
  constexpr Slice(detail::RingHot* control, std::uint64_t key) noexcept : control_(control), key_(key) {}
  const detail::RingSlot* live_slot() const noexcept {
    return control_ ? control_->layout.find_live(key_) : nullptr;
  }
  void note_given_to_gl(std::source_location where) const noexcept;

  detail::RingHot* control_ = nullptr;
  std::uint64_t key_ = 0;
};

/// For upload and readback rings.
struct RingOptions {
  std::uint64_t capacity_bytes =
      0;  ///< create_on() takes the capacity, label and model of the buffer instead.
  std::string_view label = {};
  std::optional<Model> model = {};  ///< Forces the model.
  /// Slice records, live and in flight, rounded up to a power of two, and at most about one for each 64 bytes. 0: the larger
  /// of one for each 64 bytes, up to 4096, and one for each 256 bytes, up to 16384; at least 16.
  std::uint32_t max_slices = 0;
  std::optional<std::chrono::nanoseconds> timeout =
      {};                 ///< Of acquire; default: that of the context's options.
  bool prefault = false;  ///< Touches all pages in create().
  /// If larger than capacity_bytes, the ring grows up to this instead of waiting or refusing; see UploadRing.
  std::uint64_t max_capacity_bytes = 0;
};

/// See the head of this file. Move-only; slices follow the ring when it moves.
///
/// A ring with max_capacity_bytes grows when it is full, or too small for a request. It then continues in a new buffer of
/// twice the size, or of the size that the request needs. That acquire takes as long as create. No slice moves: each
/// knows its buffer, and the old buffer is freed once its slices have passed. Both together hold at most twice
/// max_capacity_bytes. If there is no memory to grow, the ring waits as one that does not grow, until drain(); only a
/// request that does not fit otherwise tries again. drain() shrinks the ring to its first capacity.
class PMB_API UploadRing : public detail::RingOwner {
 public:
  /// Allocates everything that the ring needs until it grows. Takes as long as MappedBuffer::create. Statuses: its own.
  [[nodiscard]] static Result<UploadRing> create(
      Context& context, const RingOptions& options,
      std::source_location where = std::source_location::current());

  /// Makes a ring on an existing mapped buffer, which may be adopted. The buffer is destroyed on failure. If the ring
  /// grows, pmb plans the new buffer, and the given one is freed as any older storage; an adopted one returns to its
  /// owner. Statuses: stale_handle (inert buffer), refused (wrong access), out_of_memory, context_lost, wrong_context.
  [[nodiscard]] static Result<UploadRing> create_on(
      Context& context, MappedBuffer buffer, const RingOptions& options = {},
      std::source_location where = std::source_location::current());

  UploadRing() noexcept = default;

  /// Reserves `size_bytes`, at an offset that is a multiple of `alignment`. Slices start on a cache line and never wrap.
  /// Alignment 0 suits every indexed binding of this context. Constant cost. If the ring is full of retired slices, this
  /// waits for the oldest, at most for the timeout, and counts the wait. Statuses: would_block (an unretired slice is in
  /// the way, so that waiting longer would not help), timed_out, too_large, invalid_argument, fence_failed, context_lost,
  /// wait_failed, stale_handle, wrong_context, and those of create if the request fits only a grown ring.
  [[nodiscard]] Result<Slice> acquire(std::uint64_t size_bytes, std::uint64_t alignment = 0,
                                      std::source_location where = std::source_location::current()) {
    if (control_->layout.reserve_ahead(size_bytes, alignment)) [[likely]] {
      return Slice(control_, control_->layout.newest_key());
    }
    return acquire_slowly(size_bytes, alignment, true, where);
  }

  /// The same for `count` values of T, aligned for T and for every indexed binding.
  template <class T>
  [[nodiscard]] Result<Slice> acquire(std::size_t count,
                                      std::source_location where = std::source_location::current()) {
    const std::uint64_t bytes = count > SIZE_MAX / sizeof(T) ? UINT64_MAX : count * sizeof(T);
    return acquire(bytes, std::max<std::uint64_t>(alignof(T), control_->layout.default_alignment()), where);
  }

  /// As acquire, but returns would_block instead of waiting for slices. It may still grow the ring.
  [[nodiscard]] Result<Slice> try_acquire(std::uint64_t size_bytes, std::uint64_t alignment = 0,
                                          std::source_location where = std::source_location::current()) {
    if (control_->layout.reserve_ahead(size_bytes, alignment)) [[likely]] {
      return Slice(control_, control_->layout.newest_key());
    }
    return acquire_slowly(size_bytes, alignment, false, where);
  }

  /// Lends a slice to worker threads, which take pieces of it without a lock; see pmb/arena.hpp. Waits as acquire does.
  /// Takes a mutex of pmb. Statuses: those of acquire, and out_of_memory.
  [[nodiscard]] Result<Arena> lend(std::uint64_t size_bytes,
                                   std::source_location where = std::source_location::current());

  /// Ends filling. The first `used_bytes`, which may be 0, become visible to commands issued from now on. The rest is
  /// reusable at once if nothing was acquired since, else with the slice. Flushes exactly these bytes under the explicit
  /// model; makes no GL call under the coherent one. Statuses: stale_handle, refused (already published),
  /// invalid_argument (more than acquired), wrong_context.
  [[nodiscard]] Result<void> publish(Slice slice, std::uint64_t used_bytes,
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

  /// Publishes many slices: of each its first `used_bytes`, or all of it if `used_bytes` is empty. One flush covers slices
  /// that touch, and slices acquired one right after the other with a gap of at most the default alignment. Any order
  /// is correct; that of acquire needs the fewest flushes. A refusal changes nothing. Statuses: those of publish, refused also if a slice is given
  /// twice, and invalid_argument (the numbers of slices and sizes differ).
  [[nodiscard]] Result<void> publish(std::span<const Slice> slices,
                                     std::span<const std::uint64_t> used_bytes = {},
                                     std::source_location where = std::source_location::current());

  /// Ends an arena: no thread can take from it any more, and the bytes taken become visible, in one flush. Every thread
  /// must have handed its pieces back. Returns the slice to use and retire. Validation reports pieces that were overrun.
  /// Statuses: those of publish.
  [[nodiscard]] Result<Slice> publish(const Arena& arena,
                                      std::source_location where = std::source_location::current());

  /// Ends an arena without use. Statuses: those of cancel.
  [[nodiscard]] Result<void> cancel(const Arena& arena,
                                    std::source_location where = std::source_location::current());

  /// Undoes an acquire. Statuses: stale_handle, refused (already published), context_lost, wrong_context.
  [[nodiscard]] Result<void> cancel(Slice slice,
                                    std::source_location where = std::source_location::current());

  /// Makes one published slice reusable once `ticket` has passed. Every reader must have been issued before the mark.
  /// Statuses: stale_handle, refused (unpublished, foreign ticket, marked before the publish), context_lost, wrong_context. A
  /// refusal changes nothing.
  [[nodiscard]] Result<void> retire(Slice slice, Ticket ticket,
                                    std::source_location where = std::source_location::current()) {
    if (slice.control_ == control_ && ticket.control_ == control_->ticket_source) [[likely]] {
      detail::RingSlot* slot = control_->layout.find(slice.key_, detail::RingSlot::kPublished);
      if (slot && control_->layout.is_unretired(*slot) && ticket.serial_ > slot->serial) [[likely]] {
        control_->layout.retire(*slot, ticket.serial_);
        return {};
      }
    }
    return retire_slowly(slice, ticket, where);
  }

  /// Retires every slice that is published and not yet retired. Slices still being filled stay.
  /// Statuses: stale_handle, refused (foreign ticket, marked before the last publish), context_lost, wrong_context. A refusal
  /// changes nothing.
  [[nodiscard]] Result<void> retire(Ticket ticket,
                                    std::source_location where = std::source_location::current()) {
    detail::RingLayout& layout = control_->layout;
    const bool plain = ticket.control_ == control_->ticket_source && !layout.slow_path();
    if (plain && ticket.serial_ > layout.published_serial()) [[likely]] {
      layout.retire_published(ticket.serial_);
      return {};
    }
    return retire_slowly(ticket, where);
  }

  /// As retire(mark()), but the ring makes its own fences, and few of them. Every reader of the published slices must have
  /// been issued. A fence is made for each quarter of the ring's bytes or records, or when acquire() needs one; at once
  /// while a slice is still being filled. For streams of little data: a fence can cost a GPU more than the data does
  /// (12 µs on an H200, docs/drivers.md). Slices count as live until their fence is made. Constant cost without a fence.
  /// Statuses: stale_handle, fence_failed, would_block (kMaxFences adopted fences exist), context_lost, wait_failed,
  /// wrong_context.
  [[nodiscard]] Result<void> retire_issued(std::source_location where = std::source_location::current());

 private:
  friend struct capi::HotPath;
  explicit UploadRing(detail::RingHot* control) noexcept : RingOwner(control) {}

  // The slow path: waiting, flushing, validation, older storage, and every error.
  Result<Slice> acquire_slowly(std::uint64_t size_bytes, std::uint64_t alignment, bool may_wait,
                               std::source_location where);
  Result<void> publish_slowly(Slice slice, std::uint64_t used_bytes, std::source_location where);
  Result<void> retire_slowly(Slice slice, Ticket ticket, std::source_location where);
  Result<void> retire_slowly(Ticket ticket, std::source_location where);
  /// Ends taking and reports overruns. Returns the bytes that were taken.
  [[nodiscard]] Result<std::uint64_t> end(const Arena& arena, bool publishes, std::source_location where);
};

}  // namespace pmb
