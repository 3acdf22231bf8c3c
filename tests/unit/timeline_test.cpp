// SPDX-License-Identifier: MIT
// The timeline: what a ticket proves, how a wait works, and every result of a fence.
#include "context/context_state.hpp"
#include "context/timeline_state.hpp"
#include "pmb_fixture.hpp"
#include "support/timeline_facts.hpp"

namespace {

using namespace pmb_test;
using pmb::Ticket;

class Timeline : public PmbTest {
 protected:
  GLsync fence() { return gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0); }
};

TEST_F(Timeline, ATicketPassesOnlyAfterTheCommandsBeforeIt) {
  start();
  const GLuint buffer = plain_buffer(64, pattern(64, 1).data());
  const auto read = fake_->shader_read(buffer, 0, 64);
  const Ticket ticket = mark();
  EXPECT_FALSE(ticket.passed());
  const auto behind = fake_->shader_read(buffer, 0, 64);
  take(ticket.wait(1s));
  EXPECT_TRUE(ticket.passed());
  EXPECT_TRUE(read->executed());
  EXPECT_FALSE(behind->executed());
  EXPECT_EQ(pmb::test::live_fences(*context_), 0U);
  EXPECT_EQ(pmb::test::passed_serial(*context_), ticket.serial());
}

TEST_F(Timeline, SerialsGrowAndAnEmptyTicketNeverPasses) {
  start();
  const Ticket first = mark();
  const Ticket second = mark();
  EXPECT_LT(first.serial(), second.serial());
  EXPECT_EQ(timeline().marked_serial(), second.serial());
  EXPECT_NE(first, second);
  EXPECT_EQ(Ticket().serial(), 0U);
  EXPECT_FALSE(Ticket().passed());
  EXPECT_EQ(id_of(pmb::Ticket().wait(1ms)), ErrorId::stale_ticket);
}

TEST_F(Timeline, WaitingForANewerTicketProvesTheOlderAndNotViceVersa) {
  start();
  const GLuint buffer = plain_buffer(64);
  const Ticket first = mark();
  const auto read = fake_->shader_read(buffer, 0, 64);
  const Ticket second = mark();
  take(first.wait(1s));
  EXPECT_TRUE(first.passed());
  EXPECT_FALSE(second.passed());
  EXPECT_FALSE(read->executed());
  const Ticket third = mark();
  take(third.wait(1s));
  EXPECT_TRUE(second.passed());
  EXPECT_TRUE(read->executed());
}

// The wait must use the fence that proves the ticket, among any earlier and later fences.
TEST_F(Timeline, EachWaitRunsExactlyTheWorkBeforeItsTicket) {
  start();
  const GLuint buffer = plain_buffer(64);
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 9; ++i) {
    reads.push_back(fake_->shader_read(buffer, 0, 64));
    tickets.push_back(mark());
  }
  for (const std::size_t asked : {2U, 3U, 7U}) {
    take(tickets[asked].wait(1s));
    for (std::size_t i = 0; i < reads.size(); ++i) {
      EXPECT_EQ(reads[i]->executed(), i <= asked) << asked << " " << i;
      EXPECT_EQ(tickets[i].passed(), i <= asked) << asked << " " << i;
    }
  }
}

TEST_F(Timeline, PollingAdvancesInOrderAndNeverBlocks) {
  start();
  const Ticket first = mark();
  take(timeline().poll());
  EXPECT_FALSE(first.passed()) << "the first poll may expire";
  take(timeline().poll());
  EXPECT_TRUE(first.passed());
  for (const auto& call : fake_->log_of("glClientWaitSync")) EXPECT_EQ(call.values.at(2), 0) << "no timeout";
  EXPECT_EQ(fake_->calls("glFinish"), 0U);
}

