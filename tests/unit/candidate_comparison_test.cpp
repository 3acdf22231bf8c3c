// SPDX-License-Identifier: MIT
// Candidates that take turns: when one displaces the default, and which ones stop early.
#include "tune/candidate_comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pmb_fixture.hpp"

namespace {

using pmb::Error;
using pmb::ErrorId;
using pmb::Result;
using pmb::detail::Candidate;
using pmb::detail::compare;
using pmb::detail::ComparisonRules;
using pmb::detail::Verdict;

/// A candidate with a fixed cost, which alternates by `swing`. When it is made first, its placement scales the cost.
struct Script {
  double cost = 1e6;
  double first_placement = 1;
  double swing = 0;
  bool right = true;
  ErrorId fails = ErrorId::none;
  bool made_once = false;  ///< It cannot be made for the second pass.
};

class CandidateComparison : public testing::Test {
 protected:
  std::optional<std::size_t> won(std::vector<Script> scripts) {
    runs_.assign(scripts.size(), 0);
    made_.assign(scripts.size(), 0);
    candidates_.clear();
    scripts_ = std::move(scripts);
    for (std::size_t i = 0; i < scripts_.size(); ++i) {
      candidates_.push_back({.name = std::to_string(i),
                             .prepare = [this, i] { return prepare(i); },
                             .run = [this, i](std::uint32_t count) { return run(i, count); }});
    }
    const auto winner = compare(candidates_, rules());
    error_ = winner ? ErrorId::none : winner.error().id;
    return winner.value_or(std::nullopt);
  }
  Result<bool> prepare(std::size_t i) {
    const bool again = ++made_[i] > 1;
    if (again && scripts_[i].made_once) scripts_[i].fails = ErrorId::storage_failed;
    if (auto once = run(i, 1); !once) return tl::unexpected(once.error());
    return scripts_[i].right;
  }
  Result<double> run(std::size_t i, std::uint32_t count) {
    const Script& script = scripts_[i];
    if (script.fails != ErrorId::none)
      return tl::unexpected(Error{.status = status_of(script.fails), .id = script.fails});
    const double placement = made_[i] == 1 ? script.first_placement : 1;
    const double ns = script.cost * placement * (1 + script.swing * (runs_[i]++ % 2 == 0 ? 1 : -1)) * count;
    clock_ += ns;
    return ns;
  }
  ComparisonRules rules() {
    return {.now = [this] { return clock_; }, .over = [this] { return clock_ >= end_; }, .end_ns = soft_end_};
  }

  double clock_ = 0;
  double end_ = 1e12;
  double soft_end_ = 1e12;
  std::vector<Script> scripts_;
  std::vector<int> runs_;
  std::vector<int> made_;
  std::vector<Candidate> candidates_;
  ErrorId error_ = ErrorId::none;
};

TEST_F(CandidateComparison, TheFastestDisplacesTheDefault) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.8e6}, {.cost = 0.5e6}}), 2U);
}

TEST_F(CandidateComparison, ACandidateWithinTheNoiseOfTheDefaultDoesNotWin) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.95e6}}), 0U) << "the gain is too small";
  EXPECT_EQ(won({{.cost = 1e6, .swing = 0.3}, {.cost = 0.8e6, .swing = 0.3}}), 0U) << "runs differ by more";
  EXPECT_EQ(won({{.cost = 1e6, .swing = 0.02}, {.cost = 0.8e6, .swing = 0.02}}), 1U);
}

TEST_F(CandidateComparison, AmongNearEqualsTheEarlierOneWins) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.51e6}, {.cost = 0.5e6}}), 1U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.95e6}, {.cost = 0.52e6}, {.cost = 0.5e6}}), 2U);
}

TEST_F(CandidateComparison, PlacementNoiseOfOnePassDoesNotWin) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 1e6, .first_placement = 0.7}}), 0U);
  EXPECT_EQ(made_[1], 2);
}

TEST_F(CandidateComparison, PlacementNoiseOfOneCandidateDoesNotHideAnother) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 1e6, .first_placement = 0.5}, {.cost = 0.55e6}}), 2U);
}

TEST_F(CandidateComparison, ACandidateWithoutASecondPassIsExcluded) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6, .made_once = true}}), 0U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6, .made_once = true}, {.cost = 0.7e6}}), 2U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), 1U);
  end_ = clock_ + 100e6;
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), 0U) << "time for one pass";
}

// An earlier near-equal of the first pass does not displace it.
TEST_F(CandidateComparison, TheWinnerOfBothPassesWins) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.98e6, .first_placement = 1.01}, {.cost = 0.7e6}}), 2U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.9e6, .first_placement = 1.2}, {.cost = 0.5e6}, {.cost = 0.9e6}}),
            2U);
}

TEST_F(CandidateComparison, ACandidateThatMovesWrongBytesNeverWinsAndIsNotTimed) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.1e6, .right = false}}), 0U);
  EXPECT_EQ(candidates_[1].verdict, Verdict::wrong_bytes);
  EXPECT_EQ(runs_[1], 1);
  EXPECT_EQ(won({{.right = false}, {.cost = 0.1e6}}), std::nullopt) << "nothing to compare with";
}

TEST_F(CandidateComparison, SlowCandidatesStopEarlyAndTheDefaultNeverDoes) {
  EXPECT_EQ(won({{.cost = 9e6}, {.cost = 1e6}, {.cost = 3e6}}), 1U);
  EXPECT_GT(runs_[0], 10);
  EXPECT_GT(runs_[1], 10);
  EXPECT_EQ(runs_[2], 2 + 3) << "made, timed once, and three turns";
}

TEST_F(CandidateComparison, AFailingCandidateIsLeftOutUnlessAllWouldFail) {
  EXPECT_EQ(won({{}, {.fails = ErrorId::storage_failed}}), 0U);
  EXPECT_EQ(error_, ErrorId::none);
  won({{}, {.fails = ErrorId::context_lost}});
  EXPECT_EQ(error_, ErrorId::context_lost);
}

TEST_F(CandidateComparison, ThreeTurnsAreTakenAfterTheSoftEndAndNoneAfterTheHardOne) {
  soft_end_ = 1;
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), 1U);
  EXPECT_EQ(candidates_[0].times[0].size(), 3U);
  end_ = clock_ + 8e6;
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), std::nullopt);
}

TEST_F(CandidateComparison, ShortRunsAreTimedInBursts) {
  won({{.cost = 100}, {.cost = 1e6}, {.cost = 1e7}});
  EXPECT_EQ(candidates_[0].burst, 256U);
  EXPECT_EQ(candidates_[1].burst, 4U) << "CPU and GPU overlap as in a stream";
  EXPECT_EQ(candidates_[2].burst, 1U);
}

}  // namespace
