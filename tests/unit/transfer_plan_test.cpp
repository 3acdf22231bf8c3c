// SPDX-License-Identifier: MIT
// The method for each transfer size: defaults by kind of driver, the caller's choice, and the GL calls made.
#include <functional>
#include <thread>

#include "plan/plan_rules.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::BufferTarget;
using pmb::Path;
using pmb::TransferPlan;
using pmb::TransferStep;
using pmb::detail::default_transfer_plan;
using pmb::detail::TransferKind;

TEST(TransferRules, EveryDefaultIsUsable) {
  for (const auto kind :
       {TransferKind::software, TransferKind::nvidia, TransferKind::mesa, TransferKind::other}) {
    EXPECT_TRUE(default_transfer_plan(kind, false).usable());
    EXPECT_TRUE(default_transfer_plan(kind, true).down.slow_reads);
  }
  EXPECT_TRUE(TransferPlan().usable());
}

TEST(TransferRules, StepsIncludeTheirLimitAndNothingBeyond) {
  pmb::TransferDirection way;
  way.steps = {{.up_to_bytes = 100}, {.up_to_bytes = 200, .threads = 2}, {.threads = 3}};
  EXPECT_EQ(way.step_for(1).threads, 1U);
  EXPECT_EQ(way.step_for(100).threads, 1U);
  way.steps[0].path = Path::traditional;
  EXPECT_EQ(way.step_for(100).path, Path::traditional);
  EXPECT_EQ(way.step_for(101).path, Path::staged);
  EXPECT_EQ(way.step_for(200).threads, 2U);
  EXPECT_EQ(way.step_for(201).threads, 3U);
  EXPECT_EQ(way.step_for(UINT64_MAX).threads, 3U);
}

TEST(TransferRules, ImpossiblePlansAreNotUsable) {
  const auto broken = [](const std::function<void(TransferPlan&)>& breaks) {
    TransferPlan plan = default_transfer_plan(TransferKind::nvidia, false);
    breaks(plan);
    return !plan.usable();
  };
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.up.steps.clear(); }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.down.steps.back().up_to_bytes = 1 << 30; }));
  EXPECT_TRUE(
      broken([](TransferPlan& plan) { plan.up.steps[1].up_to_bytes = plan.up.steps[0].up_to_bytes; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.up.steps[1].threads = 0; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.up.steps[1].path = Path::direct; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.up.steps[1].chunk_bytes = 0; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.up.steps[1].chunk_bytes = 65537; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.down.ring_bytes = 1 << 20; }));
  EXPECT_TRUE(broken([](TransferPlan& plan) { plan.pending_bytes = 0; }));
}

// glGetBufferSubData would move the buffer into host memory.
TEST(TransferRules, NvidiaReadsBackOnlySmallBuffersByGl) {
  const TransferPlan plan = default_transfer_plan(TransferKind::nvidia, false);
  EXPECT_EQ(plan.down.step_for(64 << 10).path, Path::staged);
  EXPECT_EQ(plan.down.step_for(1 << 30).path, Path::staged);
}

class TransferPlanTest : public PmbTest {
 protected:
  TransferPlan plan_of(std::string vendor, std::string renderer, std::string version,
                       pmb::Options options = {}) {
    FakeConfig config;
    config.vendor = std::move(vendor);
    config.renderer = std::move(renderer);
    config.version_suffix = std::move(version);
    start(config, std::move(options));
    return context_->transfer_plan();
  }
};

TEST_F(TransferPlanTest, EachKindOfDriverHasItsDefault) {
  EXPECT_EQ(plan_of("NVIDIA Corporation", "NVIDIA H200/PCIe/SSE2", "NVIDIA 580.159.03").up,
            default_transfer_plan(TransferKind::nvidia, false).up);
  EXPECT_EQ(plan_of("Mesa", "llvmpipe (LLVM 15.0.6, 256 bits)", "Mesa 22.3.6").down,
            default_transfer_plan(TransferKind::software, false).down);
  EXPECT_EQ(plan_of("AMD", "AMD Radeon RX 7900 XTX (radeonsi)", "Mesa 22.3.6").up,
            default_transfer_plan(TransferKind::mesa, false).up);
  EXPECT_TRUE(plan_of("ARM", "Mali-G52 (Panfrost)", "Mesa 22.3.6").down.slow_reads);
}

