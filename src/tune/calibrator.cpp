// SPDX-License-Identifier: MIT
#include "tune/calibrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pmb/tune/measure.hpp>
#include <span>

#include "base/fail.hpp"
#include "plan/profile_rules.hpp"
#include "tune/placement.hpp"

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

constexpr Access kAccesses[] = {Access::sequential_write, Access::read, Access::bidirectional};
constexpr std::uint32_t kOften = 4;
// Bidirectional buffers are probed, not timed: on the H200 no candidate gained 10 % over their default
// (bench/results/2026-11-25-tune-h200.json).
constexpr std::array kTimedAccesses = {Access::sequential_write, Access::read};
// Larger sizes use the plan of the largest one: on the H200 the winners at 4 MiB also won at 64 and 256 MiB
// (bench/results/2026-11-25-tune-h200.json).
constexpr std::uint64_t kPlanSizes[] = {64, kKiB, 16 * kKiB, 256 * kKiB, 4 * kMiB, 16 * kMiB};
// Closer around the crossover to rings of every driver measured so far.
constexpr std::uint64_t kTransferSizes[] = {64,         256,       kKiB,      4 * kKiB,   8 * kKiB,
                                            16 * kKiB,  32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB,
                                            512 * kKiB, kMiB,      4 * kMiB,  16 * kMiB};
// Transfers get the rest of the budget.
constexpr double kPlansShare = 0.75;

std::vector<std::uint64_t> up_to(std::span<const std::uint64_t> sizes, std::uint64_t largest) {
  return {sizes.begin(), std::upper_bound(sizes.begin(), sizes.end(), largest)};
}

}  // namespace

std::size_t Calibrator::plan_works() const noexcept {
  return plan_sizes_.size() * kTimedAccesses.size() * 2;
}

Calibrator::Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options)
    : device_(device), facts_(facts), options_(options) {
  const std::uint64_t largest = std::min(facts.largest_bytes, options.largest_bytes);
  plan_sizes_ = up_to(kPlanSizes, largest);
  transfer_sizes_ = up_to(kTransferSizes, largest);
  works_ = plan_works() + transfer_sizes_.size() * 2;
}

void Calibrator::report(std::string_view what) const {
  if (!options_.progress) return;
  options_.progress(works_ > 0 ? static_cast<double>(works_done_) / static_cast<double>(works_) : 1, what);
}

Result<Calibration> Calibrator::run() {
  const double start = device_.now_ns();
  const double budget = static_cast<double>(std::max<std::int64_t>(options_.budget.count(), 0));
  result_.complete = true;
  if (budget > 0 && !stopped()) {
    report("placements");
    if (auto probed = probe_placements(); !probed) return pass_on(probed);
  }
  if (auto measured = measure_plans(start + budget * kPlansShare); !measured) return pass_on(measured);
  if (auto measured = measure_transfers(start + budget); !measured) return pass_on(measured);
  works_done_ = works_;
  report("done");
  return std::move(result_);
}

Result<void> Calibrator::probe_placements() {
  Profile& profile = result_.profile;
  if (!facts_.driver.buffer_storage) return {};
  const auto plain = device_.probe_memory();
  if (!plain) return ends_everything(plain.error()) ? Result<void>(pass_on(plain)) : Result<void>();
  profile.memory = *plain;
  for (const Access access : kAccesses) {
    for (const bool client : {false, true}) {
      const auto probe = device_.probe(access, client);
      if (!probe && ends_everything(probe.error())) return pass_on(probe);
      // A driver that refuses one combination of flags has others.
      if (!probe) continue;
      profile.of(access).mappings[client ? 1 : 0] = {
          placement_of(access, probe->costs, profile.memory, facts_.driver, probe->reported), probe->costs};
    }
  }
  return {};
}

Result<void> Calibrator::measure_plans(double end) {
  works_left_ = plan_works();
  Series once_series[std::size(kTimedAccesses)];
  Series often_series[std::size(kTimedAccesses)];
  for (const std::uint64_t size : plan_sizes_) {
    for (std::size_t i = 0; i < std::size(kTimedAccesses); ++i) {
      const Access access = kTimedAccesses[i];
      once_series[i].name = fmt::format("{}, used once by the GPU", to_string(access));
      often_series[i].name = fmt::format("{}, used often by the GPU", to_string(access));
      const auto once = measure_plan(once_series[i], {access, 1, size}, end);
      if (!once) return pass_on(once);
      const auto often = measure_plan(often_series[i], {access, kOften, size}, end);
      if (!often) return pass_on(often);
      std::vector<PlanStep>& steps = result_.profile.of(access).steps;
      if (once->path || often->path) append(steps, size, *once, *often);
      if (size == plan_sizes_.back() && !once_series[i].ended) steps.back().up_to_bytes = UINT64_MAX;
    }
  }
  return {};
}

