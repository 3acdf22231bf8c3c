// SPDX-License-Identifier: MIT
#include "tune/candidate_comparison.hpp"

#include <algorithm>
#include <limits>
#include <pmb/tune/measure.hpp>

#include "base/fail.hpp"

namespace pmb::detail {
namespace {

using tune::kLeastSamples;

constexpr std::uint32_t kMostTurns = 15;
// A burst: far longer than a clock's step, far shorter than the machine's drifts.
constexpr double kBurst_ns = 100'000;
constexpr std::uint32_t kMostInBurst = 256;
// At least four runs, so that CPU and GPU overlap as in a stream, unless one run takes long.
constexpr std::uint32_t kLeastInBurst = 4;
constexpr double kLongRun_ns = 2e6;
// A candidate that is this much slower after a few turns no longer wins.
constexpr double kDropped = 1.5;
// Runs on one machine differ by 5 to 10 % from one start to the next (bench/results): less is no reason to leave the
// default.
constexpr double kWorthwhile = 0.92;

Spread spread_of(const std::vector<double>& times) {
  const tune::Statistics figures = tune::summarize(times);
  // Quartiles of few samples say little; there the extremes count.
  constexpr std::size_t kFew = 8;
  const double whole = figures.samples < kFew ? figures.most - figures.least : figures.spread();
  return {figures.median, whole / 2};
}

/// Whether it took enough turns in each of the first passes.
bool has_figures(const Candidate& candidate, std::size_t passes) {
  return candidate.verdict == Verdict::right &&
         std::all_of(candidate.times.begin(), candidate.times.begin() + passes,
                     [](const auto& times) { return times.size() >= kLeastSamples; });
}

/// Fails only if every other candidate would fail as well.
Result<void> give_up(Candidate& candidate, const Error& error) {
  candidate.verdict = Verdict::failed;
  if (ends_everything(error)) return tl::unexpected(error);
  return {};
}

Result<void> prepare(Candidate& candidate) {
  const auto right = candidate.prepare();
  if (!right) return give_up(candidate, right.error());
  candidate.verdict = *right ? Verdict::right : Verdict::wrong_bytes;
  if (!*right) return {};
  const auto once = candidate.run(1);
  if (!once) return give_up(candidate, once.error());
  candidate.burst =
      tune::burst_length(*once, kBurst_ns, *once < kLongRun_ns ? kLeastInBurst : 1, kMostInBurst);
  return {};
}

void drop_slow_ones(std::vector<Candidate>& candidates, std::size_t pass) {
  const auto counts = [&](const Candidate& candidate) { return has_figures(candidate, pass + 1); };
  const auto median = [&](const Candidate& candidate) { return spread_of(candidate.times[pass]).median; };
  double best = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : candidates) {
    if (counts(candidate)) best = std::min(best, median(candidate));
  }
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (counts(candidates[i])) candidates[i].dropped = median(candidates[i]) > kDropped * best;
  }
}

/// Prepares and times all candidates; the second pass only those that may still win, and the default.
Result<void> run_pass(std::vector<Candidate>& candidates, std::size_t pass, const ComparisonRules& rules) {
  for (Candidate& candidate : candidates) {
    if (pass > 0 && (candidate.dropped || candidate.verdict != Verdict::right)) continue;
    if (rules.over()) return {};
    if (auto prepared = prepare(candidate); !prepared) return prepared;
  }
  Result<void> failed;
  std::size_t turns = 0;
  const auto turn = [&](std::size_t i) {
    if (i == 0 && turns++ >= kLeastSamples) drop_slow_ones(candidates, pass);
    if (rules.over()) return false;
    Candidate& candidate = candidates[i];
    if (candidate.verdict != Verdict::right || candidate.dropped) return true;
    const auto all = candidate.run(candidate.burst);
    if (!all) {
      failed = give_up(candidate, all.error());
      return failed.has_value();
    }
    candidate.times[pass].push_back(*all / candidate.burst);
    return true;
  };
  tune::take_turns(candidates.size(), {.most_turns = kMostTurns, .end_ns = rules.end_ns, .now = rules.now},
                   turn);
  drop_slow_ones(candidates, pass);
  return failed;
}

bool is_faster(const Spread& a, const Spread& b) noexcept {
  return a.median < b.median;
}

Spread faster_pass(const Candidate& candidate) {
  const Spread first = spread_of(candidate.times[0]);
  return candidate.times[1].empty() ? first : std::min(first, spread_of(candidate.times[1]), is_faster);
}

bool is_clearly_faster(const Spread& candidate, const Spread& other) noexcept {
  return candidate.median + candidate.half < other.median - other.half &&
         candidate.median < kWorthwhile * other.median;
}

std::optional<std::size_t> winner(const std::vector<Candidate>& candidates, std::size_t passes) {
  if (!has_figures(candidates.front(), passes)) return std::nullopt;
  std::size_t fastest = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (has_figures(candidates[i], passes) &&
        is_faster(slower_pass(candidates[i]), slower_pass(candidates[fastest])))
      fastest = i;
  }
  const Spread best = slower_pass(candidates[fastest]);
  for (std::size_t i = 0; i < fastest; ++i) {
    if (!has_figures(candidates[i], passes)) continue;
    const Spread other = i == 0 ? faster_pass(candidates[i]) : slower_pass(candidates[i]);
    if (!is_clearly_faster(best, other)) return i;
  }
  return fastest;
}

}  // namespace

bool ends_everything(const Error& error) noexcept {
  return error.status == Status::context_lost || error.status == Status::wrong_context ||
         error.status == Status::wait_failed;
}

Spread slower_pass(const Candidate& candidate) {
  return std::max(spread_of(candidate.times[0]), spread_of(candidate.times[1]), is_faster);
}

Result<std::optional<std::size_t>> compare(std::vector<Candidate>& candidates, const ComparisonRules& rules) {
  if (auto done = run_pass(candidates, 0, rules); !done) return pass_on(done);
  const auto first = winner(candidates, 1);
  if (!first || *first == 0) return first;
  if (auto done = run_pass(candidates, 1, rules); !done) return pass_on(done);
  // Without a second pass the winner may owe its lead to placement noise.
  return winner(candidates, 2).value_or(0);
}

}  // namespace pmb::detail
