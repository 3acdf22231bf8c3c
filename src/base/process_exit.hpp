// SPDX-License-Identifier: MIT
// Whether the process has begun to exit. Drivers shut down then, and a GL or EGL call of an object that is
// destroyed later crashes in some of them (NVIDIA 580.159).
//
// Threads: any.
#pragma once

namespace pmb::detail {

/// Registers with std::atexit. Call it for each context: the driver of a later one may be loaded later, and handlers
/// registered last run first, so that this one runs before every driver's.
void watch_process_exit() noexcept;

/// True once the exit has called the handler of watch_process_exit(). One relaxed load.
bool process_is_exiting() noexcept;

}  // namespace pmb::detail
