// SPDX-License-Identifier: MIT
// Fast copies into and out of mapped memory: non-temporal stores, streaming loads where a mapping reads slowly, several
// threads, and the best instruction set of this machine.
//
//   auto slice = ring.acquire(frame.size());
//   pmb::copy_to_mapped(slice->raw_bytes(), frame, {.parallel_for = &options.parallel_for, .threads = 4});
//   ring.publish(*slice, frame.size());
//
// Units:   bytes.
// Threads: any; concurrent copies are independent. pmb starts no threads: a ParallelFor lends them. Each thread that used
//          non-temporal stores issues a store fence before the copy returns, because a release store does not drain its
//          write-combining buffers. Any thread that is ordered after the return may publish the bytes.
// Memory:  none allocated. Nothing outside the two ranges is read or written, at any alignment.
// Errors:  none. An exception of a ParallelFor is dropped; the calling thread finishes the copy.
// GL:      none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <pmb/detail/api.hpp>
#include <pmb/detail/language.hpp>
#include <span>

#if defined(_M_X64) || defined(_M_IX86)
#include <xmmintrin.h>
#endif

namespace pmb {

/// Lends threads: should call `body(i)` for each i below `count`, in any order and concurrently, and returns when all calls
/// have returned. It runs on the thread that copies and may run bodies on any thread.
///
///   options.parallel_for = pmb::tbb_parallel_for();            // library target pmb::tbb
///   options.parallel_for = [&pool](std::size_t count, const auto& body) { pool.run(count, body); };
///
/// Bodies share one queue of work, so a copy is complete even if some of them start late or never. It is best to run one body
/// on the calling thread, which can then issue GL commands while the others copy. `body` is valid until the
/// ParallelFor returns; copies of it allocate nothing.
using ParallelFor = std::function<void(std::size_t count, const std::function<void(std::size_t)>& body)>;

/// Default size from which copies to mapped memory use non-temporal stores. Ring memory has left the caches when it is
/// reused, and these stores avoid reading its old lines. Below this size, draining the write-combining buffers costs
/// more: on an EPYC 9004 (1 MiB of level 2 cache a core) memcpy wins at 4 KiB, 22 to 18 GB/s, and loses at 16 KiB, 18 to
/// 24 GB/s (bench/results/2026-11-25-stream-copy.json).
inline constexpr std::size_t kStreamingFromBytes = std::size_t{16} << 10;

/// The same for copies out of mapped memory. Smaller targets stay in the caches for the caller to read.
inline constexpr std::size_t kStreamingReadsFromBytes = std::size_t{4} << 20;

/// Length of the pieces that threads take in turn: short enough to end together, long enough to hide an atomic add.
inline constexpr std::size_t kCopyPieceBytes = std::size_t{64} << 10;

struct CopyOptions {
  /// Null or empty: the calling thread copies alone. Must outlive the call only.
  const ParallelFor* parallel_for = nullptr;
  /// Most threads, the calling one included. Copies of fewer pieces use fewer.
  std::uint32_t threads = 1;
  /// Size from which non-temporal stores are used. 0: the constant above for this direction.
  std::size_t streaming_from_bytes = 0;
  /// Copies out of mapped memory only: the mapping is not cached (write-combined, or in VRAM), so that whole cache lines
  /// are read with streaming loads.
  bool slow_reads = false;
};

/// Copies all of `source` to the start of `mapped`. Returns false, and copies nothing, if it does not fit. The ranges
/// must not overlap.
PMB_API bool copy_to_mapped(std::span<std::byte> mapped, std::span<const std::byte> source,
                            const CopyOptions& options = {}) noexcept;

/// Copies all of `mapped` to the start of `target`. Returns false, and copies nothing, if it does not fit. The GPU must
/// have written the bytes (a ReadView, or a passed ticket). The ranges must not overlap.
PMB_API bool copy_from_mapped(std::span<std::byte> target, std::span<const std::byte> mapped,
                              const CopyOptions& options = {}) noexcept;

/// The instruction set in use: "AVX3", "AVX2", "SSE4", …
PMB_API const char* stream_copy_target() noexcept;

/// Makes all earlier stores of this thread, non-temporal ones included, visible before its later stores. Call it after
/// non-temporal stores of the program, on the thread that made them, before the bytes are handed over: neither a release
/// store nor another thread's fence drains a core's write-combining buffers (x86).
/// x86: sfence. AArch64: dmb osh, which covers devices that snoop. Elsewhere: a sequentially consistent fence.
inline void store_fence() noexcept {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
  __asm__ __volatile__("sfence" ::: "memory");
#elif defined(_M_X64) || defined(_M_IX86)
  _mm_sfence();
#elif defined(__GNUC__) && defined(__aarch64__)
  __asm__ __volatile__("dmb osh" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace pmb