// The fake never signals unflushed work.
TEST_F(Timeline, PollingFlushesUnflushedFencesOnce) {
  start();
  const Ticket ticket = mark();
  EXPECT_EQ(fake_->calls("glFlush"), 0U) << "a mark flushes nothing";
  for (int i = 0; i < 5 && !ticket.passed(); ++i) take(timeline().poll());
  EXPECT_TRUE(ticket.passed());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  for (int i = 0; i < 5; ++i) take(timeline().poll());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
}

TEST_F(Timeline, WaitingFlushesMarksMadeSinceTheLastFlush) {
  FakeConfig config;
  config.polls_until_done = 100;
  start(config);
  const Ticket first = mark();
  take(timeline().poll());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  // The oldest fence is flushed and not done: a poll has no reason to flush again, the wait has.
  const Ticket second = mark();
  take(timeline().poll());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  take(second.wait(1s));
  EXPECT_TRUE(first.passed());
  EXPECT_TRUE(second.passed());
  EXPECT_EQ(fake_->calls("glFlush"), 2U);
}

TEST_F(Timeline, AWaitFlushesNothingThatWasFlushed) {
  FakeConfig config;
  config.polls_until_done = 100;
  start(config);
  const Ticket ticket = mark();
  take(timeline().poll());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  take(ticket.wait(1s));
  EXPECT_TRUE(ticket.passed());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
}

TEST_F(Timeline, AWaitPollsFirst) {
  start();
  const Ticket ticket = mark();
  gl_.Finish();
  fake_->clear_log();
  take(ticket.wait(10s));
  ASSERT_GE(fake_->log_of("glClientWaitSync").size(), 1U);
  EXPECT_EQ(fake_->log_of("glClientWaitSync")[0].values.at(2), 0);
  EXPECT_EQ(fake_->calls("glFlush"), 0U) << "it had signalled already";
}

TEST_F(Timeline, AFenceThatNeverSignalsEndsAtTheDeadline) {
  start();
  const Ticket ticket = mark();
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(ticket.wait(1ms)), ErrorId::wait_timed_out);
  EXPECT_EQ(status_of(ticket.wait(0ns)), Status::timed_out);
  EXPECT_EQ(status_of(ticket.wait(-5s)), Status::timed_out);
  EXPECT_LE(fake_->calls("glClientWaitSync"), 12U) << "a bounded number of questions";
  EXPECT_FALSE(ticket.passed());
  EXPECT_EQ(pmb::test::live_fences(*context_), 1U);
  fake_->clear_script();
  take(ticket.wait(1s));
  EXPECT_TRUE(ticket.passed());
}

TEST_F(Timeline, AVeryLongTimeoutDoesNotOverflow) {
  start();
  const Ticket ticket = mark();
  take(ticket.wait(std::chrono::nanoseconds::max()));
  for (const auto& call : fake_->log_of("glClientWaitSync")) EXPECT_GE(call.values.at(2), 0);
}

TEST_F(Timeline, AFailedWaitEndsTheTimelineAndReleasesEachFenceOnce) {
  for (const bool by_wait : {false, true}) {
    start();
    const Ticket first = mark();
    const Ticket second = mark();
    fake_->script("glClientWaitSync", 1, strict_gl::wait_failed().for_ever());
    const auto answer = by_wait ? first.wait(1s) : timeline().poll();
    EXPECT_EQ(id_of(answer), ErrorId::wait_failed);
    EXPECT_FALSE(first.passed());
    EXPECT_FALSE(second.passed());
    EXPECT_EQ(fake_->live_syncs(), 0U);
    EXPECT_EQ(fake_->calls("glDeleteSync"), 2U);
    fake_->clear_script();
    gl_.Finish();
    EXPECT_EQ(id_of(timeline().poll()), ErrorId::wait_failed);
    EXPECT_EQ(id_of(second.wait(1s)), ErrorId::wait_failed);
    EXPECT_EQ(id_of(timeline().mark()), ErrorId::wait_failed);
    EXPECT_FALSE(second.passed());
    EXPECT_FALSE(context_->lost());
  }
}

