// SPDX-License-Identifier: MIT
// calibrate() on the strict fake GL, which fails a test if a candidate lacks a fence, a flush or a barrier. The choices
// depend on the machine and are not checked; the bytes, the clean-up and the GL state are.
#include <pmb/tune/calibrate.hpp>

#include "pmb_fixture.hpp"
#include "support/live_mappings.hpp"

namespace {

using namespace pmb_test;
using pmb::CalibrateOptions;
using pmb::Calibration;
using pmb::CalibrationCell;

// The fake is slow. Up to this size every candidate and stage is reached.
constexpr std::uint64_t kLargest = 16 << 10;

class Calibrate : public PmbPathTest {
 protected:
  /// Measures everything, so that no test depends on time.
  static CalibrateOptions all() { return {.budget = std::chrono::hours(1), .largest_bytes = kLargest}; }
};
INSTANTIATE_TEST_SUITE_P(Paths, Calibrate, every_path(), path_name);

TEST_P(Calibrate, EveryCandidateMovesTheRightBytesAndTheProfileIsApplied) {
  const Calibration measured = take(pmb::calibrate(*context_, all()));
  EXPECT_TRUE(measured.complete);
  EXPECT_EQ(measured.wrong, 0U);
  EXPECT_EQ(measured.cells.empty(), !context_->limits().buffer_storage) << "else there is nothing to compare";
  for (const CalibrationCell& cell : measured.cells) {
    EXPECT_TRUE(cell.verified) << cell.work << ", " << cell.candidate << ", " << cell.size_bytes;
    EXPECT_GT(cell.runs, 0U) << cell.work << ", " << cell.candidate << ", " << cell.size_bytes;
  }
  if (context_->limits().buffer_storage) {
    EXPECT_GT(measured.profile.memory.gpu_ns_per_kib, 0.01) << "no memory copies a KiB in 10 fs";
  }
  ASSERT_NE(context_->profile(), nullptr);
  EXPECT_EQ(context_->profile()->to_json(), measured.profile.to_json());
  EXPECT_EQ(measured.profile.key, pmb::profile_key(*context_));
  EXPECT_TRUE(context_->transfer_plan().usable());
  // A later start can read it.
  EXPECT_EQ(take(pmb::Profile::from_json(measured.profile.to_json())).to_json(), measured.profile.to_json());

  const GLuint buffer = plain_buffer(kLargest);
  for (const std::size_t size : {64U, 4096U, 16384U}) {
    take(pmb::upload(*context_, buffer, 0, pattern(size, size)));
    Bytes found(size);
    take(pmb::download(*context_, buffer, 0, found));
    EXPECT_EQ(found, pattern(size, size));
  }
}

TEST_P(Calibrate, ChangesNoGlStateAndKeepsTheCallersErrors) {
  const GLuint own = plain_buffer(4096, pattern(4096, 1).data());
  for (const int target : {GL_ARRAY_BUFFER, GL_PIXEL_PACK_BUFFER, GL_UNIFORM_BUFFER}) {
    gl_.BindBuffer(static_cast<GLenum>(target), own);
  }
  const std::size_t buffers = fake_->live_buffers();
  const std::size_t syncs = fake_->live_syncs();
  fake_->inject_error(GL_INVALID_ENUM);
  auto before = fake_->state_snapshot();
  take(pmb::calibrate(*context_, all()));
  auto after = fake_->state_snapshot();
  for (auto* snapshot : {&before, &after}) {
    snapshot->values.erase("GL_COPY_READ_BUFFER");
    snapshot->values.erase("GL_COPY_WRITE_BUFFER");
  }
  EXPECT_EQ(before, after) << before.diff(after);
  EXPECT_EQ(context_->take_caller_error(), static_cast<std::uint32_t>(GL_INVALID_ENUM));
  EXPECT_EQ(context_->take_caller_error(), 0U);
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
  EXPECT_EQ(fake_->live_buffers(), buffers);
  EXPECT_EQ(fake_->live_syncs(), syncs);
  EXPECT_EQ(fake_->mapped_buffers(), 0U);
  EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U);
  EXPECT_EQ(fake_->gpu_bytes(own), pattern(4096, 1));
}