TEST_F(TransferPlanTest, TheCallersPlanIsUsedAndABadOneIsRefused) {
  pmb::Options options;
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->up.steps = {{.chunk_bytes = 128 << 10}};
  EXPECT_EQ(plan_of("strict fake", "strict fake", "1.0", options).up, transfer_plan->up);
  transfer_plan->up.steps[0].threads = 0;
  EXPECT_EQ(id_of(open(options)), ErrorId::bad_transfer_plan);
}

TEST_F(TransferPlanTest, AForcedPathHoldsForEverySize) {
  pmb::Options options;
  options.path = Path::traditional;
  const TransferPlan traditional = plan_of("NVIDIA Corporation", "NVIDIA H200", "NVIDIA 580.159.03", options);
  EXPECT_EQ(traditional.up.step_for(1 << 30).path, Path::traditional);
  EXPECT_EQ(traditional.down.step_for(1 << 30).path, Path::traditional);
  options.path = Path::staged;
  const TransferPlan staged = plan_of("NVIDIA Corporation", "NVIDIA H200", "NVIDIA 580.159.03", options);
  EXPECT_EQ(staged.up.step_for(1).path, Path::staged);
  EXPECT_TRUE(staged.usable());
}

// The GL calls of a small update: four queries, the barrier, the update.
TEST_F(TransferPlanTest, ASmallUpdateIsOneGlUpdateWithoutAFence) {
  start();
  const GLuint buffer = plain_buffer(4096);
  const Bytes bytes = pattern(256, 1);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 64, bytes));
  EXPECT_EQ(fake_->calls("glNamedBufferSubData"), 1U);
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 1U);
  EXPECT_EQ(fake_->calls("glFenceSync"), 0U);
  EXPECT_EQ(fake_->calls("glFlush"), 0U);
  EXPECT_EQ(fake_->total_calls(), 6U);
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(buffer, 64, 256), bytes);
}

TEST_F(TransferPlanTest, AQueriedBufferIsQueriedOnce) {
  start();
  const GLuint buffer = plain_buffer(4096);
  const auto known = take(BufferTarget::query(*context_, buffer));
  const auto unwritten = take(BufferTarget::query(*context_, buffer, pmb::BufferUse::no_shader_writes));
  EXPECT_EQ(known.size_bytes(), 4096U);
  fake_->clear_log();
  take(pmb::upload(*context_, known, 0, pattern(256, 1)));
  EXPECT_EQ(fake_->total_calls(), 2U) << "barrier and update";
  fake_->clear_log();
  take(pmb::upload(*context_, unwritten, 0, pattern(256, 2)));
  EXPECT_EQ(fake_->total_calls(), 1U);
  Bytes target(256);
  take(pmb::download(*context_, known, 0, target));
  EXPECT_EQ(target, pattern(256, 2));
  EXPECT_EQ(id_of(pmb::upload(*context_, known, 3900, pattern(256, 1))), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::upload(*context_, known, UINT64_MAX, pattern(256, 1))), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::download(*context_, known, 4000, target)), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::upload(*context_, BufferTarget(), 0, pattern(256, 1))), ErrorId::not_a_buffer);
  EXPECT_EQ(id_of(BufferTarget::query(*context_, 4711)), ErrorId::not_a_buffer);
}

int looks_at_current = 0;
void* look_at_current() {
  ++looks_at_current;
  return FakeGl::current();
}

// The query is a system call in libglvnd, which costs more than a short glBufferSubData.
TEST_F(TransferPlanTest, TransfersOfAQueriedBufferDoNotAskForTheCurrentContext) {
  FakeConfig config;
  config.renderer = "llvmpipe (LLVM 15.0.6, 256 bits)";
  start(config);
  const GLuint buffer = plain_buffer(4096);
  auto context =
      take(pmb::Context::from_current(&strict_gl::get_proc_address, {.current_context = &look_at_current}));
  const auto known = take(BufferTarget::query(context, buffer));
  looks_at_current = 0;
  take(pmb::upload(context, known, 0, pattern(256, 1)));
  Bytes target(256);
  take(pmb::download(context, known, 0, target));
  EXPECT_EQ(looks_at_current, 0);
  take(pmb::upload(context, buffer, 0, pattern(256, 1)));
  EXPECT_EQ(looks_at_current, 1);
}

