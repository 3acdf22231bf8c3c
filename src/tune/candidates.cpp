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

bool is_same(const PlanChoice& a, const PlanChoice& b) noexcept {
  return a.model == b.model && a.path == b.path && a.client_storage == b.client_storage;
}
bool is_same(const TransferStep& a, const TransferStep& b) noexcept {
  if (a.path != b.path) return false;
  return a.path == Path::traditional || (a.chunk_bytes == b.chunk_bytes && a.threads == b.threads);
}

/// Adds a candidate that is not in the list yet.
template <class Candidate>
void add(std::vector<Candidate>& list, const Candidate& candidate) {
  if (std::none_of(list.begin(), list.end(),
                   [&](const Candidate& known) { return is_same(known, candidate); }))
    list.push_back(candidate);
}

/// Adds the winner at a size. Two measured sizes share the sizes between them, up to the geometric mean.
template <class Step, class Equal>
void append_step(std::vector<Step>& steps, const Step& step, Equal&& equals) {
  if (!steps.empty() && equals(steps.back())) {
    steps.back() = step;
    return;
  }
  if (!steps.empty()) {
    std::uint64_t& last = steps.back().up_to_bytes;
    last = static_cast<std::uint64_t>(
        std::sqrt(static_cast<double>(last) * static_cast<double>(step.up_to_bytes)));
  }
  steps.push_back(step);
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
  if (step.path == Path::traditional) {
    if (!(up ? facts.sub_data_ok : facts.get_sub_data_ok))
      return "ring; the raw GL call on buffers that are promised to allow it";
    return up ? "glBufferSubData" : "glGetBufferSubData";
  }
  return fmt::format("ring, chunks of {} KiB, {} thread{}", step.chunk_bytes / kKiB, step.threads,
                     step.threads == 1 ? "" : "s");
}

std::vector<PlanChoice> plan_candidates(const PlanWork& work, const DriverTraits& driver,
                                        const AccessProfile& found) {
  const PlanRequest request{
      .access = work.access, .size_bytes = work.size_bytes, .gpu_reads = work.gpu_reads};
  Plan plan;
  static_cast<void>(choose(request, driver, {}, plan));
  const bool by_default = client_by_quirk(work.access, driver);
  const auto choice_of = [](Path path, Model model, bool client) {
    PlanChoice choice{.model = model, .path = path, .client_storage = client};
    if (is_private(path)) choice.model.reset(), choice.client_storage.reset();
    return choice;
  };
  std::vector<PlanChoice> list{choice_of(plan.path, plan.model, by_default)};
  if (driver.buffer_storage) {
    const auto& mappings = found.mappings;
    const bool flushes = work.access == Access::sequential_write || driver.memory_barrier;
    for (const bool client : {by_default, !by_default}) {
      // CLIENT_STORAGE is a hint: with the same placement there is nothing to compare.
      if (client != by_default && mappings[0].placement == mappings[1].placement) continue;
      for (const Path path : {Path::direct, Path::staged}) {
        add(list, choice_of(path, Model::coherent, client));
        if (flushes) add(list, choice_of(path, Model::explicit_flush, client));
      }
    }
  }
  add(list, choice_of(Path::traditional, Model::explicit_flush, false));
  if (work.access == Access::sequential_write)
    add(list, choice_of(Path::orphaned, Model::explicit_flush, false));
  return list;
}

std::vector<TransferStep> transfer_candidates(bool up, std::uint64_t size, const DeviceFacts& facts) {
  const TransferDirection& defaults = up ? facts.transfers.up : facts.transfers.down;
  std::vector<TransferStep> list{defaults.step_for(size)};
  if (up ? facts.sub_data_ok : facts.get_sub_data_ok) add(list, TransferStep{.path = Path::traditional});
  if (!facts.driver.buffer_storage) return list;
  for (const std::uint64_t chunk : kChunks) {
    for (const std::uint32_t threads : kThreads) {
      if (threads > 1 && (threads > facts.threads || size <= kOnePiece)) break;
      add(list, TransferStep{.chunk_bytes = chunk, .threads = threads});
    }
    // Chunks longer than the transfer are all alike.
    if (chunk >= size) break;
  }
  return list;
}

void append(std::vector<PlanStep>& steps, std::uint64_t size, const PlanChoice& once,
            const PlanChoice& many) {
  const auto equal = [&](const PlanStep& step) {
    return is_same(step.once, once) && is_same(step.many, many);
  };
  append_step(steps, {size, once, many}, equal);
}

void append(std::vector<TransferStep>& steps, std::uint64_t size, TransferStep step) {
  step.up_to_bytes = size;
  append_step(steps, step, [&](const TransferStep& last) { return is_same(last, step); });
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