// 0 is none of the four values of glClientWaitSync. Without reset notification it is the only sign of a loss.
TEST_F(Timeline, ZeroFromAWaitNeverCountsAsDone) {
  FakeConfig config;
  config.reset_notification_strategy = GL_NO_RESET_NOTIFICATION;
  for (const bool by_wait : {false, true}) {
    start(config);
    EXPECT_FALSE(context_->limits().reset_notification);
    const Ticket ticket = mark();
    fake_->script("glClientWaitSync", 1, strict_gl::return_zero().for_ever());
    const auto answer = by_wait ? ticket.wait(1s) : timeline().poll();
    EXPECT_EQ(id_of(answer), ErrorId::wait_failed);
    EXPECT_FALSE(ticket.passed());
  }
}

TEST_F(Timeline, ANullFenceMarksNothing) {
  start();
  const Ticket before = mark();
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(timeline().mark()), ErrorId::fence_is_null);
  EXPECT_EQ(timeline().marked_serial(), before.serial());
  EXPECT_EQ(pmb::test::live_fences(*context_), 1U);
  const Ticket again = mark();
  take(again.wait(1s));
  EXPECT_TRUE(again.passed());
}

TEST_F(Timeline, FencesAreBoundedAndMergedOnesPassLaterNeverEarlier) {
  start();
  const GLuint buffer = plain_buffer(64);
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
  std::vector<Ticket> tickets;
  for (std::size_t i = 0; i < 3 * pmb::Timeline::kMaxFences; ++i) {
    reads.push_back(fake_->shader_read(buffer, 0, 4));
    tickets.push_back(mark());
    EXPECT_LE(pmb::test::live_fences(*context_), pmb::Timeline::kMaxFences);
    EXPECT_EQ(fake_->live_syncs(), pmb::test::live_fences(*context_));
  }
  for (std::size_t i = 0; i < tickets.size(); i += 7) {
    take(tickets[i].wait(1s));
    for (std::size_t j = 0; j < tickets.size(); ++j) {
      EXPECT_TRUE(j > i || tickets[j].passed()) << i << " " << j;
      EXPECT_TRUE(!tickets[j].passed() || reads[j]->executed()) << i << " " << j;
    }
  }
}

TEST_F(Timeline, AdoptedFencesPassWithWhatWasMarkedBefore) {
  start();
  const GLuint buffer = plain_buffer(64);
  const auto early = fake_->shader_read(buffer, 0, 4);
  GLsync theirs = fence();
  const auto late = fake_->shader_read(buffer, 0, 4);
  const Ticket own = mark();
  const Ticket adopted = take(timeline().adopt(theirs));
  take(adopted.wait(1s));
  EXPECT_TRUE(early->executed());
  EXPECT_TRUE(late->executed()) << "the adopted fence stands before it, the mark behind it";
  EXPECT_TRUE(own.passed());
  EXPECT_EQ(fake_->live_syncs(), 0U) << "owned by pmb since";
  EXPECT_EQ(id_of(timeline().adopt(nullptr)), ErrorId::no_such_fence);
}

// A later own fence does not prove an adopted one, which may be of another context.
TEST_F(Timeline, AWaitChecksEveryAdoptedFenceBeforeItsTicket) {
  start();
  FakeGl other({}, &*fake_);
  other.make_current();
  const GLsync theirs = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  fake_->make_current();
  const Ticket adopted = take(timeline().adopt(theirs));
  const Ticket own = mark();
  EXPECT_EQ(id_of(own.wait(1ms)), ErrorId::wait_timed_out) << "nobody flushed the other context";
  EXPECT_FALSE(adopted.passed());
  EXPECT_FALSE(own.passed());
  other.make_current();
  gl_.Flush();
  fake_->make_current();
  take(own.wait(1s));
  EXPECT_TRUE(adopted.passed());
  EXPECT_TRUE(own.passed());
}