Result<PlanChoice> Calibrator::measure_plan(Series& series, const PlanWork& work, double end) {
  std::vector<PlanChoice> choices = plan_candidates(work, facts_.driver, result_.profile.of(work.access));
  std::vector<Candidate> candidates;
  for (const PlanChoice& choice : choices) {
    candidates.push_back(
        {.name = name_of(choice), .make = [this, work, choice] { return device_.prepare(work, choice); }});
  }
  const auto outcome = pick(series, work.size_bytes, std::move(candidates), end);
  if (!outcome) return pass_on(outcome);
  if (!*outcome) return PlanChoice{};
  PlanChoice& chosen = choices[(*outcome)->candidate];
  chosen.ns = (*outcome)->ns;
  chosen.default_ns = (*outcome)->default_ns;
  return chosen;
}

Result<void> Calibrator::measure_transfers(double end) {
  TransferPlan plan = facts_.transfers;
  const PlanRequest ring{.access = Access::read, .size_bytes = kRingBytes};
  const Placement placement =
      measured_for(result_.profile, ring, client_by_quirk(Access::read, facts_.driver)).placement;
  if (placement != Placement::unknown) plan.down.slow_reads = reads_slowly(placement);

  works_left_ = transfer_sizes_.size() * 2;
  Series series[2] = {{.name = "upload"}, {.name = "download"}};
  std::vector<TransferStep> found[2];
  for (const std::uint64_t size : transfer_sizes_) {
    for (const bool up : {true, false}) {
      const auto step = measure_transfer(series[up ? 0 : 1], up, size, up ? plan.up : plan.down, end);
      if (!step) return pass_on(step);
      if (*step) append(found[up ? 0 : 1], size, **step);
    }
  }
  if (found[0].empty() && found[1].empty()) return {};
  for (const bool up : {true, false}) {
    TransferDirection& direction = up ? plan.up : plan.down;
    std::vector<TransferStep>& steps = found[up ? 0 : 1];
    if (!series[up ? 0 : 1].ended && !steps.empty()) steps.back().up_to_bytes = UINT64_MAX;
    append_defaults(steps, direction);
    direction.steps = std::move(steps);
    for (const TransferStep& step : direction.steps)
      direction.ring_bytes = std::max(direction.ring_bytes, 4 * step.chunk_bytes);
  }
  plan.reason = "transfers: measured on this driver";
  result_.profile.transfers = std::move(plan);
  return {};
}

Result<std::optional<TransferStep>> Calibrator::measure_transfer(Series& series, bool up, std::uint64_t size,
                                                                 TransferDirection direction, double end) {
  direction.ring_bytes = std::max(direction.ring_bytes, kRingBytes);
  const std::vector<TransferStep> steps = transfer_candidates(up, size, facts_);
  std::vector<Candidate> candidates;
  for (const TransferStep& step : steps) {
    direction.steps = {step};
    direction.steps.front().up_to_bytes = UINT64_MAX;
    candidates.push_back({.name = name_of(up, step, facts_), .make = [this, up, size, direction] {
                            return device_.prepare(up, size, direction, result_.profile);
                          }});
  }
  const auto outcome = pick(series, size, std::move(candidates), end);
  if (!outcome) return pass_on(outcome);
  if (!*outcome) return std::nullopt;
  return steps[(*outcome)->candidate];
}

Result<std::optional<Calibrator::Outcome>> Calibrator::pick(Series& series, std::uint64_t size,
                                                            std::vector<Candidate> candidates,
                                                            double stage_end) {
  const double now = device_.now_ns();
  // An equal share for each work left; small sizes end early and leave most of theirs to larger ones.
  const double share = (stage_end - now) / static_cast<double>(works_left_--);
  report(fmt::format("{}, {} bytes", series.name, size));
  ++works_done_;
  const auto end_series = [&] {
    series.ended = true;
    result_.complete = false;
    return std::nullopt;
  };
  if (series.ended || now >= stage_end || stopped()) return end_series();
  if (candidates.size() == 1) return Outcome{};
  const ComparisonRules rules{
      .now = [this] { return device_.now_ns(); },
      .over = [this, stage_end] { return device_.now_ns() >= stage_end || stopped(); },
      .end_ns = now + share};
  if (auto done = compare(candidates, rules); !done) return pass_on(done);
  auto chosen = winner(candidates);
  if (chosen && *chosen != 0) {
    if (auto again = compare_again(candidates, rules); !again) return pass_on(again);
    // Without a second pass the winner may owe its lead to placement noise.
    const bool confirmed = candidates.front().second_times.size() >= tune::kLeastSamples;
    chosen = confirmed ? winner(candidates).value_or(0) : 0;
  }
  add_cells(series, size, candidates, chosen);
  if (!chosen) return end_series();
  return Outcome{*chosen, slower_pass(candidates[*chosen]).median, slower_pass(candidates[0]).median};
}

void Calibrator::add_cells(const Series& series, std::uint64_t size, const std::vector<Candidate>& candidates,
                           std::optional<std::size_t> chosen) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!candidate.tried) continue;
    const Spread spread = slower_pass(candidate);
    result_.wrong += candidate.wrong ? 1 : 0;
    result_.cells.push_back(
        {.work = series.name,
         .candidate = candidate.name,
         .size_bytes = size,
         .ns = spread.median,
         .spread_ns = spread.half,
         .runs = static_cast<std::uint32_t>(candidate.times.size() + candidate.second_times.size()),
         .verified = candidate.verified,
         .is_default = i == 0,
         .chosen = chosen == i});
  }
}

}  // namespace pmb::detail
