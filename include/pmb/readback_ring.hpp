// SPDX-License-Identifier: MIT
// Streams bytes from the GPU. Results arrive in mapped memory and are read in place, with many in flight.
//
//   auto pending = ring.request(result_buffer, 0, frame_bytes);  // a GPU copy, ordered after shader stores
//   context.timeline().mark();                                   // from here on the result can be waited for
//
//   if (auto view = pending->try_view()) {                       // later
//     consume(view->bytes());
//     pending->release();
//   }
//
// Units:   bytes; nanoseconds.
// Threads: calls on the context's thread; viewed bytes on any thread until release().
// Memory:  capacity_bytes shared and 64 bytes for each record, allocated by create(); more if the ring grows.
// Errors:  would_block, timed_out, too_large, invalid_argument, refused, stale_handle, context_lost, wrong_context.
// GL:      request changes the COPY_READ and COPY_WRITE bindings if direct state access is missing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/buffer_target.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/detail/typed_bytes.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>
#include <utility>

namespace pmb {

class Context;
namespace detail {
struct ViewWatch;
}

/// Bytes that have arrived, in place, for any thread. Valid until the readback or the block is released.
class PMB_API ReadView {
 public:
  ReadView() noexcept = default;
  explicit ReadView(std::span<const std::byte> bytes,
                    std::shared_ptr<const detail::ViewWatch> watch = {}) noexcept
      : bytes_(bytes), watch_(std::move(watch)) {}
  /// After the release, validation reports view_after_release and returns no bytes. It cannot see uses of a span that was
  /// taken before.
  std::span<const std::byte> bytes(
      std::source_location where = std::source_location::current()) const noexcept {
    return watch_ ? watched_bytes(where) : bytes_;
  }

 private:
  std::span<const std::byte> watched_bytes(std::source_location where) const noexcept;

  std::span<const std::byte> bytes_;
  std::shared_ptr<const detail::ViewWatch> watch_;  ///< Under validation only.
};

/// A readback in flight. Two words, copied freely. Inert once released, or once its ring is destroyed.
class PMB_API PendingReadback {
 public:
  constexpr PendingReadback() noexcept = default;

  /// Polls, and returns the bytes if they have arrived. Returns would_block until a mark() after the writer has passed.
  /// Statuses: would_block, stale_handle, context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<ReadView> try_view(std::source_location where = std::source_location::current()) const;

  /// Waits for the bytes, for at most `timeout`. Returns would_block at once if no mark() was made after the writer.
  /// Statuses: would_block, timed_out, stale_handle, context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<ReadView> wait(std::chrono::nanoseconds timeout,
                                      std::source_location where = std::source_location::current()) const;

  /// Waits for the bytes as wait() does, copies them to the start of `target`, on the threads of Options::parallel_for, and
  /// releases the readback. Statuses: those of wait(), and invalid_argument (`target` is too small); it stays live after an
  /// error.
  [[nodiscard]] Result<void> copy_to(detail::TargetBytes target, std::chrono::nanoseconds timeout,
                                     std::source_location where = std::source_location::current()) const;

  /// Makes the memory reusable, at once or when the bytes have arrived. In any order, at any time; never waits.
  /// Statuses: stale_handle, context_lost, wrong_context.
  [[nodiscard]] Result<void> release(std::source_location where = std::source_location::current()) const;

  std::uint32_t buffer() const noexcept;        ///< GL name to write into, for acquire().
  std::uint64_t offset_bytes() const noexcept;  ///< From the start of the GL buffer.
  std::uint64_t size_bytes() const noexcept;
  bool is_live() const noexcept;
  /// A ticket that passes when the bytes have arrived, for other threads to wait for. Empty until the mark() that follows the
  /// writer, which download_async() makes itself, and after release(). Copies stay valid.
  Ticket ticket() const noexcept;

  friend bool operator==(const PendingReadback&, const PendingReadback&) noexcept = default;

 private:
  friend struct detail::RingControl;
  friend class ReadbackRing;
  constexpr PendingReadback(detail::RingControl* control, std::uint64_t key) noexcept
      : control_(control), key_(key) {}
  detail::RingSlot* live_slot() const noexcept;
  /// The live slot, on the context's thread.
  [[nodiscard]] Result<detail::RingSlot*> checked_slot(std::source_location where) const;
  /// Polls, or waits for at most `timeout`.
  [[nodiscard]] Result<ReadView> view(std::optional<std::chrono::nanoseconds> timeout,
                                      std::source_location where) const;

  detail::RingControl* control_ = nullptr;
  std::uint64_t key_ = 0;
};

/// See the head of this file. Move-only; pending readbacks follow the ring when it moves.
class PMB_API ReadbackRing : public detail::RingOwner {
 public:
  /// Statuses: those of MappedBuffer::create.
  [[nodiscard]] static Result<ReadbackRing> create(
      Context& context, const RingOptions& options,
      std::source_location where = std::source_location::current());
  /// Makes a ring on an existing readable buffer, which may be adopted. The buffer is destroyed on failure. Statuses: those
  /// of UploadRing::create_on.
  [[nodiscard]] static Result<ReadbackRing> create_on(
      Context& context, MappedBuffer buffer, const RingOptions& options = {},
      std::source_location where = std::source_location::current());

  ReadbackRing() noexcept = default;

  /// Copies a range of any buffer into the ring on the GPU, ordered after earlier shader stores. Arrives after the next
  /// mark(). Asks GL about the buffer, unless BufferTarget::query did. Statuses: as UploadRing::acquire, and invalid_argument
  /// (0 bytes, range, no buffer), refused (source mapped without PERSISTENT).
  [[nodiscard]] Result<PendingReadback> request(const BufferTarget& buffer, std::uint64_t offset_bytes,
                                                std::uint64_t size_bytes,
                                                std::source_location where = std::source_location::current());

  /// Reserves memory that commands write directly: shaders, glReadPixels, buffer copies. The writers must be issued
  /// before the next mark(). Statuses: as UploadRing::acquire.
  [[nodiscard]] Result<PendingReadback> acquire(std::uint64_t size_bytes, std::uint64_t alignment = 0,
                                                std::source_location where = std::source_location::current());

 private:
  friend struct detail::RingControl;
  explicit ReadbackRing(detail::RingHot* control) noexcept : RingOwner(control) {}
};

}  // namespace pmb
