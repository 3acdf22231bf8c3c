// SPDX-License-Identifier: MIT
// Whether the process has begun to exit. Drivers shut down then, and in some (NVIDIA 580.159) a GL or EGL call of an
// object that is destroyed later crashes.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdlib>

namespace pmb::detail {

inline std::atomic<bool> g_process_is_exiting = false;

/// Registers with std::atexit. Call it for each context: the driver of a later one may be loaded later, and handlers
/// registered last run first, so that this one runs before every driver's. If none can be registered, the exit stays
/// unknown.
inline void watch_process_exit() noexcept {
  static_cast<void>(std::atexit([] { g_process_is_exiting.store(true, std::memory_order_relaxed); }));
}

/// True once the exit has called the handler of watch_process_exit(). One relaxed load.
inline bool process_is_exiting() noexcept {
  return g_process_is_exiting.load(std::memory_order_relaxed);
}

}  // namespace pmb::detail
