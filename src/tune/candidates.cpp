// SPDX-License-Identifier: MIT
#include "tune/candidates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kChunks[] = {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB, kLongestChunk};
constexpr std::uint32_t kThreads[] = {1, 2, 3, 4, 6, 8};
// Up to this size neither chunks nor threads make a difference.
constexpr std::uint64_t kOnePiece = 128 * kKiB;

bool is_same(const TransferStep& a, const TransferStep& b) noexcept {
  if (a.path != b.path) return false;
  return a.path == Path::traditional || (a.chunk_bytes == b.chunk_bytes && a.threads == b.threads);
}

/// Adds a candidate that is not in the list yet.
void add(std::vector<TransferStep>& list, const TransferStep& step) {
  if (std::none_of(list.begin(), list.end(), [&](const TransferStep& known) { return is_same(known, step); }))
    list.push_back(step);
}

}  // namespace

std::string name_of(bool up, const TransferStep& step, const DeviceFacts& facts) {
  if (step.path == Path::traditional) {
    if (!(up ? facts.sub_data_ok : facts.get_sub_data_ok))
      return "ring; the raw GL call on buffers that are promised to allow it";
    return up ? "glBufferSubData" : "glGetBufferSubData";
  }
  return fmt::format("ring, chunks of {} KiB, {} thread{}", step.chunk_bytes / kKiB, step.threads,
                     step.threads == 1 ? "" : "s");
}

std::vector<TransferStep> transfer_candidates(bool up, std::uint64_t size, const DeviceFacts& facts) {
  const TransferDirection& defaults = up ? facts.transfers.up : facts.transfers.down;
  std::vector<TransferStep> list{defaults.step_for(size)};
  if (up ? facts.sub_data_ok : facts.get_sub_data_ok) add(list, {.path = Path::traditional});
  if (!facts.driver.buffer_storage) return list;
  for (const std::uint64_t chunk : kChunks) {
    for (const std::uint32_t threads : kThreads) {
      if (threads > 1 && (threads > facts.threads || size <= kOnePiece)) break;
      add(list, {.chunk_bytes = chunk, .threads = threads});
    }
    // Chunks longer than the transfer are all alike.
    if (chunk >= size) break;
  }
  return list;
}

void append(std::vector<TransferStep>& steps, std::uint64_t size, TransferStep step) {
  step.up_to_bytes = size;
  if (!steps.empty() && is_same(steps.back(), step)) {
    steps.back() = step;
    return;
  }
  if (!steps.empty()) {
    // Two measured sizes share the sizes between them, up to the geometric mean.
    std::uint64_t& last = steps.back().up_to_bytes;
    last = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(last) * static_cast<double>(size)));
  }
  steps.push_back(step);
}

void append_defaults(std::vector<TransferStep>& steps, const TransferDirection& defaults) {
  const std::uint64_t measured = steps.empty() ? 0 : steps.back().up_to_bytes;
  for (const TransferStep& step : defaults.steps) {
    if (step.up_to_bytes <= measured) continue;
    if (steps.empty() || !is_same(steps.back(), step)) steps.push_back(step);
    steps.back().up_to_bytes = step.up_to_bytes;
  }
}

}  // namespace pmb::detail
