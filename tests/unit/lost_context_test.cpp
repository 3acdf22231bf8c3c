// SPDX-License-Identifier: MIT
// The GL context is lost. Nothing counts as complete, handles are inert, destructors return, and a
// new context works, with both results that a wait may return.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using strict_gl::LostWaitAnswer;

class LostContext : public PmbTest, public testing::WithParamInterface<LostWaitAnswer> {
 protected:
  void SetUp() override {
    FakeConfig config;
    config.lost_wait_answer = GetParam();
    start(config);
    leaks_expected_ = true;
  }
};

std::string answer_name(const testing::TestParamInfo<LostWaitAnswer>& info) {
  return info.param == LostWaitAnswer::zero ? "WaitsAnswerZero" : "WaitsAnswerAlreadySignaled";
}
INSTANTIATE_TEST_SUITE_P(Answers, LostContext,
                         testing::Values(LostWaitAnswer::zero, LostWaitAnswer::already_signaled),
                         answer_name);

TEST_P(LostContext, NothingCountsAsCompleteAndEverythingIsInert) {
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 512}));
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 512}));
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2}));
  auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64}));
  const pmb::Slice retired = put(ring, pattern(256, 1), 1);
  draw(retired);
  const auto pending = take(readback.acquire(64));
  write_into(pending, pattern(64, 2));
  const pmb::Block block = take(pool.acquire());
  const pmb::Ticket ticket = mark();
  take(ring.retire(retired, ticket));
  const pmb::Slice filling = take(ring.acquire(128, 1));
  const pmb::Slice published = put(ring, pattern(128, 3), 1);

  fake_->lose_context();
  EXPECT_EQ(id_of(pending.wait(10s)), ErrorId::context_lost);
  EXPECT_TRUE(context_->lost());
  EXPECT_FALSE(ticket.passed());

  Bytes bytes(64);
  EXPECT_EQ(id_of(ticket.wait(10s)), ErrorId::context_lost);
  EXPECT_EQ(id_of(timeline().poll()), ErrorId::context_lost);
  EXPECT_EQ(id_of(timeline().mark()), ErrorId::context_lost);
  EXPECT_EQ(status_of(ring.acquire(64)), Status::context_lost);
  EXPECT_EQ(status_of(ring.try_acquire(64)), Status::context_lost);
  EXPECT_EQ(status_of(ring.publish(filling, 64)), Status::context_lost);
  EXPECT_EQ(status_of(ring.cancel(filling)), Status::context_lost);
  EXPECT_EQ(status_of(ring.retire(published, ticket)), Status::context_lost);
  EXPECT_EQ(status_of(ring.retire(ticket)), Status::context_lost);
  EXPECT_EQ(status_of(pending.try_view()), Status::context_lost);
  EXPECT_EQ(status_of(pending.release()), Status::context_lost);
  EXPECT_EQ(status_of(readback.acquire(64)), Status::context_lost);
  EXPECT_EQ(status_of(readback.request(1, 0, 64)), Status::context_lost);
  EXPECT_EQ(status_of(pool.acquire()), Status::context_lost);
  EXPECT_EQ(status_of(pool.try_view(block, ticket)), Status::context_lost);
  EXPECT_EQ(status_of(pool.release(block)), Status::context_lost);
  EXPECT_EQ(status_of(pmb::upload(*context_, 1, 0, bytes)), Status::context_lost);
  EXPECT_EQ(status_of(pmb::download(*context_, 1, 0, bytes)), Status::context_lost);
  EXPECT_EQ(status_of(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})), Status::context_lost);
  EXPECT_EQ(status_of(pmb::UploadRing::create(*context_, {.capacity_bytes = 64})), Status::context_lost);
  EXPECT_FALSE(filling.is_live());
  EXPECT_FALSE(published.is_live());
  EXPECT_FALSE(pending.is_live());
  EXPECT_FALSE(block.is_live());
  EXPECT_FALSE(buffer.is_mapped());
  EXPECT_TRUE(filling.raw_bytes().empty());
  EXPECT_TRUE(buffer.raw_bytes().empty());
  EXPECT_EQ(buffer.buffer(), 0U);
}

TEST_P(LostContext, EveryKindOfWaitNoticesTheLoss) {
  for (int kind = 0; kind < 5; ++kind) {
    SCOPED_TRACE(kind);
    SetUp();
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 256}));
    auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1}));
    auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64, .access = Access::read}));
    const pmb::Slice slice = put(ring, pattern(256, 1), 1);
    const pmb::Block block = take(pool.acquire());
    take(pool.publish(block, 64));
    const pmb::Ticket ticket = mark();
    take(ring.retire(slice, ticket));
    fake_->lose_context();
    Bytes bytes(64);
    Status status = Status::ok;
    switch (kind) {
      case 0:
        status = status_of(timeline().poll());
        break;
      case 1:
        status = status_of(ticket.wait(10s));
        break;
      case 2:
        status = status_of(ring.acquire(64));
        break;
      case 3:
        status = status_of(pool.wait_view(block, ticket, 10s));
        break;
      default:
        status = status_of(buffer.read(0, bytes, ticket));
        break;
    }
    EXPECT_EQ(status, Status::context_lost);
    EXPECT_TRUE(context_->lost());
    EXPECT_FALSE(ticket.passed());
  }
}