TEST_P(Calibrate, TheProgramsRingsAndPendingDownloadsStayValid) {
  const GLuint buffer = plain_buffer(4096, pattern(4096, 1).data());
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = put(ring, pattern(64, 2));
  const auto ticket = mark();
  auto pending = take(pmb::download_async(*context_, buffer, 0, 4096));
  take(pmb::upload(*context_, buffer, 0, pattern(64, 3)));
  Bytes much(256 << 10);
  const GLuint large = plain_buffer(much.size());
  take(pmb::upload(*context_, large, 0, much));
  take(pmb::download(*context_, large, 0, much));
  take(pmb::calibrate(*context_, {.budget = std::chrono::hours(1), .largest_bytes = 1024}));
  for (const std::string& label : pmb::test::live_mappings(*context_)) {
    EXPECT_NE(label, "pmb upload") << "a ring of the previous plan";
    EXPECT_NE(label, "pmb download") << "a ring of the previous plan";
  }
  EXPECT_TRUE(slice.is_live());
  take(ring.retire(slice, ticket));
  Bytes found(4096);
  take(pending.copy_to(found, 1s));
  EXPECT_EQ(found, pattern(4096, 1)) << "the bytes at the time of the request";
  take(pmb::download(*context_, buffer, 0, std::span(found).first(64)));
  EXPECT_EQ(Bytes(found.begin(), found.begin() + 64), pattern(64, 3));
}

class CalibrateOnce : public PmbTest {};

TEST_F(CalibrateOnce, ABudgetOfZeroMeasuresNothingAndKeepsTheDefaults) {
  start();
  const auto before = context_->transfer_plan();
  const Calibration measured = take(pmb::calibrate(*context_, {.budget = std::chrono::seconds(0)}));
  EXPECT_FALSE(measured.complete);
  EXPECT_TRUE(measured.cells.empty());
  EXPECT_EQ(context_->transfer_plan().up, before.up);
  EXPECT_EQ(context_->transfer_plan().down, before.down);
  ASSERT_NE(context_->profile(), nullptr);
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).path, pmb::Path::direct);
}

TEST_F(CalibrateOnce, ComparesWithTheDefaultsNotWithTheCurrentPlan) {
  start();
  pmb::TransferPlan forced = context_->transfer_plan();
  const auto defaults = forced.up.steps;
  forced.up.steps = {{.chunk_bytes = 64 << 10, .threads = 7}};
  start({}, {.path = pmb::Path::staged, .transfer = std::make_shared<pmb::TransferPlan>(forced)});
  const Calibration measured =
      take(pmb::calibrate(*context_, {.budget = std::chrono::hours(1), .largest_bytes = 1024}));
  for (const CalibrationCell& cell : measured.cells) {
    if (cell.work != "upload" || !cell.is_default) continue;
    EXPECT_EQ(cell.candidate, "glBufferSubData");
  }
  EXPECT_EQ(context_->transfer_plan().up.steps.front().threads, 7U) << "a forced plan stays";
}

TEST_F(CalibrateOnce, IsRefusedOnAnotherThreadOrContext) {
  start();
  FakeGl::release_current();
  EXPECT_EQ(id_of(pmb::calibrate(*context_)), ErrorId::no_current_context);
  fake_->make_current();
}

TEST_F(CalibrateOnce, ALostContextIsReportedAndMarked) {
  start();
  leaks_expected_ = true;
  fake_->script("glFenceSync", 20, strict_gl::lose_the_context());
  EXPECT_EQ(id_of(pmb::calibrate(*context_, {.largest_bytes = 1024})), ErrorId::context_lost);
  EXPECT_TRUE(context_->lost());
  EXPECT_EQ(context_->profile(), nullptr);
}

TEST_F(CalibrateOnce, ADriverThatRefusesMappingsLeavesTheDefaults) {
  start();
  fake_->script("glMapNamedBufferRange", 1, strict_gl::return_zero().for_ever());
  const Calibration measured =
      take(pmb::calibrate(*context_, {.budget = std::chrono::hours(1), .largest_bytes = 1024}));
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
  EXPECT_FALSE(measured.complete);
  EXPECT_TRUE(pmb::Profile::from_json(measured.profile.to_json()));
}

TEST_F(CalibrateOnce, NvidiaIsNeverMeasuredWithTheRawGlCalls) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.renderer = "NVIDIA H200";
  config.version_suffix = "NVIDIA 580.159.03";
  start(config);
  const Calibration measured =
      take(pmb::calibrate(*context_, {.budget = std::chrono::hours(1), .largest_bytes = kLargest}));
  EXPECT_TRUE(measured.complete);
  for (const CalibrationCell& cell : measured.cells) {
    EXPECT_NE(cell.candidate, "glBufferSubData");
    EXPECT_NE(cell.candidate, "glGetBufferSubData");
  }
}

}  // namespace
