// SPDX-License-Identifier: MIT
// Ways of doing the same work take turns, so that whatever drifts on the machine drifts for all of them; those that are
// clearly beaten stop early. No GL and no clock of its own.
//
// Units: nanoseconds of one operation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <pmb/result.hpp>
#include <string>
#include <vector>

namespace pmb::detail {

/// One way of doing one work, ready to run.
class Trial {
 public:
  virtual ~Trial() = default;
  /// Does it `count` times, and waits until the GPU is done. Answers nanoseconds of all.
  virtual Result<double> run(std::uint32_t count) = 0;
  /// Whether the last run moved the right bytes.
  virtual Result<bool> verify() = 0;
};

/// Median, and half the distance of the quartiles; of a few runs, of the extremes.
struct Spread {
  double median = 0;
  double half = 0;
};
Spread spread_of(std::vector<double> times);

/// Fewer runs have no spread to speak of.
inline constexpr std::size_t kLeastRuns = 3;

struct Contender {
  std::string way;
  std::function<Result<std::unique_ptr<Trial>>()> make;
  std::size_t index = 0;  ///< Whatever its maker knows it by.
  std::unique_ptr<Trial> trial = {};
  std::uint32_t burst = 1;
  std::vector<double> times = {};
  std::vector<double> times_again = {};  ///< Of a second race, if there was one.
  bool tried = false;
  bool wrong = false;     ///< Moved wrong bytes.
  bool verified = false;  ///< All of its bytes were right.
  bool beaten = false;

  bool has_figures() const noexcept { return verified && times.size() >= kLeastRuns; }
};

/// What no other way survives either.
bool ends_everything(const Error& error) noexcept;

struct RaceRules {
  std::function<double()> now;
  std::function<bool()> over;  ///< At once, whatever is missing.
  double end_ns = 0;           ///< From then on no more turns than needed.
  /// Each is made, run and given back before the next one, which then cannot take turns: for work whose memory is not
  /// there once for each.
  bool one_at_a_time = false;
};

/// Makes, verifies and times the contenders; the first one is never beaten. Nanoseconds that making and running all of
/// them once took. Fails where nothing can go on; else what fails has no figures.
Result<double> race(std::vector<Contender>& contenders, const RaceRules& rules);

/// Once more among the first and those that were near the best, with trials made anew: where a mapping happens to lie
/// makes more difference than most ways do, and of many ways one is the luckiest.
Result<void> race_again(std::vector<Contender>& contenders, const RaceRules& rules);

/// Of its two races, if there were two.
Spread slower_race(const Contender& contender);

/// The first one that no other is faster than by more than both vary and by enough to matter: the default where it is
/// among the best, else what stands before its equals. Of two races the slower counts, but for the default, which keeps the
/// faster of its own; who was not in both is out. Empty where the first one has no figures.
std::optional<std::size_t> winner(const std::vector<Contender>& contenders);

}  // namespace pmb::detail
