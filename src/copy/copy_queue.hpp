// SPDX-License-Identifier: MIT
// The chunks of a copy, copied piece by piece on several threads, in order. One of them, the owner, goes on offering chunks
// and completing them. One parallel region spans the whole copy. Chunks are long, since each costs the GPU a few
// microseconds, but short where CPU and GPU would otherwise wait for each other. No GL.
//
// Threads: copy_next_piece() on any; the rest on the owner.
// Memory:  kChunks records, on the owner's stack.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "copy/stream_kernels.hpp"

namespace pmb::detail {

/// Only the last chunk of a transfer, or one of a plan with shorter chunks, is shorter than this. Small transfers in two
/// chunks instead of one took 12 to 17 µs longer on an H200, in which the bus moves about as much
/// (bench/results/2026-11-28-middle-sizes-h200.json).
inline constexpr std::uint64_t kShortestChunk = std::uint64_t{512} << 10;

/// The GPU waits for the first chunk of an upload: it is short. Each later chunk is as long as all the bytes `before` it.
constexpr std::uint64_t upload_chunk(std::uint64_t chunk_bytes, std::uint64_t before,
                                     std::uint64_t left) noexcept {
  return std::min({std::max(kShortestChunk, before), chunk_bytes, left});
}

/// The CPU copies the last chunk of a download while the GPU is idle: chunks get shorter towards the end.
constexpr std::uint64_t download_chunk(std::uint64_t chunk_bytes, std::uint64_t left) noexcept {
  const std::uint64_t half = left / 2 / kCopyPieceBytes * kCopyPieceBytes;
  return std::min({std::max(kShortestChunk, half), chunk_bytes, left});
}

class CopyQueue {
 public:
  static constexpr std::uint32_t kChunks = 32;

  /// All chunks are copied `how`.
  explicit CopyQueue(CopyHow how) noexcept : how_(how) {}

  /// Calls `work` on this thread while others copy pieces, up to `threads` in all. `work` returns once everything that it
  /// offered is copied. It may be called again, and then finds nothing to do.
  void run(const ParallelFor* parallel_for, std::uint32_t threads,
           const std::function<void()>& work) noexcept;

  /// Carries out a whole copy, on the owner. `feed(may_wait)` offers a chunk, or returns false. It may wait only while the
  /// queue is idle, and ends the copy if it returns false then. `finish_front()` completes the oldest chunk, which is copied.
  template <class Feed, class FinishFront>
  void drive(Feed&& feed, FinishFront&& finish_front) noexcept {
    for (;;) {
      if (front_done()) {
        finish_front();
      } else if ((has_room() && feed(false)) || copy_next_piece()) {
        continue;
      } else if (!idle()) {
        wait_front();
      } else if (!feed(true)) {
        return;
      }
    }
  }

  bool has_room() const noexcept { return offered_ - completed_ < kChunks; }
  bool idle() const noexcept { return offered_ == completed_; }
  std::uint32_t offered() const noexcept { return offered_; }
  std::uint32_t completed() const noexcept { return completed_; }

  /// Adds a chunk. The bytes stay valid until it is completed. Every piece but the first starts at a cache line of the
  /// mapped memory, so that no two threads write into one.
  void offer(std::byte* to, const std::byte* from, std::size_t size) noexcept;
  /// True when the whole oldest chunk has been copied and its bytes are visible here.
  bool front_done() const noexcept {
    return !idle() && slot(completed_).left.load(std::memory_order_acquire) == 0;
  }
  /// Removes the oldest chunk.
  void complete() noexcept { ++completed_; }
  /// Waits until the oldest chunk has been copied: other threads have its last pieces.
  void wait_front() noexcept;
  /// No more chunks follow.
  void finish() noexcept;

  /// Copies one piece, if one is waiting.
  bool copy_next_piece() noexcept;

 private:
  struct Slot {
    std::byte* to = nullptr;
    const std::byte* from = nullptr;
    std::size_t size = 0;
    std::size_t skew = 0;  ///< The first piece is shorter by this.
    /// Late threads read it while the record already serves a later chunk.
    std::atomic<std::uint32_t> pieces = 0;
    std::atomic<std::uint32_t> left = 0;  ///< Pieces not yet copied.
  };
  /// The next piece: its chunk in the upper half, its number in the lower.
  static constexpr std::uint64_t kFirstPiece = std::uint64_t{1} << 32;

  Slot& slot(std::uint32_t chunk) noexcept { return slots_[chunk % kChunks]; }
  const Slot& slot(std::uint32_t chunk) const noexcept { return slots_[chunk % kChunks]; }
  void announce() noexcept;
  /// Copies pieces until no more follow.
  void run_worker() noexcept;

  const CopyHow how_;
  std::uint32_t offered_ = 0;
  std::uint32_t completed_ = 0;
  std::array<Slot, kChunks> slots_ = {};
  alignas(64) std::atomic<std::uint64_t> next_ = 0;
  alignas(64) std::atomic<std::uint32_t> available_ = 0;  ///< Chunks offered.
  std::atomic<std::uint32_t> changes_ = 0;                ///< Sleeping workers wait for it to change.
  std::atomic<bool> owner_at_work_ = false;
  std::atomic<bool> finished_ = false;
};

}  // namespace pmb::detail
