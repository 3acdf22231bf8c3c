// SPDX-License-Identifier: MIT
#include "tune/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/fail.hpp"
#include "plan/profile_rules.hpp"

namespace pmb::detail {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

constexpr Access kAccesses[] = {Access::sequential_write, Access::read, Access::bidirectional};
constexpr std::uint32_t kReads[] = {1, 4};
constexpr std::uint64_t kPlanSizes[] = {64, kKiB, 16 * kKiB, 256 * kKiB, 4 * kMiB, 64 * kMiB, 256 * kMiB};
// Closer where the crossover to rings lies on every driver measured so far.
constexpr std::uint64_t kTransferSizes[] = {
    64,         256,        kKiB,       4 * kKiB, 8 * kKiB, 16 * kKiB, 32 * kKiB, 64 * kKiB,
    128 * kKiB, 256 * kKiB, 512 * kKiB, kMiB,     4 * kMiB, 16 * kMiB, 64 * kMiB, 256 * kMiB};
// Up to here every way is tried at every size, and all ways have their memory at once.
constexpr std::uint64_t kEveryWayUpTo = 4 * kMiB;
// Beyond, only what was as near the best as this at the size before: once caches are left behind, little changes.
constexpr double kNearBest = 1.5;
constexpr double kNearBestOfLarge = 1.2;
constexpr std::size_t kMostOfLarge = 6;
// The rest of the budget is for transfers.
constexpr double kPlansShare = 0.75;

/// Of the time, what a size gets: small ones are done long before theirs is over.
constexpr double weight_of(std::uint64_t size) {
  return 1 + static_cast<double>(size) / (32 * kMiB);
}

std::vector<std::uint64_t> up_to(std::span<const std::uint64_t> sizes, std::uint64_t largest) {
  std::vector<std::uint64_t> list;
  std::copy_if(sizes.begin(), sizes.end(), std::back_inserter(list),
               [&](std::uint64_t size) { return size <= largest; });
  return list;
}

}  // namespace

Calibrator::Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options)
    : device_(device), facts_(facts), options_(options) {
  const std::uint64_t largest = std::min(facts.largest_bytes, options.largest_bytes);
  plan_sizes_ = up_to(kPlanSizes, largest);
  transfer_sizes_ = up_to(kTransferSizes, largest);
}

double Calibrator::plan_weight() const noexcept {
  double weight = 0;
  for (const std::uint64_t size : plan_sizes_)
    weight += weight_of(size) * std::size(kAccesses) * std::size(kReads);
  return weight;
}

double Calibrator::transfer_weight() const noexcept {
  double weight = 0;
  for (const std::uint64_t size : transfer_sizes_) weight += weight_of(size) * 2;
  return weight;
}

void Calibrator::tell(std::string_view what) const {
  if (!options_.progress) return;
  const double all = plan_weight() + transfer_weight();
  options_.progress(all > 0 ? std::min(weight_done_ / all, 1.0) : 1, what);
}

Result<Calibration> Calibrator::run() {
  const double start = device_.now_ns();
  const double budget = static_cast<double>(std::max<std::int64_t>(options_.budget.count(), 0));
  result_.complete = true;
  if (budget > 0 && !stopped()) {
    tell("placements");
    if (auto probed = probe_placements(); !probed) return pass_on(probed);
  }
  if (auto measured = measure_plans(start + budget * kPlansShare); !measured) return pass_on(measured);
  if (auto measured = measure_transfers(start + budget); !measured) return pass_on(measured);
  weight_done_ = plan_weight() + transfer_weight();
  tell("done");
  return std::move(result_);
}

Result<void> Calibrator::probe_placements() {
  Profile& profile = result_.profile;
  if (!facts_.driver.buffer_storage) return {};
  const auto plain = device_.probe_memory();
  if (!plain)
    return ends_everything(plain.error()) ? Result<void>(tl::unexpected(plain.error())) : Result<void>();
  profile.memory = *plain;
  for (const Access access : kAccesses) {
    for (const bool client : {false, true}) {
      const auto probe = device_.probe(access, client);
      if (!probe && ends_everything(probe.error())) return pass_on(probe);
      // A driver that refuses one combination of flags has others.
      if (!probe) continue;
      profile.of(access).mappings[client ? 1 : 0] = {
          placement_of(access, probe->costs, profile.memory, facts_.driver, probe->said), probe->costs};
    }
  }
  return {};
}