TEST_F(TransferPlanTest, ForeignThreadsAreRefusedAndWithValidationOtherContextsToo) {
  start({}, validating());
  const GLuint buffer = plain_buffer(4096);
  const auto known = take(BufferTarget::query(*context_, buffer));
  Bytes target(256);
  FakeGl other;
  other.make_current();
  EXPECT_EQ(id_of(pmb::upload(*context_, known, 0, target)), ErrorId::other_context_current);
  FakeGl::release_current();
  EXPECT_EQ(id_of(pmb::download(*context_, known, 0, target)), ErrorId::no_current_context);
  EXPECT_EQ(reports_of(ErrorId::other_context_current), 1U);
  EXPECT_EQ(reports_of(ErrorId::no_current_context), 1U);
  fake_->make_current();
  take(pmb::upload(*context_, known, 0, target));

  start();
  const auto unwatched = take(BufferTarget::query(*context_, plain_buffer(4096)));
  std::thread([&] {
    EXPECT_EQ(id_of(pmb::upload(*context_, unwatched, 0, target)), ErrorId::wrong_thread);
    EXPECT_EQ(id_of(pmb::download(*context_, unwatched, 0, target)), ErrorId::wrong_thread);
  }).join();
}

TEST_F(TransferPlanTest, QueriedBuffersOfALostContextAreRefused) {
  leaks_expected_ = true;
  start();
  const auto known = take(BufferTarget::query(*context_, plain_buffer(4096)));
  Bytes target(256);
  fake_->lose_context();
  context_->report_reset(GL_GUILTY_CONTEXT_RESET);
  EXPECT_EQ(id_of(pmb::upload(*context_, known, 0, target)), ErrorId::context_lost);
  EXPECT_EQ(id_of(pmb::download(*context_, known, 0, target)), ErrorId::context_lost);
}

// glBufferSubData is an error on immutable storage that is not DYNAMIC.
TEST_F(TransferPlanTest, StorageThatGlBufferSubDataMayNotWriteTakesTheRing) {
  start();
  const auto mapped =
      take(pmb::MappedBuffer::create(*context_, {.size_bytes = 256, .access = Access::bidirectional}));
  fake_->clear_log();
  take(pmb::upload(*context_, mapped.buffer(), 0, pattern(256, 1)));
  EXPECT_EQ(fake_->calls("glNamedBufferSubData"), 0U);
  const auto known = take(BufferTarget::query(*context_, mapped.buffer()));
  take(pmb::upload(*context_, known, 0, pattern(256, 2)));
  EXPECT_EQ(fake_->calls("glNamedBufferSubData"), 0U);
  Bytes target(256);
  take(pmb::download(*context_, mapped.buffer(), 0, target));
  EXPECT_EQ(target, pattern(256, 2));
}

// Small pieces retire with the next fence; the ring creates its own only a few times a lap.
TEST_F(TransferPlanTest, SmallUploadsThroughTheRingShareTheirFences) {
  pmb::Options options;
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->up.steps = {{.chunk_bytes = 64 << 10}};
  transfer_plan->up.ring_bytes = 256 << 10;
  start({}, std::move(options));
  const GLuint buffer = plain_buffer(4096);
  take(pmb::upload(*context_, buffer, 0, pattern(4096, 0)));
  fake_->clear_log();
  for (std::uint64_t i = 0; i < 64; ++i) take(pmb::upload(*context_, buffer, 0, pattern(4096, i)));
  EXPECT_EQ(fake_->calls("glFenceSync"), 4U) << "one a quarter of the ring";
  fake_->clear_log();
  for (std::uint64_t i = 0; i < 64; ++i) {
    take(pmb::upload(*context_, buffer, 0, pattern(4096, i)));
    mark();
  }
  EXPECT_EQ(fake_->calls("glFenceSync"), 64U) << "the program's own are enough";
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(buffer, 0, 4096), pattern(4096, 63));
}

// The GPU gets each chunk while later ones are filled, in order.
TEST_F(TransferPlanTest, ChunksAreCopiedInOrderAndFlushedOneByOne) {
  pmb::Options options;
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->up.steps = {{.chunk_bytes = 64 << 10}};
  transfer_plan->up.ring_bytes = 256 << 10;
  start({}, std::move(options));
  constexpr std::size_t kSize = (10 << 16) + 100;
  const GLuint buffer = plain_buffer(kSize);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 0, pattern(kSize, 1)));
  EXPECT_EQ(fake_->calls("glCopyNamedBufferSubData"), 11U);
  EXPECT_GE(fake_->calls("glFlush"), 10U);
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 1U);
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer, 0, kSize) == pattern(kSize, 1));
}

}  // namespace
