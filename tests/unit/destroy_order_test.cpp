// SPDX-License-Identifier: MIT
// In every order of destruction, pmb makes no GL call without the context, does not crash, and counts leaks.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;

/// Objects of every kind that the context can have, with slices out and copies in flight.
struct Everything {
  explicit Everything(pmb::Context& context)
      : ring(take(pmb::UploadRing::create(context, {.capacity_bytes = 4096, .label = "ring"}))),
        readback(take(pmb::ReadbackRing::create(context, {.capacity_bytes = 4096, .label = "readback"}))),
        pool(take(pmb::BlockPool::create(context, {.block_bytes = 64, .count = 2, .label = "pool"}))),
        buffer(context.limits().buffer_storage
                   ? take(pmb::MappedBuffer::create(context, {.size_bytes = 64, .label = "buffer"}))
                   : pmb::MappedBuffer()) {
    filling = take(ring.acquire(64));
    published = take(ring.acquire(64));
    EXPECT_TRUE(published.fill(std::byte{1}));
    take(ring.publish(published, 64));
    const pmb::Slice retired = take(ring.acquire(64));
    take(ring.publish(retired, 64));
    pending = take(readback.acquire(64));
    block = take(pool.acquire());
    ticket = take(context.timeline().mark());
    take(ring.retire(retired, ticket));
  }

  void expect_inert() {
    EXPECT_FALSE(filling.is_live());
    EXPECT_TRUE(filling.raw_bytes().empty());
    EXPECT_FALSE(published.is_live());
    EXPECT_FALSE(pending.is_live());
    EXPECT_FALSE(block.is_live());
    EXPECT_FALSE(buffer.is_mapped());
    EXPECT_FALSE(ticket.passed());
    Bytes bytes(8);
    EXPECT_FALSE(ring.acquire(64));
    EXPECT_FALSE(ring.try_acquire(64));
    EXPECT_FALSE(ring.publish(filling, 64));
    EXPECT_FALSE(ring.cancel(filling));
    EXPECT_FALSE(ring.retire(published, ticket));
    EXPECT_FALSE(ring.retire(ticket));
    EXPECT_FALSE(readback.acquire(64));
    EXPECT_FALSE(readback.request(1, 0, 1));
    EXPECT_FALSE(pending.try_view());
    EXPECT_FALSE(pending.release());
    EXPECT_FALSE(pool.acquire());
    EXPECT_FALSE(pool.release(block));
    EXPECT_FALSE(buffer.write(0, bytes));
    EXPECT_FALSE(buffer.flush(0, 8));
    EXPECT_FALSE(buffer.destroy());
    EXPECT_EQ(ring.stats().live_slices, 0U);
  }

  pmb::UploadRing ring;
  pmb::ReadbackRing readback;
  pmb::BlockPool pool;
  pmb::MappedBuffer buffer;
  pmb::Slice filling;
  pmb::Slice published;
  pmb::PendingReadback pending;
  pmb::Block block;
  pmb::Ticket ticket;
};

class DestroyOrder : public PmbPathTest {};
INSTANTIATE_TEST_SUITE_P(Paths, DestroyOrder, every_path(), path_name);

TEST_P(DestroyOrder, TheContextMayDieFirst) {
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  context_.reset();
  EXPECT_EQ(fake_->live_syncs(), 0U);
  fake_->clear_log();
  all->expect_inert();
  all.reset();
  EXPECT_EQ(fake_->total_calls(), 0U);
  std::size_t leaks = 0;
  for (const std::string& line : log_lines_) leaks += line.find("leak") != std::string::npos ? 1 : 0;
  EXPECT_EQ(leaks, has_storage() ? 5U : 4U) << "a ring, a readback ring, two blocks and a buffer";
}

TEST_P(DestroyOrder, TheContextMayDieFirstUnderValidation) {
  start_validating();
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  context_.reset();
  EXPECT_EQ(reports_of(ErrorId::leaked_with_context), has_storage() ? 5U : 4U);
  all->expect_inert();
  all.reset();
}

TEST_P(DestroyOrder, TheGlContextMayDieFirst) {
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  strict_gl::expect_clean(*fake_);
  fake_.reset();
  EXPECT_EQ(id_of(context_->timeline().mark()), ErrorId::no_current_context);
  all.reset();
  context_.reset();
  EXPECT_EQ(strict_gl::calls_without_context(), 0U);
}

TEST_P(DestroyOrder, TheGlContextThenTheContextThenTheRest) {
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  strict_gl::expect_clean(*fake_);
  fake_.reset();
  context_.reset();
  all->expect_inert();
  all.reset();
  EXPECT_EQ(strict_gl::calls_without_context(), 0U);
}

TEST_P(DestroyOrder, AValidatedRingSurvivesItsGlContext) {
  start_validating();
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  strict_gl::expect_clean(*fake_);
  fake_.reset();
  all.reset();
  EXPECT_GT(reports_of(ErrorId::destroyed_without_context), 0U);
  context_.reset();
  EXPECT_EQ(strict_gl::calls_without_context(), 0U);
}

TEST_P(DestroyOrder, AValidatedContextSurvivesItsGlContext) {
  start_validating();
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  fake_.reset();
  context_.reset();
  all->expect_inert();
  all.reset();
  EXPECT_EQ(strict_gl::calls_without_context(), 0U);
}

TEST_P(DestroyOrder, NothingIsDeletedInAnotherCurrentContext) {
  leaks_expected_ = true;
  std::optional<Everything> all(std::in_place, *context_);
  FakeGl other;
  other.make_current();
  fake_->clear_log();
  all.reset();
  context_.reset();
  EXPECT_EQ(fake_->total_calls(), 0U);
  EXPECT_EQ(other.total_calls(), 0U);
  strict_gl::expect_clean(other);
}

TEST_P(DestroyOrder, TheUsualOrderLeavesNothingBehind) {
  {
    Everything all(*context_);
    Bytes target(64);
    take(pmb::download(*context_, plain_buffer(64, pattern(64, 1).data()), 0, target));
  }
  EXPECT_EQ(fake_->mapped_buffers(), is_private() ? 0U : 1U) << "the context's own ring";
  context_.reset();
  EXPECT_EQ(fake_->mapped_buffers(), 0U);
  EXPECT_EQ(fake_->live_syncs(), 0U);
  EXPECT_TRUE(log_lines_.empty());
}

// Buffers that could not be deleted are counted until their context ends.
TEST_P(DestroyOrder, AbandonedBytesAreCountedUntilTheContextEnds) {
  leaks_expected_ = true;
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  FakeGl::release_current();
  ring = pmb::UploadRing();
  EXPECT_EQ(pmb::detail::process_mapped_bytes(), 4096U);
  context_.reset();
  EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U);
}

// Static destruction: an object that outlives main, its GL context and every other object.
TEST_P(DestroyOrder, StaticObjectsMayDieLast) {
  leaks_expected_ = true;
  EXPECT_EXIT(
      {
        static std::optional<Everything> last;
        last.emplace(*context_);
        FakeGl::release_current();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
