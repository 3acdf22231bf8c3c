// SPDX-License-Identifier: MIT
// Ways that take turns: when one displaces the default, and which ones end early.
#include "tune/race.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pmb_fixture.hpp"

namespace {

using pmb::Error;
using pmb::ErrorId;
using pmb::Result;
using pmb::detail::Contender;
using pmb::detail::race;
using pmb::detail::race_again;
using pmb::detail::RaceRules;
using pmb::detail::Trial;
using pmb::detail::winner;

/// A way that costs what it is told, `swing` more or less by turns, and `luck` times that when it is made first.
struct Way {
  double cost = 1e6;
  double luck = 1;
  double swing = 0;
  bool right = true;
  ErrorId fails = ErrorId::none;
};

class Scripted final : public Trial {
 public:
  Scripted(const Way& way, double& clock, int& runs) : way_(way), clock_(clock), runs_(runs) {}
  Result<double> run(std::uint32_t count) override {
    if (way_.fails != ErrorId::none)
      return tl::unexpected(Error{.status = status_of(way_.fails), .id = way_.fails});
    const double ns = way_.cost * (1 + way_.swing * (runs_++ % 2 == 0 ? 1 : -1)) * count;
    clock_ += ns;
    return ns;
  }
  Result<bool> verify() override { return way_.right; }

 private:
  const Way way_;
  double& clock_;
  int& runs_;
};

class Race : public testing::Test {
 protected:
  std::optional<std::size_t> won(std::vector<Way> ways, bool one_at_a_time = false) {
    runs_.assign(ways.size(), 0);
    made_.assign(ways.size(), 0);
    contenders_.clear();
    for (std::size_t i = 0; i < ways.size(); ++i) {
      contenders_.push_back({.way = std::to_string(i), .make = [this, i, told = ways[i]] {
                               Way way = told;
                               if (made_[i]++ == 0) way.cost *= way.luck;
                               return Result<std::unique_ptr<Trial>>(
                                   std::make_unique<Scripted>(way, clock_, runs_[i]));
                             }});
    }
    const auto pass = race(contenders_, rules(one_at_a_time));
    error_ = pass ? ErrorId::none : pass.error().id;
    return winner(contenders_);
  }

  /// Who wins by that race and another one together.
  std::optional<std::size_t> won_twice(std::vector<Way> ways) {
    static_cast<void>(won(std::move(ways)));
    const auto again = race_again(contenders_, rules());
    error_ = again ? ErrorId::none : again.error().id;
    return winner(contenders_);
  }
  RaceRules rules(bool one_at_a_time = false) {
    return {.now = [this] { return clock_; },
            .over = [this] { return clock_ >= end_; },
            .end_ns = soft_end_,
            .one_at_a_time = one_at_a_time};
  }

  double clock_ = 0;
  double end_ = 1e12;
  double soft_end_ = 1e12;
  std::vector<int> runs_;
  std::vector<int> made_;
  std::vector<Contender> contenders_;
  ErrorId error_ = ErrorId::none;
};

TEST_F(Race, TheFastestDisplacesTheDefault) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.8e6}, {.cost = 0.5e6}}), 2U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.8e6}, {.cost = 0.5e6}}, true), 2U);
}

TEST_F(Race, WhatIsInsideTheNoiseOfTheDefaultDoesNot) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.95e6}}), 0U) << "too little to matter";
  EXPECT_EQ(won({{.cost = 1e6, .swing = 0.3}, {.cost = 0.8e6, .swing = 0.3}}), 0U) << "runs differ by more";
  EXPECT_EQ(won({{.cost = 1e6, .swing = 0.02}, {.cost = 0.8e6, .swing = 0.02}}), 1U);
}

TEST_F(Race, OfEqualsTheOneBeforeTheOthersWins) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.51e6}, {.cost = 0.5e6}}), 1U);
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.95e6}, {.cost = 0.52e6}, {.cost = 0.5e6}}), 2U);
}

TEST_F(Race, LuckOfOneRaceDoesNotWin) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 1e6, .luck = 0.5}}), 1U);
  EXPECT_EQ(won_twice({{.cost = 1e6}, {.cost = 1e6, .luck = 0.7}}), 0U);
  EXPECT_EQ(made_[1], 2);
}

TEST_F(Race, WhoWasLuckyOnceStandsInNobodysWay) {
  EXPECT_EQ(won_twice({{.cost = 1e6}, {.cost = 1e6, .luck = 0.5}, {.cost = 0.55e6}}), 2U);
}

TEST_F(Race, WhoIsNotInTheSecondRaceIsOut) {
  static_cast<void>(won({{.cost = 1e6}, {.cost = 0.5e6}}));
  contenders_[0].times_again = contenders_[0].times;
  EXPECT_EQ(winner(contenders_), 0U);
  contenders_[1].times_again = contenders_[1].times;
  EXPECT_EQ(winner(contenders_), 1U);
}

// One that wins once more is not given up for another that is merely before it.
TEST_F(Race, WhoWinsBothRacesWins) {
  EXPECT_EQ(won_twice({{.cost = 1e6}, {.cost = 0.98e6, .luck = 1.01}, {.cost = 0.7e6}}), 2U);
  EXPECT_EQ(won_twice({{.cost = 1e6}, {.cost = 0.9e6, .luck = 1.2}, {.cost = 0.5e6}, {.cost = 0.9e6}}), 2U);
}

TEST_F(Race, WrongBytesNeverWinAndAreNotTimed) {
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.1e6, .right = false}}), 0U);
  EXPECT_TRUE(contenders_[1].wrong);
  EXPECT_EQ(runs_[1], 1);
  EXPECT_EQ(won({{.right = false}, {.cost = 0.1e6}}), std::nullopt) << "nothing to compare with";
}

TEST_F(Race, TheBeatenStopEarlyAndTheDefaultNeverDoes) {
  EXPECT_EQ(won({{.cost = 9e6}, {.cost = 1e6}, {.cost = 3e6}}), 1U);
  EXPECT_GT(runs_[0], 10);
  EXPECT_GT(runs_[1], 10);
  EXPECT_LT(runs_[2], 7);
}

TEST_F(Race, WhatFailsIsLeftOutUnlessNothingCanGoOn) {
  EXPECT_EQ(won({{}, {.fails = ErrorId::storage_failed}}), 0U);
  EXPECT_EQ(error_, ErrorId::none);
  won({{}, {.fails = ErrorId::context_lost}});
  EXPECT_EQ(error_, ErrorId::context_lost);
}

TEST_F(Race, ThreeTurnsAreTakenWhateverTheTimeAndNoneWhenItIsOver) {
  soft_end_ = 1;
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), 1U);
  EXPECT_EQ(contenders_[0].times.size(), 3U);
  end_ = clock_ + 8e6;
  EXPECT_EQ(won({{.cost = 1e6}, {.cost = 0.5e6}}), std::nullopt);
}

TEST_F(Race, ShortRunsAreTimedInRows) {
  won({{.cost = 100}, {.cost = 1e6}, {.cost = 1e7}});
  EXPECT_EQ(contenders_[0].burst, 256U);
  EXPECT_EQ(contenders_[1].burst, 4U) << "as in a stream";
  EXPECT_EQ(contenders_[2].burst, 1U);
}

}  // namespace
