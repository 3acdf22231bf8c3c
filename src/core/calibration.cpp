// SPDX-License-Identifier: MIT
#include "core/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/profile_rules.hpp"

namespace pmb::core {
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
constexpr std::uint64_t kChunks[] = {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB, 4 * kMiB};
constexpr std::uint32_t kThreads[] = {1, 2, 3, 4, 6, 8};
// Below this neither chunks nor threads make a difference.
constexpr std::uint64_t kOnePiece = 128 * kKiB;
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

/// The sizes between two measured ones are shared, in the geometric middle.
std::uint64_t between(std::uint64_t smaller, std::uint64_t larger) {
  return static_cast<std::uint64_t>(std::sqrt(static_cast<double>(smaller) * static_cast<double>(larger)));
}

std::string name_of(const PlanChoice& choice) {
  std::string text = is_private(*choice.path)
                         ? to_string(*choice.path)
                         : fmt::format("{}, {}", to_string(*choice.model), to_string(*choice.path));
  if (choice.client_storage.value_or(false)) text += ", CLIENT_STORAGE";
  return text;
}

std::string name_of(bool up, const TransferStep& step) {
  if (step.path == Path::traditional) return up ? "glBufferSubData" : "glGetBufferSubData";
  return fmt::format("ring, chunks of {} KiB, {} thread{}", step.chunk_bytes / kKiB, step.threads,
                     step.threads == 1 ? "" : "s");
}

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

/// Size by size, as found; neighbours that are alike become one step. What lies beyond stays as `fill` leaves it.
void append(std::vector<PlanStep>& steps, std::uint64_t size, const PlanChoice& once,
            const PlanChoice& many) {
  if (!steps.empty() && same_way(steps.back().once, once) && same_way(steps.back().many, many)) {
    steps.back() = {size, once, many};
    return;
  }
  if (!steps.empty()) steps.back().up_to_bytes = between(steps.back().up_to_bytes, size);
  steps.push_back({size, once, many});
}

using Found = std::vector<std::pair<std::uint64_t, TransferStep>>;

/// The same for transfers; the defaults go on where the measurement ended.
std::vector<TransferStep> steps_of(const Found& found, bool complete, const TransferDirection& defaults) {
  std::vector<TransferStep> steps;
  for (std::size_t i = 0; i < found.size(); ++i) {
    TransferStep step = found[i].second;
    const bool last = i + 1 == found.size();
    step.up_to_bytes = !last      ? between(found[i].first, found[i + 1].first)
                       : complete ? UINT64_MAX
                                  : found[i].first;
    if (!steps.empty() && same_way(steps.back(), step)) {
      steps.back().up_to_bytes = step.up_to_bytes;
    } else {
      steps.push_back(step);
    }
  }
  for (const TransferStep& step : defaults.steps) {
    if (steps.empty() || step.up_to_bytes > steps.back().up_to_bytes) steps.push_back(step);
  }
  return steps;
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
    if (auto probed = probe_placements(); !probed) return tl::unexpected(probed.error());
  }
  if (auto measured = measure_plans(start + budget * kPlansShare); !measured)
    return tl::unexpected(measured.error());
  if (auto measured = measure_transfers(start + budget); !measured) return tl::unexpected(measured.error());
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
      if (!probe && ends_everything(probe.error())) return tl::unexpected(probe.error());
      // A driver that refuses one combination of flags has others.
      if (!probe) continue;
      profile.of(access).mappings[client ? 1 : 0] = {
          placement_of(access, probe->costs, profile.memory, facts_.driver, probe->said), probe->costs};
    }
  }
  return {};
}

