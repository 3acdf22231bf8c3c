// SPDX-License-Identifier: MIT
#include "tune/calibrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <pmb/tune/measure.hpp>

#include "base/fail.hpp"
#include "plan/profile_rules.hpp"
#include "tune/placement.hpp"

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
// Closer around the crossover to rings of every driver measured so far.
constexpr std::uint64_t kSizes[] = {64,         256,       kKiB,      4 * kKiB,   8 * kKiB,
                                    16 * kKiB,  32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB,
                                    512 * kKiB, kMiB,      4 * kMiB,  16 * kMiB};

/// One direction, from size to size.
struct Series {
  bool up;
  TransferDirection& plan;
  std::vector<TransferStep> steps = {};
  bool ended = false;

  const char* name() const noexcept { return up ? "upload" : "download"; }
};

class Calibrator {
 public:
  Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options)
      : device_(device), facts_(facts), options_(options) {
    const auto budget = static_cast<double>(std::max<std::int64_t>(options.budget.count(), 0));
    end_ns_ = device.now_ns() + budget;
    const std::uint64_t largest = std::min(facts.largest_bytes, options.largest_bytes);
    sizes_ = {std::begin(kSizes), std::upper_bound(std::begin(kSizes), std::end(kSizes), largest)};
  }

  Result<Calibration> run();

 private:
  Result<void> probe_placements();
  Result<void> measure_transfers();
  Result<void> measure(Series& series, std::uint64_t size);
  void add_cells(const Series& series, std::uint64_t size, const std::vector<Candidate>& candidates,
                 std::optional<std::size_t> chosen);
  std::size_t comparisons() const noexcept { return 2 * sizes_.size(); }
  bool over() const { return device_.now_ns() >= end_ns_ || (options_.stopped && options_.stopped()); }
  void report(double done, std::string_view what) const {
    if (options_.progress) options_.progress(done, what);
  }

  Device& device_;
  const DeviceFacts& facts_;
  const CalibrateOptions& options_;
  double end_ns_ = 0;
  std::vector<std::uint64_t> sizes_;
  std::size_t compared_ = 0;
  Calibration result_;
};

Result<Calibration> Calibrator::run() {
  result_.complete = true;
  if (!over()) {
    report(0, "placements");
    if (auto probed = probe_placements(); !probed) return pass_on(probed);
  }
  if (auto measured = measure_transfers(); !measured) return pass_on(measured);
  report(1, "done");
  return std::move(result_);
}

Result<void> Calibrator::probe_placements() {
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

Result<void> Calibrator::measure_transfers() {
  TransferPlan plan = facts_.transfers;
  const Placement readback =
      measured_for(result_.profile, Access::read, client_by_quirk(Access::read, facts_.driver)).placement;
  if (readback != Placement::unknown) plan.down.slow_reads = reads_slowly(readback);

  Series directions[] = {{.up = true, .plan = plan.up}, {.up = false, .plan = plan.down}};
  for (const std::uint64_t size : sizes_) {
    for (Series& series : directions) {
      if (auto measured = measure(series, size); !measured) return measured;
    }
  }
  if (directions[0].steps.empty() && directions[1].steps.empty()) return {};
  for (Series& series : directions) {
    if (!series.ended) series.steps.back().up_to_bytes = UINT64_MAX;
    append_defaults(series.steps, series.plan);
    series.plan.steps = std::move(series.steps);
    for (const TransferStep& step : series.plan.steps)
      series.plan.ring_bytes = std::max(series.plan.ring_bytes, 4 * step.chunk_bytes);
  }
  plan.reason = "transfers: measured on this driver";
  result_.profile.transfers = std::move(plan);
  return {};
}

Result<void> Calibrator::measure(Series& series, std::uint64_t size) {
  report(static_cast<double>(compared_) / static_cast<double>(comparisons()),
         fmt::format("{}, {} bytes", series.name(), size));
  // An equal share for each comparison left; small sizes end early and leave most of theirs to larger ones.
  const double now = device_.now_ns();
  const double share = (end_ns_ - now) / static_cast<double>(comparisons() - compared_++);
  std::optional<std::size_t> chosen;
  const std::vector<TransferStep> steps = transfer_candidates(series.up, size, facts_);
  if (!series.ended && !over()) {
    if (steps.size() == 1) {
      append(series.steps, size, steps.front());
      return {};
    }
    TransferDirection direction = series.plan;
    direction.ring_bytes = std::max(direction.ring_bytes, kRingBytes);
    std::vector<Candidate> candidates;
    for (const TransferStep& step : steps) {
      direction.steps = {step};
      direction.steps.front().up_to_bytes = UINT64_MAX;
      candidates.push_back({.name = name_of(series.up, step, facts_), .make = [=, this, up = series.up] {
                              return device_.prepare(up, size, direction, result_.profile);
                            }});
    }
    const auto compared = compare(candidates, {.now = [this] { return device_.now_ns(); },
                                               .over = [this] { return over(); },
                                               .end_ns = now + share});
    if (!compared) return pass_on(compared);
    chosen = *compared;
    add_cells(series, size, candidates, chosen);
  }
  if (chosen) {
    append(series.steps, size, steps[*chosen]);
  } else {
    series.ended = true;
    result_.complete = false;
  }
  return {};
}

void Calibrator::add_cells(const Series& series, std::uint64_t size, const std::vector<Candidate>& candidates,
                           std::optional<std::size_t> chosen) {
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
         .chosen = chosen == i});
  }
}

}  // namespace

Result<Calibration> calibrate_device(Device& device, const DeviceFacts& facts,
                                     const CalibrateOptions& options) {
  return Calibrator(device, facts, options).run();
}

}  // namespace pmb::detail
