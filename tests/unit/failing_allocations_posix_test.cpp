// SPDX-License-Identifier: MIT
// Each allocation of pmb's fails once, in a whole use of each kind of object: a typed error or no effect, no crash, nothing left
// behind, and the same use succeeds afterwards.
#include "failing_new_posix.hpp"
#include "support/address_sanitizer.hpp"
#include "whole_uses.hpp"

namespace {

using namespace pmb_test;

#if !PMB_TEST_ADDRESS_SANITIZER  // they have an operator new of their own

class FailingAllocations : public testing::TestWithParam<PathCase> {
 protected:
  void TearDown() override { EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U); }

  /// Runs the use while the allocation of that number fails. Returns how many there were.
  static std::uint64_t run(const WholeUse& whole, std::uint64_t number, bool validates) {
    World world(GetParam(), {.validates = validates});
    std::uint64_t allocations = 0;
    {
      const FailingNew failing(number);
      try {
        const auto outcome = whole.run(world);
        allocations = failing.allocations();
        if (!outcome) {
          EXPECT_EQ(status_of(outcome), Status::out_of_memory) << outcome.error().message();
        }
      } catch (const std::bad_alloc&) {
        // An allocation of the test.
      }
    }
    // Validation adds a buffer to each ring that the context keeps.
    if (!validates) {
      EXPECT_EQ(world.buffers_of_objects(), 0U) << "buffers of the failed use are left";
    }
    EXPECT_EQ(world.context().mapped_bytes(), world.bytes_of_mappings());
    const auto again = whole.run(world);
    EXPECT_TRUE(again) << again.error().message();
    return allocations;
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, FailingAllocations,
                         testing::Values(PathCase{Edit::by_name, Model::coherent},
                                         PathCase{Edit::by_binding, Model::explicit_flush},
                                         PathCase{Edit::es, Model::coherent},
                                         PathCase{Edit::traditional, Model::coherent}),
                         path_name);

TEST_P(FailingAllocations, EachIsATypedErrorOrHasNoEffect) {
  std::uint64_t failed = 0;
  for (const bool validates : {false, true}) {
    for (const WholeUse& whole : kWholeUses) {
      const std::uint64_t allocations = run(whole, 0, validates);
      for (std::uint64_t number = 1; number <= allocations; ++number, ++failed) {
        SCOPED_TRACE(std::string(whole.name) + (validates ? ", validated" : "") + ", allocation " +
                     std::to_string(number));
        run(whole, number, validates);
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(failed, 100U);
}

#endif

}  // namespace