TEST_P(LostContext, ALossInTheMiddleOfAWaitIsNoticed) {
  const pmb::Ticket ticket = mark();
  fake_->script("glClientWaitSync", 2, strict_gl::lose_the_context());
  EXPECT_EQ(id_of(ticket.wait(10s)), ErrorId::context_lost);
  EXPECT_FALSE(ticket.passed());
}

TEST_P(LostContext, APassedTicketProvesNothingAfterTheLoss) {
  const pmb::Ticket early = mark();
  take(early.wait(1s));
  EXPECT_TRUE(early.passed());
  mark();
  fake_->lose_context();
  EXPECT_EQ(id_of(timeline().poll()), ErrorId::context_lost);
  EXPECT_FALSE(early.passed());
}

TEST_P(LostContext, AMarkNoticesTheLoss) {
  fake_->lose_context();
  EXPECT_EQ(id_of(timeline().mark()), ErrorId::context_lost);
  EXPECT_TRUE(context_->lost());
}

TEST_P(LostContext, CreatingNoticesTheLoss) {
  fake_->lose_context();
  EXPECT_EQ(id_of(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})), ErrorId::context_lost);
  EXPECT_TRUE(context_->lost());
}

TEST_P(LostContext, DestructorsEndAndANewContextWorks) {
  {
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 512}));
    auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2}));
    auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64}));
    put_and_retire(ring, pattern(64, 1));
    fake_->lose_context();
    EXPECT_EQ(status_of(timeline().poll()), Status::context_lost);
    EXPECT_EQ(status_of(buffer.destroy()), Status::context_lost);
  }
  context_.reset();
  EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U);
  FakeGl fresh;
  fresh.make_current();
  {
    auto context = take(open());
    auto ring = take(pmb::UploadRing::create(context, {.capacity_bytes = 512}));
    const pmb::Slice slice = take(ring.acquire(64));
    EXPECT_TRUE(slice.copy_from(pattern(64, 1)));
    take(ring.publish(slice, 64));
    const auto read = fresh.shader_read(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()), 64);
    const pmb::Ticket ticket = take(context.timeline().mark());
    take(ring.retire(slice, ticket));
    take(ticket.wait(1s));
    EXPECT_EQ(read->bytes(), pattern(64, 1));
  }
  strict_gl::expect_clean(fresh);
  EXPECT_EQ(fresh.live_buffers(), 0U);
}

TEST_P(LostContext, DestructorsHandleUnnoticedLosses) {
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 512}));
  auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64}));
  put_and_retire(ring, pattern(64, 1));
  fake_->lose_context();
}

TEST_P(LostContext, TheLossIsLoggedOnce) {
  mark();
  fake_->lose_context();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(id_of(timeline().poll()), ErrorId::context_lost);
  std::size_t lines = 0;
  for (const std::string& line : log_lines_) lines += line.find("lost") != std::string::npos ? 1 : 0;
  EXPECT_EQ(lines, 1U);
}

TEST_P(LostContext, TheResetStatusIsInTheError) {
  mark();
  fake_->lose_context();
  const auto answer = timeline().poll();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().numbers[0], static_cast<std::uint64_t>(GL_GUILTY_CONTEXT_RESET));
  const auto again = timeline().poll();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().numbers[0], static_cast<std::uint64_t>(GL_GUILTY_CONTEXT_RESET));
}

class LostContextElsewhere : public PmbTest {};

TEST_F(LostContextElsewhere, TheArbRobustnessEntryPointIsUsedWhereItIsTheOnlyOne) {
  FakeConfig config;
  config.minor = 4;
  config.extensions = {"GL_ARB_robustness"};
  start(config);
  EXPECT_TRUE(context_->limits().reset_notification);
  const pmb::Ticket fine = mark();
  take(fine.wait(1s));
  const pmb::Ticket ticket = mark();
  fake_->set_lost_wait_answer(LostWaitAnswer::already_signaled);
  fake_->lose_context();
  leaks_expected_ = true;
  EXPECT_EQ(id_of(ticket.wait(1s)), ErrorId::context_lost);
}

// Without notification the status stays NO_ERROR; a wait that returns 0 is then the only sign.
TEST_F(LostContextElsewhere, WithoutNotificationZeroIsAFailedWait) {
  FakeConfig config;
  config.reset_notification_strategy = GL_NO_RESET_NOTIFICATION;
  start(config);
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 256}));
  const pmb::Slice slice = put(ring, pattern(256, 1), 1);
  const pmb::Ticket ticket = mark();
  take(ring.retire(slice, ticket));
  fake_->lose_context();
  leaks_expected_ = true;
  EXPECT_EQ(status_of(ring.acquire(64)), Status::wait_failed);
  EXPECT_FALSE(ticket.passed());
  EXPECT_EQ(status_of(ticket.wait(1s)), Status::wait_failed);
}

}  // namespace
