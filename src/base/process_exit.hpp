// SPDX-License-Identifier: MIT
// Whether the process has begun to exit. Drivers take themselves down then, and a GL or EGL call of an object that is
// destroyed later crashes in some of them (NVIDIA 580.159).
//
// Threads: any.
#pragma once

namespace pmb::detail {

/// Registers with std::atexit, once. Called after a driver has been loaded, it learns of the exit before that driver
/// does: what is registered last runs first.
void watch_process_exit() noexcept;

/// True from the moment that the exit reached watch_process_exit()'s turn. One relaxed load.
bool process_is_exiting() noexcept;

}  // namespace pmb::detail
