// SPDX-License-Identifier: MIT
#include "tune/calibrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/fail.hpp"
#include "tune/candidate_comparison.hpp"

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
// Closer around the crossover to rings of every driver measured so far.
constexpr std::uint64_t kSizes[] = {64,         256,       kKiB,      4 * kKiB,   8 * kKiB,
                                    16 * kKiB,  32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB,
                                    512 * kKiB, kMiB,      4 * kMiB,  16 * kMiB};
constexpr std::uint64_t kChunks[] = {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB, 4 * kMiB};
constexpr std::uint64_t kRingBytes = 4 * 4 * kMiB;  // For the longest chunk.
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

/// One direction, from small sizes to large ones.
struct Series {
  const bool up;
  const bool raw_call_ok;
  TransferDirection plan;  ///< The default.
  std::vector<TransferStep> steps = {};
  bool ended = false;

  const char* name() const noexcept { return up ? "upload" : "download"; }

  /// Every candidate for a size: the default first, then the simpler before the others.
  std::vector<TransferStep> candidates(std::uint64_t size, const DeviceFacts& facts) const {
    std::vector<TransferStep> list{plan.step_for(size)};
    if (raw_call_ok) add(list, {.path = Path::traditional});
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

  std::string name_of(const TransferStep& step) const {
    if (step.path == Path::traditional) {
      if (!raw_call_ok) return "ring; the raw GL call on buffers that are promised to allow it";
      return up ? "glBufferSubData" : "glGetBufferSubData";
    }
    return fmt::format("ring, chunks of {} KiB, {} thread{}", step.chunk_bytes / kKiB, step.threads,
                       step.threads == 1 ? "" : "s");
  }

  /// For a size larger than those before. Equal neighbours become one step.
  void add_winner(std::uint64_t size, TransferStep step) {
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

  /// Sizes beyond those measured keep the defaults, unless the largest was reached.
  TransferDirection measured_plan() const {
    TransferDirection measured = plan;
    measured.steps = steps;
    if (!ended) measured.steps.back().up_to_bytes = UINT64_MAX;
    const std::uint64_t end = steps.empty() ? 0 : measured.steps.back().up_to_bytes;
    for (const TransferStep& step : plan.steps) {
      if (step.up_to_bytes <= end) continue;
      if (measured.steps.empty() || !is_same(measured.steps.back(), step)) measured.steps.push_back(step);
      measured.steps.back().up_to_bytes = step.up_to_bytes;
    }
    for (const TransferStep& step : measured.steps)
      measured.ring_bytes = std::max(measured.ring_bytes, 4 * step.chunk_bytes);
    return measured;
  }
};

class Calibrator {
 public:
  Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options)
      : device_(device), facts_(facts), options_(options) {
    end_ns_ = device.now_ns() + static_cast<double>(std::max<std::int64_t>(options.budget.count(), 0));
    const std::uint64_t largest = std::min(facts.largest_bytes, options.largest_bytes);
    sizes_ = {std::begin(kSizes), std::upper_bound(std::begin(kSizes), std::end(kSizes), largest)};
  }

  Result<Calibration> run() {
    if (!over()) {
      report(0, "placements");
      if (auto probed = probe_placements(); !probed) return pass_on(probed);
    }
    if (auto measured = measure_transfers(); !measured) return pass_on(measured);
    report(1, "done");
    return std::move(result_);
  }

 private:
  bool over() const { return device_.now_ns() >= end_ns_ || (options_.stopped && options_.stopped()); }
  void report(double done, std::string_view what) const {
    if (options_.progress) options_.progress(done, what);
  }

  Result<void> probe_placements() {
    Profile& profile = result_.profile;
    if (!facts_.driver.buffer_storage) return {};
    const auto plain = device_.probe_memory();
    if (!plain) return ends_everything(plain.error()) ? Result<void>(pass_on(plain)) : Result<void>();
    profile.memory = *plain;
    for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
      for (const bool client : {false, true}) {
        const auto probe = device_.probe(access, client);
        if (!probe && ends_everything(probe.error())) return pass_on(probe);
        // A driver that refuses one combination of flags has others.
        if (!probe) continue;
        profile.mapping(access, client) = {
            placement_of(access, probe->costs, profile.memory, facts_.driver, probe->reported), probe->costs};
      }
    }
    return {};
  }

