// SPDX-License-Identifier: MIT
// Statistics of a ring: how much was in flight, where the program had to wait, and which capacity would have been enough.
//
//   const pmb::RingStats stats = ring.stats();
//   for (const pmb::RingStall& stall : stats.stalls)
//     if (stall.waits) log("{}:{} waited {}", stall.where.file_name(), stall.where.line(), stall.waited);
//
// Units:   bytes, counts, nanoseconds.
// Threads: ask on the context's thread.
// Memory:  values only; nothing is allocated. The inlined hot path counts nothing.
// GL:      none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>

namespace pmb {

/// A place in the program whose calls had to wait for the GPU.
struct RingStall {
  std::source_location where = {};
  std::uint64_t waits = 0;  ///< 0: this entry and those after it are empty.
  std::chrono::nanoseconds waited = {};
};

struct RingStats {
  /// The places that waited longest are kept.
  static constexpr std::size_t kPlaces = 8;

  std::uint64_t capacity_bytes = 0;  ///< Of the storage that new slices come from.
  std::uint64_t held_bytes = 0;      ///< The same, and older storage that still holds slices.
  std::uint64_t live_slices = 0;
  std::uint64_t acquired = 0;  ///< Slices since creation.
  /// Since creation, with the gaps between slices, without unused tails that were reusable at once.
  std::uint64_t handed_out_bytes = 0;
  /// Peak bytes in use by CPU and GPU, gaps included. Sampled when acquire takes the slow path, which it does when the
  /// ring wraps or is full. The true peak may be higher, up to `held_bytes`.
  std::uint64_t high_water_bytes = 0;
  std::uint64_t flushes = 0;             ///< GL flush calls.
  std::uint64_t waits = 0;               ///< Acquires that had to wait for the GPU.
  std::uint64_t would_blocks = 0;        ///< Acquires that returned would_block.
  std::uint64_t growths = 0;             ///< Times that the ring grew.
  std::uint64_t shrinks = 0;             ///< Times that drain() shrank it.
  std::chrono::nanoseconds waited = {};  ///< In all waits.
  std::array<RingStall, kPlaces> stalls = {};
  /// A capacity that would have been enough: 1.5 times the high water, or twice if an acquire waited or returned
  /// would_block. Rounded up to 64 KiB; 0 before the first sample.
  std::uint64_t recommended_capacity_bytes = 0;
};

}  // namespace pmb
