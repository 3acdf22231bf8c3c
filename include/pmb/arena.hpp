// SPDX-License-Identifier: MIT
// One slice of an upload ring, lent to many threads: each takes pieces of it without a lock, and the ring's
// owner publishes what was taken in one go.
//
//   auto arena = ring.lend(frame_bytes);                        // owner
//   …
//   if (auto piece = arena->take(sizeof(Particle) * count)) {   // any thread
//     simulate_into(piece->bytes);
//     arena->finish();                                          // then say "done" through a lock or a queue
//   }
//   …
//   auto slice = ring.publish(*arena);                          // owner, once all are done: one flush
//   glBindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, slice->buffer(), slice->offset_bytes(), slice->size_bytes());
//   glDispatchCompute(…);
//   ring.retire(*slice, *context.timeline().mark());
//
// Units:   bytes; offsets from the start of the GL buffer, so that they fit the binding calls.
// Threads: take, finish and taken_bytes on any thread. The caller owes: whoever filled a piece hands it back (a
//          lock, a queue, a join) before the owner publishes.
// Memory:  an Arena is a handle, copied freely; a stale one answers nothing.
// GL:      none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <pmb/copy.hpp>
#include <pmb/upload_ring.hpp>
#include <span>

namespace pmb {

namespace detail {
struct ArenaControl;
}

/// Bytes of an arena that are one thread's own. They are write-only, as those of slices are.
struct ArenaPiece {
  std::span<std::byte> bytes;
  std::uint64_t offset_bytes = 0;  ///< From the start of the GL buffer.
  std::uint32_t buffer = 0;        ///< GL name, for the commands that the owner issues after the publish.
};

/// See the head of this file. Made by UploadRing::lend.
class Arena {
 public:
  constexpr Arena() noexcept = default;

  /// Takes `size_bytes` whose offset in the buffer is a multiple of `alignment`; 0 suits every kind of indexed
  /// binding. Any thread, lock-free, pieces never overlap. Nothing where the rest is too small, the size is 0,
  /// or the arena was published, cancelled or lost with its ring. Pieces of less than 64 bytes can share a
  /// cache line with those of other threads, which is slow, not wrong. Under validation it takes a lock and
  /// keeps pieces 64 bytes apart, so that less fits in.
  std::optional<ArenaPiece> take(std::uint64_t size_bytes, std::uint64_t alignment = 0) const noexcept;

  /// The store fence that the thread's non-temporal stores need before it hands its pieces back; see
  /// pmb::store_fence. After ordinary stores alone it is superfluous and harmless.
  static void finish() noexcept { store_fence(); }

  /// What is taken so far, gaps included; 0 once published. Any thread.
  std::uint64_t taken_bytes() const noexcept;
  std::uint64_t size_bytes() const noexcept { return size_; }  ///< As lent.

 private:
  friend struct detail::UploadRingControl;
  std::optional<ArenaPiece> take_watched(std::uint64_t size_bytes, std::uint64_t alignment) const noexcept;
  std::optional<std::uint64_t> reserve(std::uint64_t size_bytes, std::uint64_t alignment,
                                       std::uint64_t gap) const noexcept;

  detail::ArenaControl* control_ = nullptr;
  Slice slice_;
  std::uint64_t tenancy_ = 0;
  std::byte* bytes_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t default_alignment_ = 1;
  std::uint32_t buffer_ = 0;
  bool watched_ = false;
};

}  // namespace pmb
