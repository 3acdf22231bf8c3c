// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "plan/plan_rules.hpp"

namespace pmb {
namespace detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kChunkStep = 64 * kKiB;

constexpr TransferStep by_gl(std::uint64_t up_to) {
  return {.up_to_bytes = up_to, .path = Path::traditional};
}

bool is_usable(const TransferDirection& way) noexcept {
  if (way.steps.empty() || way.steps.back().up_to_bytes != UINT64_MAX) return false;
  std::uint64_t last = 0;
  for (const TransferStep& step : way.steps) {
    if (step.up_to_bytes <= last || step.threads == 0) return false;
    if (step.path != Path::traditional && step.path != Path::staged) return false;
    if (step.chunk_bytes == 0 || step.chunk_bytes % kChunkStep != 0) return false;
    if (step.chunk_bytes > way.ring_bytes / 4) return false;
    last = step.up_to_bytes;
  }
  return true;
}

}  // namespace

TransferPlan default_transfer_plan(TransferKind kind, bool slow_reads) {
  TransferPlan plan;
  switch (kind) {
    case TransferKind::software:
      plan.up.steps = {by_gl(UINT64_MAX)};
      plan.down.steps = {by_gl(UINT64_MAX)};
      plan.reason = "transfers: by GL's own calls, since a software renderer's are one memcpy";
      break;
    case TransferKind::nvidia:
      // Small updates travel with the commands, where order and the buffer's promises allow: quirk
      // nvidia_update_order. One thread copies a chunk in the time that the bus takes for four; four keep up
      // with it, and longer transfers, of which less is in a cache, need more.
      plan.up.steps = {by_gl(64 * kKiB),
                       {.up_to_bytes = 128 * kKiB, .chunk_bytes = 128 * kKiB},
                       {.up_to_bytes = 512 * kKiB, .chunk_bytes = 512 * kKiB, .threads = 4},
                       {.up_to_bytes = 2 * kMiB, .chunk_bytes = kMiB, .threads = 6},
                       {.up_to_bytes = 16 * kMiB, .chunk_bytes = 4 * kMiB, .threads = 8},
                       {.up_to_bytes = 128 * kMiB, .chunk_bytes = 4 * kMiB, .threads = 6},
                       {.chunk_bytes = 4 * kMiB, .threads = 8}};
      plan.up.ring_bytes = 32 * kMiB;
      // glGetBufferSubData moves the buffer into host memory, for good: for small ones alone, and where that is promised
      // to do no harm.
      plan.down.steps = {by_gl(16 * kKiB),
                         {.up_to_bytes = 256 * kKiB, .chunk_bytes = 256 * kKiB},
                         {.up_to_bytes = kMiB, .chunk_bytes = 512 * kKiB, .threads = 8},
                         {.up_to_bytes = 2 * kMiB, .chunk_bytes = kMiB, .threads = 8},
                         {.up_to_bytes = 8 * kMiB, .chunk_bytes = 4 * kMiB, .threads = 8},
                         {.chunk_bytes = 4 * kMiB, .threads = 6}};
      plan.down.ring_bytes = 32 * kMiB;
      // bench/results/2026-11-25-transfer-h200.json, 2026-11-28-middle-sizes-h200.json,
      // 2026-11-28-transfer-timeline-h200.json and 2026-11-28-waited-downloads-h100.json
      plan.reason = "transfers: defaults for NVIDIA, measured on an H200";
      break;
    case TransferKind::mesa:
    case TransferKind::other:
      // A flush costs Mesa's drivers a submission: chunks are longer.
      plan.up.steps = {by_gl(kind == TransferKind::mesa ? 64 * kKiB : 32 * kKiB),
                       {.chunk_bytes = 2 * kMiB, .threads = 2}};
      plan.down.steps = {{.up_to_bytes = 2 * kMiB, .chunk_bytes = 2 * kMiB},
                         {.chunk_bytes = 2 * kMiB, .threads = 2}};
      plan.reason = kind == TransferKind::mesa
                        ? "transfers: defaults for Mesa's hardware drivers, not measured"
                        : "transfers: defaults for a driver that nobody has measured";
      break;
  }
  plan.down.slow_reads = slow_reads;
  return plan;
}

void force_path(TransferDirection& way, Path path) {
  // One step: what GL's call may not do goes through the ring nevertheless.
  if (path == Path::traditional) way.steps.erase(way.steps.begin(), way.steps.end() - 1);
  for (TransferStep& step : way.steps) step.path = path;
}

}  // namespace detail

bool TransferPlan::usable() const noexcept {
  return detail::is_usable(up) && detail::is_usable(down) && pending_bytes > 0;
}

std::string TransferPlan::describe() const {
  std::string text = reason;
  for (const TransferDirection* way : {&up, &down}) {
    const char* name = way == &up ? "upload" : "download";
    for (const TransferStep& step : way->steps) {
      const std::string limit =
          step.up_to_bytes == UINT64_MAX ? "beyond" : fmt::format("up to {} bytes", step.up_to_bytes);
      text += fmt::format("\n  {} {}: ", name, limit);
      if (step.path == Path::traditional) {
        text += way == &up ? "glBufferSubData" : "glGetBufferSubData";
      } else {
        text += fmt::format("ring of {} bytes, chunks of {}, {} thread{}", way->ring_bytes, step.chunk_bytes,
                            step.threads, step.threads == 1 ? "" : "s");
      }
    }
  }
  return text;
}

}  // namespace pmb