  Result<void> measure_transfers() {
    Series up{true, facts_.sub_data_ok, facts_.transfers.up};
    Series down{false, facts_.get_sub_data_ok, facts_.transfers.down};
    const Placement readback =
        measured_for(result_.profile, Access::read, client_by_quirk(Access::read, facts_.driver)).placement;
    if (readback != Placement::unknown) down.plan.slow_reads = reads_slowly(readback);
    for (const std::uint64_t size : sizes_) {
      for (Series* series : {&up, &down}) {
        if (auto measured = measure(*series, size); !measured) return measured;
      }
    }
    result_.complete = !up.ended && !down.ended;
    if (up.steps.empty() && down.steps.empty()) return {};
    result_.profile.transfers = {.up = up.measured_plan(),
                                 .down = down.measured_plan(),
                                 .pending_bytes = facts_.transfers.pending_bytes,
                                 .reason = "transfers: measured on this driver"};
    return {};
  }

  Result<void> measure(Series& series, std::uint64_t size) {
    const std::size_t comparisons = 2 * sizes_.size();
    report(static_cast<double>(compared_) / static_cast<double>(comparisons),
           fmt::format("{}, {} bytes", series.name(), size));
    // An equal share for each comparison left; small sizes end early and leave most of theirs to larger ones.
    const double now = device_.now_ns();
    const double share = (end_ns_ - now) / static_cast<double>(comparisons - compared_++);
    const std::vector<TransferStep> steps = series.candidates(size, facts_);
    if (!series.ended && !over()) {
      const auto chosen = compare_steps(series, size, steps, now + share);
      if (!chosen) return pass_on(chosen);
      if (*chosen) {
        series.add_winner(size, steps[**chosen]);
        return {};
      }
    }
    series.ended = true;
    return {};
  }

  /// The candidates by these steps, compared within `end_ns`: the winner, if the default has figures.
  Result<std::optional<std::size_t>> compare_steps(const Series& series, std::uint64_t size,
                                                   const std::vector<TransferStep>& steps, double end_ns) {
    if (steps.size() == 1) return std::size_t{0};
    TestTransfer transfer{.up = series.up, .size_bytes = size, .direction = series.plan};
    transfer.direction.ring_bytes = std::max(transfer.direction.ring_bytes, kRingBytes);
    std::vector<Candidate> candidates;
    for (const TransferStep& step : steps) {
      transfer.direction.steps = {step};
      transfer.direction.steps.front().up_to_bytes = UINT64_MAX;
      candidates.push_back(
          {.name = series.name_of(step),
           .prepare = [this, transfer] { return device_.prepare(transfer, result_.profile); },
           .run = [this, transfer](std::uint32_t count) { return device_.run(transfer, count); }});
    }
    const auto chosen = compare(
        candidates,
        {.now = [this] { return device_.now_ns(); }, .over = [this] { return over(); }, .end_ns = end_ns});
    if (!chosen) return chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate& candidate = candidates[i];
      if (candidate.verdict == Verdict::untried) continue;
      const Spread spread = slower_pass(candidate);
      result_.wrong += candidate.verdict == Verdict::wrong_bytes ? 1 : 0;
      result_.cells.push_back(
          {.work = series.name(),
           .candidate = candidate.name,
           .size_bytes = size,
           .ns = spread.median,
           .spread_ns = spread.half,
           .runs = static_cast<std::uint32_t>(candidate.times[0].size() + candidate.times[1].size()),
           .verified = candidate.verdict == Verdict::right,
           .is_default = i == 0,
           .chosen = *chosen == i});
    }
    return chosen;
  }

  Device& device_;
  const DeviceFacts& facts_;
  const CalibrateOptions& options_;
  double end_ns_ = 0;
  std::vector<std::uint64_t> sizes_;
  std::size_t compared_ = 0;
  Calibration result_;
};

}  // namespace

Result<Calibration> calibrate_device(Device& device, const DeviceFacts& facts,
                                     const CalibrateOptions& options) {
  return Calibrator(device, facts, options).run();
}

}  // namespace pmb::detail
