// SPDX-License-Identifier: MIT
// What threads share of an arena: one word that says how much of it is taken, and whose arena it is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <pmb/arena.hpp>
#include <pmb/upload_ring.hpp>
#include <vector>

namespace pmb::detail {

/// Recycled, never freed; see SlotPool. Handles carry everything that does not change, so that a stale one
/// touches nothing but the word, and finds another tenancy in it.
struct ArenaControl {
  /// The word's low bits count the bytes taken, the others the tenancies.
  static constexpr int kTakenBits = 36;
  static constexpr std::uint64_t kTakenMask = (std::uint64_t{1} << kTakenBits) - 1;

  /// Under validation: how far pieces are kept apart. A cache line, so that what overruns by a vector is seen.
  static constexpr std::uint64_t kGap = 64;
  /// Bytes of the arena behind a piece that must not change.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  static std::byte canary(std::uint64_t at) noexcept { return static_cast<std::byte>(0xC5 ^ (at * 31)); }

  std::uint64_t tenancy() const noexcept { return word.load(std::memory_order_relaxed) >> kTakenBits; }

  /// Ends the tenancy: every take from now on answers nothing. Answers the bytes taken. The owner's.
  std::uint64_t close() noexcept {
    return word.exchange((tenancy() + 1) << kTakenBits, std::memory_order_relaxed) & kTakenMask;
  }

  std::atomic<std::uint64_t> word = 0;

  // The owner's.
  Slice slice;
  ArenaControl* next = nullptr;

  // Under validation only.
  std::mutex gaps_lock;
  std::vector<Gap> gaps;
};

}  // namespace pmb::detail
