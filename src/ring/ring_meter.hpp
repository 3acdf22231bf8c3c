// SPDX-License-Identifier: MIT
// The counters of a ring, all outside the hot path. They move from one storage of a ring to the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <pmb/stats.hpp>
#include <source_location>

namespace pmb::detail {

struct RingMeter {
  std::uint64_t acquired = 0;    ///< From storage that was freed.
  std::uint64_t handed_out = 0;  ///< Likewise.
  std::uint64_t flushes = 0;
  std::uint64_t would_blocks = 0;
  std::uint64_t growths = 0;
  std::uint64_t shrinks = 0;
  std::uint64_t waits = 0;
  std::uint64_t high_water = 0;
  std::chrono::nanoseconds waited = {};
  std::array<RingStall, RingStats::kPlaces> stalls = {};

  /// Counts a wait of a call made at `where`. `again`: the same call waited before.
  void add_wait(std::source_location where, std::chrono::nanoseconds time, bool again) noexcept;
  /// Writes everything that does not depend on the present storage.
  void write(RingStats& stats) const noexcept;
};

}  // namespace pmb::detail