Result<void> Calibrator::measure_plans(double end) {
  weight_left_ = plan_weight();
  std::vector<Series> all;
  for (const Access access : kAccesses) {
    for (const std::uint32_t reads : kReads) {
      all.push_back(
          {.name = fmt::format("{}, used {} by the GPU", to_string(access), reads == 1 ? "once" : "often")});
    }
  }
  for (const std::uint64_t size : plan_sizes_) {
    for (const Access access : kAccesses) {
      PlanChoice found[std::size(kReads)];
      bool any = false;
      for (std::size_t i = 0; i < std::size(kReads); ++i) {
        Series& series = all[static_cast<std::size_t>(access) * std::size(kReads) + i];
        const PlanWork work{.access = access, .gpu_reads = kReads[i], .size_bytes = size};
        const std::vector<PlanChoice> ways = plan_ways(work, facts_.driver, result_.profile.of(access));
        std::vector<Contender> contenders;
        for (const PlanChoice& way : ways) {
          contenders.push_back(
              {.way = name_of(way), .make = [this, work, way] { return device_.prepare(work, way); }});
        }
        const auto outcome = contest(series, size, std::move(contenders), end);
        if (!outcome) return pass_on(outcome);
        if (!*outcome) continue;
        found[i] = ways[(*outcome)->way];
        found[i].ns = (*outcome)->ns;
        found[i].default_ns = (*outcome)->default_ns;
        any = true;
      }
      if (any) append(result_.profile.of(access).steps, size, found[0], found[1]);
    }
  }
  for (const Access access : kAccesses) {
    // Larger than the largest size is like it, if that was reached.
    auto& steps = result_.profile.of(access).steps;
    const std::size_t first = static_cast<std::size_t>(access) * std::size(kReads);
    if (!steps.empty() && !all[first].ended) steps.back().up_to_bytes = UINT64_MAX;
  }
  return {};
}

Result<void> Calibrator::measure_transfers(double end) {
  weight_left_ = transfer_weight();
  TransferPlan plan = facts_.transfers;
  const PlanRequest ring{.access = Access::read, .size_bytes = kRingBytes};
  const Placement placement =
      measured_for(result_.profile, ring, client_by_quirk(Access::read, facts_.driver)).placement;
  if (placement != Placement::unknown) plan.down.slow_reads = reads_slowly(placement);

  Series series[2] = {{.name = "upload"}, {.name = "download"}};
  FoundSteps found[2];
  for (const std::uint64_t size : transfer_sizes_) {
    for (const bool up : {true, false}) {
      TransferDirection way = up ? plan.up : plan.down;
      way.ring_bytes = std::max(way.ring_bytes, ring.size_bytes);
      const std::vector<TransferStep> ways = transfer_ways(up, size, facts_);
      std::vector<Contender> contenders;
      for (const TransferStep& step : ways) {
        way.steps = {step};
        way.steps.front().up_to_bytes = UINT64_MAX;
        contenders.push_back({.way = name_of(up, step, facts_), .make = [this, up, size, way] {
                                return device_.prepare(up, size, way, result_.profile);
                              }});
      }
      const auto outcome = contest(series[up ? 0 : 1], size, std::move(contenders), end);
      if (!outcome) return pass_on(outcome);
      if (*outcome) found[up ? 0 : 1].emplace_back(size, ways[(*outcome)->way]);
    }
  }
  if (found[0].empty() && found[1].empty()) return {};
  for (const bool up : {true, false}) {
    TransferDirection& way = up ? plan.up : plan.down;
    way.steps = steps_of(found[up ? 0 : 1], !series[up ? 0 : 1].ended, way);
    for (const TransferStep& step : way.steps)
      way.ring_bytes = std::max(way.ring_bytes, 4 * step.chunk_bytes);
  }
  plan.reason = "transfers: measured on this driver";
  result_.profile.transfers = std::move(plan);
  return {};
}