TEST_F(Timeline, TooManyAdoptedFencesAreRefusedAndReleased) {
  start();
  pmb::Result<Ticket> answer;
  std::size_t adopted = 0;
  for (; adopted <= pmb::Timeline::kMaxFences; ++adopted) {
    answer = timeline().adopt(fence());
    if (!answer) break;
  }
  ASSERT_EQ(id_of(answer), ErrorId::too_many_fences);
  EXPECT_EQ(answer.error().status, Status::would_block);
  EXPECT_GE(adopted, pmb::Timeline::kMaxFences / 2 - 1);
  EXPECT_LE(fake_->live_syncs(), pmb::Timeline::kMaxFences);
  EXPECT_EQ(fake_->live_syncs(), pmb::test::live_fences(*context_)) << "the refused one was released";
  for (int i = 0; i < 3; ++i) take(timeline().poll());
  EXPECT_LT(pmb::test::live_fences(*context_), pmb::Timeline::kMaxFences);
  EXPECT_TRUE(timeline().mark());
}

// An adopted fence also needs a flush; flushes before its creation do not count.
TEST_F(Timeline, PollingFlushesForAnAdoptedFenceToo) {
  start();
  take(mark().wait(1s));
  const Ticket ticket = take(timeline().adopt(fence()));
  for (int i = 0; i < 6 && !ticket.passed(); ++i) take(timeline().poll());
  EXPECT_TRUE(ticket.passed());
}

TEST_F(Timeline, AnAdoptedFenceDoesNotArmReadbacksIssuedAfterIt) {
  for (const Model model : {Model::coherent, Model::explicit_flush}) {
    start({}, options_of(Edit::by_name, model));
    const Bytes result = pattern(64, 1);
    const GLuint buffer = plain_buffer(64, result.data());
    auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
    GLsync theirs = fence();
    const auto copied = take(ring.request(buffer, 0, 64));
    const auto written = take(ring.acquire(64));
    write_into(written, result);
    take(timeline().adopt(theirs));
    for (int i = 0; i < 4; ++i) {
      for (const auto& pending : {copied, written}) {
        const auto view = pending.try_view();
        EXPECT_TRUE(!view || copy(view->bytes()) == result) << "bytes that have not arrived were handed out";
      }
    }
    take(mark().wait(1s));
    EXPECT_EQ(copy(take(copied.try_view()).bytes()), result);
    EXPECT_EQ(copy(take(written.try_view()).bytes()), result);
  }
}

TEST_F(Timeline, TicketsOfADeadTimelineAreStaleForEver) {
  start();
  Ticket old;
  {
    FakeGl other;
    other.make_current();
    auto context = take(open());
    old = take(context.timeline().mark());
    take(old.wait(1s));
    EXPECT_TRUE(old.passed());
  }
  EXPECT_FALSE(old.passed());
  FakeGl third;
  third.make_current();
  auto context = take(open());
  const Ticket fresh = take(context.timeline().mark());
  EXPECT_FALSE(old.passed());
  const ErrorId answer = id_of(old.wait(1ms));
  EXPECT_TRUE(answer == ErrorId::stale_ticket || answer == ErrorId::foreign_ticket);
  take(fresh.wait(1s));
  EXPECT_TRUE(fresh.passed());
  EXPECT_FALSE(old.passed());
}

// pmb's own fences count below the program's marks; a million of them between two marks must not
// reach the program's next mark while a directly written readback waits for it.
TEST_F(Timeline, AMillionInternalFencesDoNotReachTheNextMark) {
  start();
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint buffer = plain_buffer(64, pattern(64, 1).data());
  Bytes target(64);
  take(pmb::download(*context_, buffer, 0, target));
  const auto pending = take(ring.acquire(64));
  auto& line = pmb::detail::ContextState::of(*context_).timeline();
  line.issued = line.next_program_serial() - 2;
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 0, target)), ErrorId::never_marked);
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::never_marked);
  write_into(pending, pattern(64, 2));
  take(mark().wait(1s));
  EXPECT_EQ(copy(take(pending.try_view()).bytes()), pattern(64, 2));
  take(pmb::download(*context_, buffer, 0, target));
}

}  // namespace
