// SPDX-License-Identifier: MIT
// A transfer's chunks, copied piece by piece by several threads, in order, while one of them, the owner, goes on
// offering new chunks and settles finished ones. One parallel region spans the whole transfer. No GL.
//
// Threads: offer(), settle and the rest on the owner; work_one() and help() on any.
// Memory:  kChunks records, on the owner's stack.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "copy/copy_piece.hpp"

namespace pmb::detail {

class CopyQueue {
 public:
  static constexpr std::uint32_t kChunks = 32;

  /// All chunks are copied `how`.
  explicit CopyQueue(CopyHow how) noexcept : how_(how) {}

  /// Runs `drive` on this thread while others help, up to `threads` in all. `drive` returns once everything that it
  /// offered is settled; it is called again, to no effect, where a callback asks for that.
  template <class Drive>
  void run(const ParallelFor* parallel_for, std::uint32_t threads, Drive&& drive) noexcept {
    const std::thread::id owner = std::this_thread::get_id();
    const auto body = [&](std::size_t) {
      if (std::this_thread::get_id() != owner) return help();
      owner_at_work_.store(true, std::memory_order_relaxed);
      drive();
      finish();
    };
    run_parallel(parallel_for, threads, ParallelBody(body));
  }

  bool has_room() const noexcept { return offered_ - settled_ < kChunks; }
  bool idle() const noexcept { return offered_ == settled_; }
  std::uint32_t offered() const noexcept { return offered_; }
  std::uint32_t settled() const noexcept { return settled_; }

  /// Adds a chunk. The bytes stay valid until it is settled.
  void offer(std::byte* to, const std::byte* from, std::size_t size) noexcept;
  /// True when the oldest chunk that is not settled has been copied whole, and its bytes are visible here.
  bool front_done() const noexcept {
    return !idle() && slot(settled_).left.load(std::memory_order_acquire) == 0;
  }
  /// The oldest chunk is done with.
  void settle() noexcept { ++settled_; }
  /// Waits until the oldest chunk has been copied: its last pieces are in other hands.
  void wait_front() noexcept;

  /// Copies one piece, if one is waiting.
  bool work_one() noexcept;
  /// A helper's life: copies pieces until there will be no more.
  void help() noexcept;

 private:
  struct Slot {
    std::byte* to = nullptr;
    const std::byte* from = nullptr;
    std::size_t size = 0;
    std::atomic<std::uint32_t> pieces =
        0;  ///< Read by who comes late, too, while the record serves a later chunk.
    std::atomic<std::uint32_t> left = 0;  ///< Pieces not yet copied.
  };
  /// What is handed out next: a chunk in the upper half, a piece of it in the lower.
  static constexpr std::uint64_t kFirstPiece = std::uint64_t{1} << 32;

  Slot& slot(std::uint32_t chunk) noexcept { return slots_[chunk % kChunks]; }
  const Slot& slot(std::uint32_t chunk) const noexcept { return slots_[chunk % kChunks]; }
  void finish() noexcept;
  void announce() noexcept;

  const CopyHow how_;
  std::uint32_t offered_ = 0;
  std::uint32_t settled_ = 0;
  std::array<Slot, kChunks> slots_ = {};
  alignas(64) std::atomic<std::uint64_t> next_ = 0;
  alignas(64) std::atomic<std::uint32_t> available_ = 0;  ///< Chunks offered.
  std::atomic<std::uint32_t> changes_ = 0;                ///< What sleeping helpers watch.
  std::atomic<bool> owner_at_work_ = false;
  std::atomic<bool> finished_ = false;
};

}  // namespace pmb::detail