Result<std::optional<Calibrator::Outcome>> Calibrator::contest(Series& series, std::uint64_t size,
                                                               std::vector<Contender> contenders,
                                                               double stage_end) {
  const double now = device_.now_ns();
  const double left = stage_end - now;
  const double share = weight_of(size) / weight_left_;
  weight_left_ -= weight_of(size);
  weight_done_ += weight_of(size);
  for (std::size_t i = 0; i < contenders.size(); ++i) contenders[i].index = i;
  if (size > kEveryWayUpTo) {
    // What was far behind at the size before is not tried again.
    const auto hopeless = [&](const Contender& contender) {
      return std::find(series.near_best.begin(), series.near_best.end(), contender.way) ==
             series.near_best.end();
    };
    contenders.erase(std::remove_if(contenders.begin() + 1, contenders.end(), hopeless), contenders.end());
  }
  // Making and running a way takes as much longer as the size is larger, and half as long again for the turns.
  const double grown =
      series.pass_bytes == 0 ? 0 : static_cast<double>(size) / static_cast<double>(series.pass_bytes);
  const double needed = 1.5 * series.pass_ns * grown * static_cast<double>(contenders.size());
  if (series.ended || left <= 0 || (size > kMiB && needed > left) || stopped()) {
    series.ended = true;
    result_.complete = false;
    return std::nullopt;
  }
  if (contenders.size() == 1) return Outcome{};
  tell(fmt::format("{}, {} bytes", series.name, size));
  const RaceRules rules{.now = [this] { return device_.now_ns(); },
                        .over = [this, stage_end] { return device_.now_ns() >= stage_end || stopped(); },
                        .end_ns = now + left * share,
                        .one_at_a_time = size > kEveryWayUpTo};
  const auto pass = race(contenders, rules);
  if (!pass) return pass_on(pass);
  series.pass_ns = *pass / static_cast<double>(contenders.size());
  series.pass_bytes = size;
  auto chosen = winner(contenders);
  if (chosen && *chosen != 0) {
    if (auto again = race_again(contenders, rules); !again) return pass_on(again);
    // Without a second race the first one's winner may be the luckiest.
    const bool raced = contenders.front().times_again.size() >= kLeastRuns;
    chosen = raced ? winner(contenders).value_or(0) : 0;
  }
  add_cells(series, size, contenders, chosen);
  if (!chosen) {
    series.ended = true;
    result_.complete = false;
    return std::nullopt;
  }
  keep_near_best(series, contenders, size > kEveryWayUpTo ? kNearBestOfLarge : kNearBest);
  return Outcome{contenders[*chosen].index, slower_race(contenders[*chosen]).median,
                 slower_race(contenders[0]).median};
}

void Calibrator::keep_near_best(Series& series, const std::vector<Contender>& contenders, double near) {
  std::vector<std::pair<double, const Contender*>> order;
  for (const Contender& contender : contenders) {
    if (contender.has_figures()) order.emplace_back(spread_of(contender.times).median, &contender);
  }
  std::sort(order.begin(), order.end());
  series.near_best.clear();
  for (const auto& [median, contender] : order) {
    // The two fastest go on in any case: there is always one beside the default.
    if (series.near_best.size() == kMostOfLarge) break;
    if (series.near_best.size() < 2 || median <= near * order.front().first)
      series.near_best.push_back(contender->way);
  }
}

void Calibrator::add_cells(const Series& series, std::uint64_t size, const std::vector<Contender>& contenders,
                           std::optional<std::size_t> chosen) {
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Contender& contender = contenders[i];
    if (!contender.tried) continue;
    const Spread spread = slower_race(contender);
    result_.wrong += contender.wrong ? 1 : 0;
    result_.cells.push_back(
        {.work = series.name,
         .way = contender.way,
         .size_bytes = size,
         .ns = spread.median,
         .spread_ns = spread.half,
         .runs = static_cast<std::uint32_t>(contender.times.size() + contender.times_again.size()),
         .verified = contender.verified,
         .is_default = i == 0,
         .chosen = chosen == i});
  }
}

}  // namespace pmb::detail
