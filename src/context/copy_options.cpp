// SPDX-License-Identifier: MIT
#include "context/copy_options.hpp"

#include <algorithm>
#include <thread>

namespace pmb::detail {

std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept {
  if (!state.options.parallel_for) return 1;
  static const std::uint32_t kMachine = std::max(1U, std::thread::hardware_concurrency());
  const std::uint32_t most = state.options.copy_threads != 0 ? state.options.copy_threads : kMachine;
  return std::min(step.threads, most);
}

CopyOptions copy_options(const ContextState& state, const TransferDirection& plan,
                         std::size_t size) noexcept {
  return {.parallel_for = &state.options.parallel_for,
          .threads = copy_threads(state, plan.step_for(size)),
          .streaming_from_bytes = static_cast<std::size_t>(plan.streaming_from_bytes),
          .slow_reads = plan.slow_reads};
}

}  // namespace pmb::detail
