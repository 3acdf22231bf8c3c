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

TEST_P(FailingAllocations, AWatchedSliceThatCannotBeCopiedIsAnErrorAndTakesNoRoom) {
  World world(GetParam(), {.validates = true});
  auto ring = take(pmb::UploadRing::create(world.context(), {.capacity_bytes = 4096}));
  bool failed = true;
  std::uint64_t failures = 0;
  for (std::uint64_t number = 1; failed; ++number) {
    pmb::Result<pmb::Slice> slice;
    {
      const FailingNew failing(number);
      slice = ring.acquire(3000, 1);
    }
    failed = !slice;
    failures += failed ? 1 : 0;
    if (failed) {
      EXPECT_EQ(id_of(slice), ErrorId::out_of_host_memory);
    } else {
      take(ring.cancel(*slice));
    }
  }
  EXPECT_GE(failures, 2U) << "the copy, and its entry in the table";
}

TEST_P(FailingAllocations, AWatchedViewWithoutMemoryIsAnErrorAndCanBeHadLater) {
  World world(GetParam(), {.validates = true});
  auto ring = take(pmb::ReadbackRing::create(world.context(), {.capacity_bytes = 4096}));
  auto pool = take(pmb::BlockPool::create(
      world.context(), {.block_bytes = 256, .count = 1, .access = Access::read, .label = "blocks"}));
  const auto pending = take(ring.acquire(256));
  const pmb::Block block = take(pool.acquire());
  world.write_on_gpu(pending.buffer(), pending.offset_bytes(), pattern(256, 1));
  world.write_on_gpu(block.buffer(), 0, pattern(256, 2));
  const pmb::Ticket ticket = take(world.context().timeline().mark());
  take(ticket.wait(10s));
  const auto view_in_the_end = [](const auto& view) {
    std::uint64_t number = 0;
    for (;;) {
      const FailingNew failing(++number);
      const pmb::Result<pmb::ReadView> made = view();
      if (made) return std::make_pair(*made, number - 1);
      EXPECT_EQ(id_of(made), ErrorId::out_of_host_memory);
    }
  };
  const auto [arrived, failures] = view_in_the_end([&] { return pending.wait(10s); });
  EXPECT_TRUE(copy(arrived.bytes()) == pattern(256, 1));
  EXPECT_GE(failures, 1U);
  const auto [in_block, more_failures] = view_in_the_end([&] { return pool.wait_view(block, ticket, 10s); });
  EXPECT_TRUE(copy(in_block.bytes()) == pattern(256, 2));
  EXPECT_GE(more_failures, 1U);
}

#endif

}  // namespace
