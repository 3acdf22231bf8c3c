// SPDX-License-Identifier: MIT
// calibrate() on a real driver: every candidate moves the right bytes, and the profile applies to the next context.

#include <filesystem>
#include <thread>
#include <vector>

#include <pmb/tune/calibrate.hpp>

#include "gl_fixture.hpp"
#include "support/live_mappings.hpp"

namespace gl_test {
namespace {

// Large enough for chunks, threads and rings; software renderers finish in a second.
constexpr std::uint64_t kLargest = 512 << 10;

class Calibrate : public GlTest {
 protected:
  TestOptions test_options() const override {
    TestOptions wanted;
    wanted.options.parallel_for = [](std::size_t count, const auto& body) {
      std::vector<std::thread> threads;
      for (std::size_t i = 1; i < count; ++i) threads.emplace_back([body, i] { body(i); });
      body(0);
      for (std::thread& thread : threads) thread.join();
    };
    wanted.options.copy_threads = 3;
    return wanted;
  }
};

TEST_F(Calibrate, EveryCandidateMovesTheRightBytesAndTheProfileAppliesToTheNextContext) {
  const auto measured =
      pmb::calibrate(context(), {.budget = std::chrono::hours(1), .largest_bytes = kLargest});
  ASSERT_TRUE(measured) << measured.error().message();
  EXPECT_TRUE(measured->complete);
  EXPECT_EQ(measured->wrong, 0u);
  for (const pmb::CalibrationCell& cell : measured->cells) {
    EXPECT_TRUE(cell.verified) << cell.work << ", " << cell.candidate << ", " << cell.size_bytes;
  }
  EXPECT_EQ(pmb::test::live_mappings(context()).size(), 0u);
  expect_no_gl_error();
  ASSERT_NE(context().profile(), nullptr);

  const auto folder =
      std::filesystem::temp_directory_path() / ("pmb_gl_calibrate_" + std::to_string(getpid()));
  const std::string file = (folder / "profile.json").string();
  ASSERT_TRUE(measured->profile.save(file));
  pmb::Options options = context().options();
  const pmb::TransferPlan transfers = context().transfer_plan();
  options.profile = file;
  options.validation = {};
  auto next = pmb::Context::from_current(pmb::HeadlessContext::loader(), options);
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_NE(next->profile(), nullptr) << next->profile_error().message();
  EXPECT_EQ(next->transfer_plan().up, transfers.up);
  EXPECT_EQ(next->transfer_plan().down, transfers.down);
  for (const pmb::Access access :
       {pmb::Access::sequential_write, pmb::Access::read, pmb::Access::bidirectional}) {
    for (const std::uint32_t reads : {1u, 8u}) {
      const auto here = context().plan(access, 4096, reads);
      const auto there = next->plan(access, 4096, reads);
      ASSERT_TRUE(here && there);
      EXPECT_EQ(here->describe(), there->describe());
    }
  }
  std::filesystem::remove_all(folder);

  const GLuint buffer = plain_buffer(kLargest);
  for (const std::size_t size : {std::size_t{64}, std::size_t{100'000}, std::size_t{kLargest}}) {
    const Bytes bytes = pattern(size, 7);
    ASSERT_TRUE(pmb::upload(*next, buffer, 0, bytes));
    Bytes found(size);
    ASSERT_TRUE(pmb::download(*next, buffer, 0, found));
    EXPECT_EQ(first_difference(found, bytes), -1);
  }
}

TEST_F(Calibrate, AnIncompleteProfileIsUsable) {
  const auto measured = pmb::calibrate(context(), {.budget = std::chrono::milliseconds(1)});
  ASSERT_TRUE(measured) << measured.error().message();
  // Without buffer storage the raw GL calls are the only candidates: nothing is left to measure.
  EXPECT_EQ(measured->complete, !context().limits().buffer_storage);
  const auto read = pmb::Profile::from_json(measured->profile.to_json());
  ASSERT_TRUE(read) << read.error().message();
  const auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 4096});
  EXPECT_TRUE(ring) << ring.error().message();
}

}  // namespace
}  // namespace gl_test
