// SPDX-License-Identifier: MIT
// Compares candidates that do the same work: verifies their bytes, times them in turns, and picks the winner. No GL and
// no clock.
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

/// One candidate with its buffers, ready to run.
class Trial {
 public:
  virtual ~Trial() = default;
  /// Does the work `count` times, waits for the GPU, and returns the nanoseconds of all runs.
  virtual Result<double> run(std::uint32_t count) = 0;
  /// Whether the last run moved the right bytes.
  virtual Result<bool> verify() = 0;
};

struct Candidate {
  std::string name;
  std::function<Result<std::unique_ptr<Trial>>()> make;
  std::unique_ptr<Trial> trial = {};
  std::uint32_t burst = 1;
  std::vector<double> times = {};
  std::vector<double> second_times = {};  ///< Of the second pass, if there was one.
  bool tried = false;
  bool wrong = false;     ///< It moved wrong bytes.
  bool verified = false;  ///< All its bytes were right.
  bool dropped = false;   ///< Too slow to win: it takes no more turns.

  bool has_figures() const noexcept;
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

/// The first pass: makes, verifies and times all candidates. The first one, the default, is never dropped. A candidate
/// that fails has no figures; the call fails only if ends_everything().
Result<void> compare(std::vector<Candidate>& candidates, const ComparisonRules& rules);

/// The second pass, among the default and the candidates that were not dropped. It makes all trials anew: placement
/// noise, that is where a mapping happens to lie, often outweighs the method.
Result<void> compare_again(std::vector<Candidate>& candidates, const ComparisonRules& rules);

/// The default (index 0) wins unless a candidate is faster beyond the spread of both and by at least 8 %. After two
/// passes a candidate counts with its slower pass, the default with its faster one; a candidate without figures in both
/// passes is excluded. Among near-equals the earlier one wins. Empty if the default has no figures.
std::optional<std::size_t> winner(const std::vector<Candidate>& candidates);

}  // namespace pmb::detail
