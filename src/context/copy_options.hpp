// SPDX-License-Identifier: MIT
// How copies use the threads that a context's options lend.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <pmb/copy.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <thread>

#include "context/context_state.hpp"

namespace pmb::detail {

/// Threads that a copy of this step may use.
inline std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept {
  if (!state.options.parallel_for) return 1;
  static const std::uint32_t kMachine = std::max(1U, std::thread::hardware_concurrency());
  return std::min(step.threads, state.options.copy_threads != 0 ? state.options.copy_threads : kMachine);
}

/// How one block of `size` bytes is copied into mapped memory or out of it, by the plan of that direction.
inline CopyOptions copy_options(const ContextState& state, const TransferDirection& plan,
                                std::size_t size) noexcept {
  return {.parallel_for = &state.options.parallel_for,
          .threads = copy_threads(state, plan.step_for(size)),
          .streaming_from_bytes = static_cast<std::size_t>(plan.streaming_from_bytes),
          .slow_reads = plan.slow_reads};
}

}  // namespace pmb::detail
