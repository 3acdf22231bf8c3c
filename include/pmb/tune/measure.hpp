// SPDX-License-Identifier: MIT
// Measuring: a clock, statistics, and candidates that take turns, so that a drift of the machine affects all of them
// alike. calibrate(), `pmb bench` and the programs in bench/ measure with it.
//
//   const double end = pmb::tune::now_ns() + 1e9;
//   pmb::tune::take_turns(candidates.size(), {.end_ns = end}, [&](std::size_t i) {
//     candidates[i].times.push_back(pmb::tune::time_ns([&] { candidates[i].run(); }));
//     return true;
//   });
//   const pmb::tune::Statistics figures = pmb::tune::summarize(candidates[0].times);
//
// Units:   nanoseconds.
// Threads: any.
// GL:      none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <pmb/detail/api.hpp>
#include <span>

namespace pmb::tune {

/// A monotonic clock.
PMB_API double now_ns() noexcept;

/// Runs `work` once and returns its duration.
template <class Work>
double time_ns(Work&& work) {
  const double start = now_ns();
  work();
  return now_ns() - start;
}

/// Each quartile is the median of one half of the samples; an odd one in the middle belongs to neither half.
struct Statistics {
  double median = 0;
  double first_quartile = 0;
  double third_quartile = 0;
  double least = 0;
  double most = 0;
  std::size_t samples = 0;

  /// The interquartile range.
  double spread() const noexcept { return third_quartile - first_quartile; }
};

/// Of no samples: all zero. Allocates.
PMB_API Statistics summarize(std::span<const double> samples);

/// With fewer samples a spread means nothing.
inline constexpr std::uint32_t kLeastSamples = 3;

/// True if the interquartile ranges do not touch and both have kLeastSamples.
PMB_API bool differ(const Statistics& a, const Statistics& b) noexcept;

/// How many runs of `once_ns` fill `burst_ns`, within the limits. Bursts keep short runs well above the clock's step.
PMB_API std::uint32_t burst_length(double once_ns, double burst_ns, std::uint32_t least,
                                   std::uint32_t most) noexcept;

struct TurnRules {
  std::uint32_t least_turns = kLeastSamples;  ///< Taken even after end_ns.
  std::uint32_t most_turns = 10'000;
  double end_ns = 0;  ///< By `now`.
  /// After this long, kLeastSamples turns are enough.
  double long_ns = std::numeric_limits<double>::infinity();
  /// Every turn has another order, so that no candidate always runs after the same one.
  bool shuffled = false;
  std::function<double()> now = now_ns;
};

/// Calls `turn` for each of `count` candidates, turn after turn, until the rules end it or `turn` returns false.
PMB_API void take_turns(std::size_t count, const TurnRules& rules,
                        const std::function<bool(std::size_t candidate)>& turn);

}  // namespace pmb::tune
