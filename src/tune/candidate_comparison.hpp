// SPDX-License-Identifier: MIT
// Compares candidates that do the same work: verifies their bytes, times them in turns, and picks the winner. No GL and
// no clock.
//
// Units: nanoseconds of one operation.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <pmb/result.hpp>
#include <string>
#include <vector>

namespace pmb::detail {

enum class Verdict : std::uint8_t { untried, failed, wrong_bytes, right };

struct Candidate {
  std::string name;
  /// Makes its memory anew and does the work once; returns whether it moved the right bytes.
  std::function<Result<bool>()> prepare;
  /// Does the work `count` times, waits for the GPU, and returns the nanoseconds of all runs.
  std::function<Result<double>(std::uint32_t count)> run;
  Verdict verdict = Verdict::untried;
  std::uint32_t burst = 1;
  std::array<std::vector<double>, 2> times = {};  ///< Of each pass.
  bool dropped = false;                           ///< Too slow to win: it takes no more turns.
};

/// Median, and half of the spread.
struct Spread {
  double median = 0;
  double half = 0;
};
/// Of the slower pass, if there were two.
Spread slower_pass(const Candidate& candidate);

/// Whether every other candidate would fail as well.
bool ends_everything(const Error& error) noexcept;

struct ComparisonRules {
  std::function<double()> now;
  std::function<bool()> over;  ///< Ends it at once, whatever is missing.
  double end_ns = 0;           ///< No turn beyond the least number starts after this.
};

/// Returns the winner, or nothing if the default (index 0) has no figures. A candidate that fails or moves wrong bytes is
/// left out; the call fails only if ends_everything().
///
/// A candidate replaces the default only if it is faster by at least 8 % and beyond the spread of both, in two passes.
/// It counts with its slower pass, the default with its faster one. The second pass prepares all anew: placement
/// noise, that is where a mapping happens to lie, often outweighs the method. Among near-equals the earlier one wins.
Result<std::optional<std::size_t>> compare(std::vector<Candidate>& candidates, const ComparisonRules& rules);

}  // namespace pmb::detail
