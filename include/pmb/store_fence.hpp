// SPDX-License-Identifier: MIT
// The fence that non-temporal stores need: the thread that made them issues it itself, before it hands the bytes
// over.
//
//   _mm_stream_si128(place, value);   // …
//   pmb::store_fence();
//   filled.push(job);                 // any release store, lock or queue
//
// A release store alone does not drain the write-combining buffers of the core that streamed (x86), and another
// thread's fence does not reach them.
//
// Threads: any; it orders the stores of the calling thread.
// GL:      none.
#pragma once

#include <atomic>

#if defined(_M_X64) || defined(_M_IX86)
#include <xmmintrin.h>
#endif

namespace pmb {

/// Stores made by this thread before it, non-temporal ones too, are visible to whoever sees a store made after
/// it. x86: sfence. AArch64: dmb osh, which covers devices that snoop. Elsewhere a sequentially consistent
/// fence.
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
