// SPDX-License-Identifier: MIT
#include "base/process_exit.hpp"
#include <atomic>
#include <cstdlib>

namespace pmb::detail {
namespace {

std::atomic<bool> g_exiting = false;

}  // namespace

void watch_process_exit() noexcept {
  // If no handler can be registered, exits stay unknown.
  static_cast<void>(std::atexit([] { g_exiting.store(true, std::memory_order_relaxed); }));
}

bool process_is_exiting() noexcept {
  return g_exiting.load(std::memory_order_relaxed);
}

}  // namespace pmb::detail