std::vector<PlanChoice> Calibrator::plan_ways(const PlanWork& work) const {
  const PlanRequest request{
      .access = work.access, .size_bytes = work.size_bytes, .gpu_reads = work.gpu_reads};
  Plan plan;
  static_cast<void>(choose(request, facts_.driver, {}, plan));
  const bool by_default = client_by_quirk(work.access, facts_.driver);
  const auto way = [](Path path, Model model, bool client) {
    PlanChoice choice{.model = model, .path = path, .client_storage = client};
    if (is_private(path)) choice.model.reset(), choice.client_storage.reset();
    return choice;
  };
  std::vector<PlanChoice> ways{way(plan.path, plan.model, by_default)};
  if (facts_.driver.buffer_storage) {
    const auto& mappings = result_.profile.of(work.access).mappings;
    const bool flushes = work.access == Access::sequential_write || facts_.driver.memory_barrier;
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
        const std::vector<PlanChoice> ways = plan_ways(work);
        std::vector<Contender> contenders;
        for (const PlanChoice& way : ways) {
          contenders.push_back(
              {.way = name_of(way), .make = [this, work, way] { return device_.prepare(work, way); }});
        }
        const auto outcome = contest(series, size, std::move(contenders), end);
        if (!outcome) return tl::unexpected(outcome.error());
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

std::vector<TransferStep> Calibrator::transfer_ways(bool up, std::uint64_t size) const {
  const TransferDirection& defaults = up ? facts_.transfers.up : facts_.transfers.down;
  std::vector<TransferStep> ways{defaults.step_for(size)};
  if (up ? facts_.updates_by_gl : facts_.reads_by_gl) add(ways, TransferStep{.path = Path::traditional});
  if (!facts_.driver.buffer_storage) return ways;
  for (const std::uint64_t chunk : kChunks) {
    for (const std::uint32_t threads : kThreads) {
      if (threads > 1 && (threads > facts_.threads || size <= kOnePiece)) break;
      add(ways, TransferStep{.chunk_bytes = chunk, .threads = threads});
    }
    // The first one that holds it whole stands for all longer ones.
    if (chunk >= size) break;
  }
  return ways;
}

Result<void> Calibrator::measure_transfers(double end) {
  weight_left_ = transfer_weight();
  TransferPlan plan = facts_.transfers;
  const PlanRequest ring{.access = Access::read, .size_bytes = 4 * kChunks[std::size(kChunks) - 1]};
  const Placement placement =
      measured_for(result_.profile, ring, client_by_quirk(Access::read, facts_.driver)).placement;
  if (placement != Placement::unknown) plan.down.slow_reads = reads_slowly(placement);

  Series series[2] = {{.name = "upload"}, {.name = "download"}};
  Found found[2];
  for (const std::uint64_t size : transfer_sizes_) {
    for (const bool up : {true, false}) {
      TransferDirection way = up ? plan.up : plan.down;
      way.ring_bytes = std::max(way.ring_bytes, ring.size_bytes);
      const std::vector<TransferStep> ways = transfer_ways(up, size);
      std::vector<Contender> contenders;
      for (const TransferStep& step : ways) {
        way.steps = {step};
        way.steps.front().up_to_bytes = UINT64_MAX;
        contenders.push_back({.way = name_of(up, step), .make = [this, up, size, way] {
                                return device_.prepare(up, size, way, result_.profile);
                              }});
      }
      const auto outcome = contest(series[up ? 0 : 1], size, std::move(contenders), end);
      if (!outcome) return tl::unexpected(outcome.error());
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
  if (!pass) return tl::unexpected(pass.error());
  series.pass_ns = *pass / static_cast<double>(contenders.size());
  series.pass_bytes = size;
  auto chosen = winner(contenders);
  if (chosen && *chosen != 0) {
    const auto again = winner_again(contenders, rules);
    if (!again) return tl::unexpected(again.error());
    chosen = std::min(*chosen, *again);
  }
  add_cells(series, size, contenders, chosen);
  if (!chosen) {
    series.ended = true;
    result_.complete = false;
    return std::nullopt;
  }
  keep_near_best(series, contenders, size > kEveryWayUpTo ? kNearBestOfLarge : kNearBest);
  return Outcome{contenders[*chosen].index, spread_of(contenders[*chosen].times).median,
                 spread_of(contenders[0].times).median};
}

Result<std::size_t> Calibrator::winner_again(const std::vector<Contender>& contenders,
                                             const RaceRules& rules) {
  std::vector<Contender> again;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Contender& contender = contenders[i];
    if (i > 0 && (!contender.has_figures() || contender.beaten)) continue;
    again.push_back({.way = contender.way, .make = contender.make, .index = i});
  }
  const auto pass = race(again, rules);
  if (!pass) return tl::unexpected(pass.error());
  const auto chosen = winner(again);
  return chosen ? again[*chosen].index : 0;
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
    const Spread spread = spread_of(contender.times);
    result_.wrong += contender.wrong ? 1 : 0;
    result_.cells.push_back({.work = series.name,
                             .way = contender.way,
                             .size_bytes = size,
                             .ns = spread.median,
                             .spread_ns = spread.half,
                             .runs = static_cast<std::uint32_t>(contender.times.size()),
                             .verified = contender.verified,
                             .is_default = i == 0,
                             .chosen = chosen == i});
  }
}

}  // namespace pmb::core
