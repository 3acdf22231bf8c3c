// SPDX-License-Identifier: MIT
#include "tune/race.hpp"

#include <algorithm>

#include "base/fail.hpp"

namespace pmb::detail {
namespace {

constexpr std::size_t kMostRuns = 15;
// Runs of one way in a row take about this long: far more than a clock's step, far less than the machine's moods.
constexpr double kBurst_ns = 100'000;
constexpr double kMostInBurst = 256;
// And a few in a row, so that CPU and GPU work at the same time as they do in a stream, where that does not take long.
constexpr double kLeastInBurst = 4;
constexpr double kLongRun_ns = 2e6;
// What is behind by this much after a few turns does not win any more.
constexpr double kBeaten = 1.5;
// Runs on one machine differ by 5 to 10 % from one start to the next (bench/results); less is not worth leaving what
// is known to work.
constexpr double kWorthwhile = 0.92;

/// Fails only where nothing can go on.
Result<void> give_up(Contender& contender, const Error& error) {
  contender.trial.reset();
  contender.verified = false;
  if (ends_everything(error)) return tl::unexpected(error);
  return {};
}

Result<void> prepare(Contender& contender) {
  contender.tried = true;
  auto made = contender.make();
  if (!made) return give_up(contender, made.error());
  contender.trial = std::move(*made);
  // The first run touches what later ones find.
  if (auto first = contender.trial->run(1); !first) return give_up(contender, first.error());
  const auto right = contender.trial->verify();
  if (!right) return give_up(contender, right.error());
  contender.verified = *right;
  contender.wrong = !*right;
  if (contender.wrong) {
    contender.trial.reset();
    return {};
  }
  const auto again = contender.trial->run(1);
  if (!again) return give_up(contender, again.error());
  const double least = *again < kLongRun_ns ? kLeastInBurst : 1;
  contender.burst =
      static_cast<std::uint32_t>(std::clamp(kBurst_ns / std::max(*again, 1.0), least, kMostInBurst));
  return {};
}

Result<void> take_turn(Contender& contender) {
  if (!contender.trial || contender.beaten) return {};
  const auto all = contender.trial->run(contender.burst);
  if (!all) return give_up(contender, all.error());
  contender.times.push_back(*all / contender.burst);
  return {};
}

void mark_beaten(std::vector<Contender>& contenders) {
  double best = 0;
  for (const Contender& contender : contenders) {
    if (!contender.has_figures()) continue;
    const double median = spread_of(contender.times).median;
    if (best == 0 || median < best) best = median;
  }
  for (Contender& contender : contenders) {
    if (&contender == &contenders.front() || !contender.has_figures()) continue;
    contender.beaten = spread_of(contender.times).median > kBeaten * best;
  }
}

Result<void> take_turns(std::vector<Contender*> group, std::vector<Contender>& all, const RaceRules& rules) {
  for (std::size_t turn = 0; turn < kMostRuns; ++turn) {
    if (turn >= kLeastRuns && rules.now() >= rules.end_ns) return {};
    for (Contender* contender : group) {
      if (rules.over()) return {};
      if (auto taken = take_turn(*contender); !taken) return taken;
    }
    if (turn + 1 >= kLeastRuns) mark_beaten(all);
  }
  return {};
}

/// By more than both vary, and by enough to matter.
bool is_clearly_faster(const Spread& way, const Spread& other) noexcept {
  return way.median + way.half < other.median - other.half && way.median < kWorthwhile * other.median;
}

Spread faster_race(const Contender& contender) {
  const Spread first = spread_of(contender.times);
  if (contender.times_again.empty()) return first;
  const Spread again = spread_of(contender.times_again);
  return again.median < first.median ? again : first;
}

}  // namespace

bool ends_everything(const Error& error) noexcept {
  return error.status == Status::context_lost || error.status == Status::wrong_context ||
         error.status == Status::wait_failed;
}

Spread spread_of(std::vector<double> times) {
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t quarter) { return times[(times.size() - 1) * quarter / 4]; };
  // Of a few runs all count.
  constexpr std::size_t kFew = 8;
  return {at(2), times.size() < kFew ? (times.back() - times.front()) / 2 : (at(3) - at(1)) / 2};
}

Result<double> race(std::vector<Contender>& contenders, const RaceRules& rules) {
  double pass = 0;
  std::vector<Contender*> group;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (rules.over()) return pass;
    const double start = rules.now();
    if (auto prepared = prepare(contenders[i]); !prepared) return pass_on(prepared);
    pass += rules.now() - start;
    group.push_back(&contenders[i]);
    if (!rules.one_at_a_time) continue;
    RaceRules alone = rules;
    const double now = rules.now();
    alone.end_ns = now + (rules.end_ns - now) / static_cast<double>(contenders.size() - i);
    if (auto taken = take_turns(group, contenders, alone); !taken) return pass_on(taken);
    group.clear();
    contenders[i].trial.reset();
  }
  if (auto taken = take_turns(group, contenders, rules); !taken) return pass_on(taken);
  return pass;
}

Result<void> race_again(std::vector<Contender>& contenders, const RaceRules& rules) {
  std::vector<Contender> again;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    Contender& contender = contenders[i];
    contender.trial.reset();
    if (i > 0 && (!contender.has_figures() || contender.beaten)) continue;
    again.push_back({.way = contender.way, .make = contender.make, .index = i});
  }
  if (const auto pass = race(again, rules); !pass) return pass_on(pass);
  for (const Contender& second : again) {
    if (!second.tried) continue;
    Contender& first = contenders[second.index];
    first.times_again = second.times;
    first.verified = first.verified && second.verified;
    first.wrong = first.wrong || second.wrong;
  }
  return {};
}

Spread slower_race(const Contender& contender) {
  const Spread first = spread_of(contender.times);
  const Spread again = spread_of(contender.times_again);
  return again.median > first.median ? again : first;
}

std::optional<std::size_t> winner(const std::vector<Contender>& contenders) {
  if (contenders.empty() || !contenders.front().has_figures()) return std::nullopt;
  const bool raced_twice = !contenders.front().times_again.empty();
  const auto counts = [&](const Contender& contender) {
    return contender.has_figures() && (!raced_twice || contender.times_again.size() >= kLeastRuns);
  };
  std::size_t fastest = 0;
  Spread best = slower_race(contenders.front());
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    if (!counts(contenders[i])) continue;
    const Spread way = slower_race(contenders[i]);
    if (way.median >= best.median) continue;
    fastest = i;
    best = way;
  }
  for (std::size_t i = 0; i < fastest; ++i) {
    if (i > 0 && !counts(contenders[i])) continue;
    const Spread other = i == 0 ? faster_race(contenders[i]) : slower_race(contenders[i]);
    if (!is_clearly_faster(best, other)) return i;
  }
  return fastest;
}

}  // namespace pmb::detail
