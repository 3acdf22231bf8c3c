// SPDX-License-Identifier: MIT
// What a ring tells about its life: how much was in flight, where it had to wait, and what size would do.
//
//   const pmb::RingStats stats = ring.stats();
//   for (const pmb::RingStall& stall : stats.stalls)
//     if (stall.waits) log("{}:{} waited {}", stall.where.file_name(), stall.where.line(), stall.waited);
//
// Units:   bytes, counts, nanoseconds.
// Threads: asked on the context's thread.
// Memory:  values only; nothing is allocated, and the hot path counts nothing: everything is derived where the
//          ring comes round, is full, or flushes.
// GL:      none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>

namespace pmb {

/// Where the program had to wait for the GPU, in calls of one place in its code.
struct RingStall {
  std::source_location where = {};
  std::uint64_t waits = 0;  ///< 0: this entry and those behind it are empty.
  std::chrono::nanoseconds waited = {};
};

struct RingStats {
  /// Of the places that waited, those that waited longest are kept.
  static constexpr std::size_t kPlaces = 8;

  std::uint64_t capacity_bytes = 0;  ///< Of the storage that slices come from now.
  std::uint64_t held_bytes = 0;      ///< With what earlier storage still holds slices.
  std::uint64_t live_slices = 0;
  std::uint64_t acquired = 0;  ///< Slices since creation.
  std::uint64_t handed_out_bytes =
      0;  ///< Since creation, with the gaps between slices; unused tails went back.
  /// The most that was in use at once by CPU and GPU, gaps included, as known where the ring came round with
  /// news of the GPU or was full: between such moments it may have been more for a while, never more than
  /// `held_bytes`.
  std::uint64_t high_water_bytes = 0;
  std::uint64_t flushes = 0;       ///< GL flush calls.
  std::uint64_t waits = 0;         ///< Acquires that had to wait for the GPU.
  std::uint64_t would_blocks = 0;  ///< Acquires that were refused for now.
  std::uint64_t growths = 0;
  std::uint64_t shrinks = 0;
  std::chrono::nanoseconds waited = {};  ///< In all waits.
  std::array<RingStall, kPlaces> stalls = {};
  /// A capacity that would have done: the high water and half as much again; twice the high water where
  /// acquires waited or were refused. Rounded up to 64 KiB; 0 while nothing was seen yet.
  std::uint64_t recommended_capacity_bytes = 0;
};

}  // namespace pmb
