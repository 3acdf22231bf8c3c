// SPDX-License-Identifier: MIT
// The part of an arena that threads share: one word with the bytes taken and the generation of the arena.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <pmb/arena.hpp>
#include <pmb/upload_ring.hpp>
#include <vector>

namespace pmb::detail {

/// Recycled, never freed; see SlotPool. Handles carry everything that does not change. A stale handle therefore reads
/// only the word, and finds another generation in it.
struct ArenaControl {
  /// The word's low bits count the bytes taken, the others the generations.
  static constexpr int kTakenBits = 36;
  static constexpr std::uint64_t kTakenMask = (std::uint64_t{1} << kTakenBits) - 1;

  /// Under validation: the distance between pieces. A cache line, so that an overrun by one vector is detected.
  static constexpr std::uint64_t kGap = 64;
  /// Bytes of the arena after a piece, which must not change.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  static std::byte canary(std::uint64_t at) noexcept { return static_cast<std::byte>(0xC5 ^ (at * 31)); }

  std::uint64_t generation() const noexcept { return word.load(std::memory_order_relaxed) >> kTakenBits; }

  /// Starts the next generation: every later take returns nothing. Returns the bytes taken. Only for the ring's owner.
  std::uint64_t close() noexcept {
    return word.exchange((generation() + 1) << kTakenBits, std::memory_order_relaxed) & kTakenMask;
  }

  std::atomic<std::uint64_t> word = 0;

  // Only for the ring's owner.
  Slice slice;
  ArenaControl* next = nullptr;

  // Under validation only.
  std::mutex gaps_lock;
  std::vector<Gap> gaps;
};

}  // namespace pmb::detail
