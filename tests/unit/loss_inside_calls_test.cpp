// SPDX-License-Identifier: MIT
// The GL context is lost before each GL call of a whole use once. A lost context returns 0 to every query, which looks like a
// mistake of the program or of the driver. Whatever fails says context_lost, and no call reports misuse.
#include "support/address_sanitizer.hpp"
#include "whole_uses.hpp"

namespace {

using namespace pmb_test;

class LossInsideCalls : public testing::TestWithParam<PathCase> {
 protected:
  /// A path sees the loss before every third call; the paths together see each. Sanitizers take twenty times as long, and
  /// see every 21st.
  static constexpr std::uint64_t kStep = PMB_TEST_ADDRESS_SANITIZER ? 21 : 3;

  void TearDown() override {
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U);
    EXPECT_EQ(strict_gl::calls_without_context(), 0U);
    strict_gl::reset_calls_without_context();
  }

  /// Runs the use, with the loss before GL call `number`, counted from 1. Returns the number of calls.
  static std::uint64_t run(const WholeUse& whole, std::uint64_t number, bool validates) {
    // Once a reset is over, GL reports it no more.
    World world(GetParam(), {.validates = validates, .reset_answers = validates ? -1 : 1});
    std::uint64_t calls = 0;
    std::string last;
    world.fake().script_every_call([&](std::string_view name) -> std::optional<strict_gl::Action> {
      if (++calls != number) return {};
      last = name;
      return strict_gl::lose_the_context();
    });
    const auto outcome = whole.run(world);
    SCOPED_TRACE(std::string(whole.name) + ", lost before " + last + ", call " + std::to_string(number));
    const std::uint64_t made = calls;
    world.fake().clear_script();
    if (!world.fake().lost()) {
      EXPECT_TRUE(outcome) << outcome.error().message();
      return made;
    }
    if (!outcome) {
      EXPECT_EQ(outcome.error().id, ErrorId::context_lost) << outcome.error().message();
    }
    EXPECT_EQ(id_of(world.context().timeline().mark()), ErrorId::context_lost);
    EXPECT_TRUE(world.context().lost());
    EXPECT_EQ(world.losses_logged(), 1U);
    EXPECT_EQ(world.log_lines().size(), 1U) << world.log_lines().front();
    EXPECT_TRUE(world.reports().empty()) << world.reports().front();
    return made;
  }
};
/// GL reports a loss here.
INSTANTIATE_TEST_SUITE_P(Paths, LossInsideCalls,
                         testing::Values(PathCase{Edit::by_name, Model::coherent},
                                         PathCase{Edit::by_binding, Model::explicit_flush},
                                         PathCase{Edit::es, Model::coherent},
                                         PathCase{Edit::traditional, Model::coherent},
                                         PathCase{Edit::orphaned, Model::explicit_flush}),
                         path_name);

TEST_P(LossInsideCalls, EveryErrorIsTheLoss) {
  for (const bool validates : {false, true}) {
    for (const WholeUse& whole : kWholeUses) {
      const std::uint64_t calls = run(whole, 0, validates);
      const auto first = 1 + static_cast<std::uint64_t>(GetParam().edit) % 3;
      for (std::uint64_t number = first; number <= calls; number += kStep) {
        EXPECT_LE(run(whole, number, validates), 3 * calls + 100) << "calls without end";
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
