// SPDX-License-Identifier: MIT
#include "tune/calibration_ways.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kChunks[] = {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB, kLongestChunk};
constexpr std::uint32_t kThreads[] = {1, 2, 3, 4, 6, 8};
// Below this neither chunks nor threads make a difference.
constexpr std::uint64_t kOnePiece = 128 * kKiB;

bool same_way(const PlanChoice& a, const PlanChoice& b) noexcept {
  return a.model == b.model && a.path == b.path && a.client_storage == b.client_storage;
}
bool same_way(const TransferStep& a, const TransferStep& b) noexcept {
  if (a.path != b.path) return false;
  return a.path == Path::traditional || (a.chunk_bytes == b.chunk_bytes && a.threads == b.threads);
}

/// Adds a way that is not there yet.
template <class Way>
void add(std::vector<Way>& ways, const Way& way) {
  if (std::none_of(ways.begin(), ways.end(), [&](const Way& known) { return same_way(known, way); }))
    ways.push_back(way);
}

/// The sizes between two measured ones are shared, in the geometric middle.
std::uint64_t between(std::uint64_t smaller, std::uint64_t larger) {
  return static_cast<std::uint64_t>(std::sqrt(static_cast<double>(smaller) * static_cast<double>(larger)));
}

}  // namespace

std::string name_of(const PlanChoice& choice) {
  std::string text = is_private(*choice.path)
                         ? to_string(*choice.path)
                         : fmt::format("{}, {}", to_string(*choice.model), to_string(*choice.path));
  if (choice.client_storage.value_or(false)) text += ", CLIENT_STORAGE";
  return text;
}

std::string name_of(bool up, const TransferStep& step, const DeviceFacts& facts) {
  const bool asks_gl = up ? facts.updates_by_gl : facts.reads_by_gl;
  if (step.path == Path::traditional && !asks_gl)
    return "ring, GL's own call where that is promised to do no harm";
  if (step.path == Path::traditional) return up ? "glBufferSubData" : "glGetBufferSubData";
  return fmt::format("ring, chunks of {} KiB, {} thread{}", step.chunk_bytes / kKiB, step.threads,
                     step.threads == 1 ? "" : "s");
}

std::vector<PlanChoice> plan_ways(const PlanWork& work, const DriverTraits& driver,
                                  const AccessProfile& found) {
  const PlanRequest request{
      .access = work.access, .size_bytes = work.size_bytes, .gpu_reads = work.gpu_reads};
  Plan plan;
  static_cast<void>(choose(request, driver, {}, plan));
  const bool by_default = client_by_quirk(work.access, driver);
  const auto way = [](Path path, Model model, bool client) {
    PlanChoice choice{.model = model, .path = path, .client_storage = client};
    if (is_private(path)) choice.model.reset(), choice.client_storage.reset();
    return choice;
  };
  std::vector<PlanChoice> ways{way(plan.path, plan.model, by_default)};
  if (driver.buffer_storage) {
    const auto& mappings = found.mappings;
    const bool flushes = work.access == Access::sequential_write || driver.memory_barrier;
    for (const bool client : {by_default, !by_default}) {
      // The flag is a hint: where it leads to the same place there is nothing to compare.
      if (client != by_default && mappings[0].placement == mappings[1].placement) continue;
      for (const Path path : {Path::direct, Path::staged}) {
        add(ways, way(path, Model::coherent, client));
        if (flushes) add(ways, way(path, Model::explicit_flush, client));
      }
    }
  }
  add(ways, way(Path::traditional, Model::explicit_flush, false));
  if (work.access == Access::sequential_write) add(ways, way(Path::orphaned, Model::explicit_flush, false));
  return ways;
}

std::vector<TransferStep> transfer_ways(bool up, std::uint64_t size, const DeviceFacts& facts) {
  const TransferDirection& defaults = up ? facts.transfers.up : facts.transfers.down;
  std::vector<TransferStep> ways{defaults.step_for(size)};
  if (up ? facts.updates_by_gl : facts.reads_by_gl) add(ways, TransferStep{.path = Path::traditional});
  if (!facts.driver.buffer_storage) return ways;
  for (const std::uint64_t chunk : kChunks) {
    for (const std::uint32_t threads : kThreads) {
      if (threads > 1 && (threads > facts.threads || size <= kOnePiece)) break;
      add(ways, TransferStep{.chunk_bytes = chunk, .threads = threads});
    }
    // The first one that holds it whole stands for all longer ones.
    if (chunk >= size) break;
  }
  return ways;
}

void append(std::vector<PlanStep>& steps, std::uint64_t size, const PlanChoice& once,
            const PlanChoice& many) {
  if (!steps.empty() && same_way(steps.back().once, once) && same_way(steps.back().many, many)) {
    steps.back() = {size, once, many};
    return;
  }
  if (!steps.empty()) steps.back().up_to_bytes = between(steps.back().up_to_bytes, size);
  steps.push_back({size, once, many});
}

std::vector<TransferStep> steps_of(const FoundSteps& found, bool complete,
                                   const TransferDirection& defaults) {
  std::vector<TransferStep> steps;
  const auto go_on = [&](TransferStep step, std::uint64_t up_to) {
    step.up_to_bytes = up_to;
    if (steps.empty() || !same_way(steps.back(), step)) steps.push_back(step);
    steps.back().up_to_bytes = up_to;
  };
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& [size, step] = found[i];
    const bool last = i + 1 == found.size();
    go_on(step, !last ? between(size, found[i + 1].first) : complete ? UINT64_MAX : size);
  }
  for (const TransferStep& step : defaults.steps) {
    if (steps.empty() || step.up_to_bytes > steps.back().up_to_bytes) go_on(step, step.up_to_bytes);
  }
  return steps;
}

}  // namespace pmb::detail
