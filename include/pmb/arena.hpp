// SPDX-License-Identifier: MIT
// One slice of an upload ring, lent to many threads. Each takes pieces without a lock; the ring's owner publishes all of
// them in one call.
//
//   auto arena = ring.lend(frame_bytes);                        // owner
//
//   if (auto piece = arena->take(sizeof(Particle) * count)) {   // any thread
//     simulate_into(piece->bytes);
//     arena->finish();                                          // then signal the owner through a lock or a queue
//   }
//
//   auto slice = ring.publish(*arena);                          // owner, once all threads are done: one flush
//   glBindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, slice->buffer(), slice->offset_bytes(), slice->size_bytes());
//   glDispatchCompute(groups, 1, 1);
//   ring.retire(*slice, *context.timeline().mark());
//
// Units:   bytes; offsets from the start of the GL buffer, as the binding calls take them.
// Threads: take, finish and taken_bytes on any thread. A thread must hand its pieces back (a lock, a queue, a join)
//          before the owner publishes.
// Memory:  an Arena is a handle, copied freely. A stale one returns nothing.
// GL:      none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <pmb/copy.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/upload_ring.hpp>
#include <span>

namespace pmb {

namespace detail {
struct ArenaControl;
}

/// Bytes of an arena for one thread alone. They are write-only, as the bytes of slices are.
struct ArenaPiece {
  std::span<std::byte> bytes;
  std::uint64_t offset_bytes = 0;  ///< From the start of the GL buffer.
  std::uint32_t buffer = 0;        ///< GL name, for commands that the owner issues after publish.
};

/// See the head of this file. Made by UploadRing::lend.
class PMB_API Arena {
 public:
  constexpr Arena() noexcept = default;

  /// Takes `size_bytes`, at an offset that is a multiple of `alignment`; 0 suits every indexed binding. Any thread,
  /// lock-free; pieces never overlap. Returns nothing if the rest is too small, the size is 0, or the arena was published,
  /// cancelled or lost with its ring. Pieces of less than 64 bytes can share a cache line with pieces of other threads,
  /// which is slow but correct. Under validation this takes a lock and keeps pieces 64 bytes apart, so that fewer fit.
  std::optional<ArenaPiece> take(std::uint64_t size_bytes, std::uint64_t alignment = 0) const noexcept;

  /// Call this after non-temporal stores, before the thread hands its pieces back; see pmb::store_fence. After ordinary
  /// stores it is harmless and not needed.
  static void finish() noexcept { store_fence(); }

  /// Bytes taken so far, gaps included; 0 once published. Any thread.
  std::uint64_t taken_bytes() const noexcept;
  std::uint64_t size_bytes() const noexcept { return size_; }  ///< As lent.

 private:
  friend class UploadRing;
  /// Notes where the piece would lie if pieces had no gaps.
  void note_packed(std::uint64_t size, std::uint64_t alignment) const noexcept;
  std::optional<ArenaPiece> take_watched(std::uint64_t size_bytes, std::uint64_t alignment) const noexcept;
  std::optional<std::uint64_t> reserve(std::uint64_t size_bytes, std::uint64_t alignment,
                                       std::uint64_t gap) const noexcept;

  detail::ArenaControl* control_ = nullptr;
  Slice slice_;
  std::uint64_t generation_ = 0;
  std::byte* bytes_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t default_alignment_ = 1;
  std::uint32_t buffer_ = 0;
  bool watched_ = false;
};

}  // namespace pmb
