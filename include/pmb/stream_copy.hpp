// SPDX-License-Identifier: MIT
// Copies into and out of mapped memory, as fast as memory takes them: past the caches with non-temporal stores, with
// streaming loads where a mapping reads slowly, and on several threads. The best instruction set of this machine is
// chosen at run time.
//
//   auto slice = ring.acquire(frame.size());
//   pmb::copy_to_mapped(slice->raw_bytes(), frame, {.parallel_for = &options.parallel_for, .threads = 4});
//   ring.publish(*slice, frame.size());
//
// Units:   bytes.
// Threads: any; two copies at once are independent. Each thread that stored past the caches issues its own store
//          fence before the call returns (no release store would drain its write-combining buffers), so that the
//          bytes may be published by any thread that learns of the return in the ordinary ways of C++.
// Memory:  none. Nothing outside the two ranges is read or written, at any alignment.
// Errors:  none.
// GL:      none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/parallel.hpp>
#include <span>

namespace pmb {

/// From this size on stores go past the caches. Memory that goes round, as a ring does, is in no cache when its turn
/// comes; stores past the caches then spare reading the old lines first. Below, draining the write-combining buffers
/// costs more than that: on an EPYC 9004 (1 MiB of level 2 cache a core) memcpy wins at 4 KiB, 22 to 18 GB/s, and
/// loses at 16 KiB, 18 to 24 GB/s (bench/results/2026-11-25-stream-copy.json).
inline constexpr std::size_t kStreamingFromBytes = std::size_t{16} << 10;

/// The same for copies out of mapped memory, into memory that the caller is about to read: what fits into the caches
/// is left there.
inline constexpr std::size_t kStreamingReadsFromBytes = std::size_t{4} << 20;

/// Pieces that threads take by turns: small enough to end together, large enough for one atomic add to vanish.
inline constexpr std::size_t kCopyPieceBytes = std::size_t{128} << 10;

struct CopyOptions {
  /// Null, or empty: the calling thread copies alone. Must outlive the call only.
  const ParallelFor* parallel_for = nullptr;
  /// At most, the calling one included; fewer where there is less than a piece for each.
  std::uint32_t threads = 1;
  /// Stores go past the caches from this size on; 0 for one of the two constants above, by direction.
  std::size_t streaming_from_bytes = 0;
  /// Out of mapped memory only: the mapping is not cached (write-combined, or in GPU memory), so that loads are
  /// streamed whole lines at a time.
  bool slow_reads = false;
};

/// Copies all of `source` to the start of `mapped`. False, and nothing copied, where it does not fit. The ranges
/// must not overlap.
bool copy_to_mapped(std::span<std::byte> mapped, std::span<const std::byte> source,
                    const CopyOptions& options = {}) noexcept;

/// Copies all of `mapped` to the start of `target`. False, and nothing copied, where it does not fit. The caller
/// owes: the GPU has written the bytes (a ReadView, or a passed ticket).
bool copy_from_mapped(std::span<std::byte> target, std::span<const std::byte> mapped,
                      const CopyOptions& options = {}) noexcept;

/// The instruction set in use: "AVX3", "AVX2", "SSE4", …
const char* stream_copy_target() noexcept;

}  // namespace pmb
