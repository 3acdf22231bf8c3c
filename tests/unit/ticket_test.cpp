// SPDX-License-Identifier: MIT
// Waits for tickets without GL: on threads without a context, woken without polling, ended with the reason.
#include <future>
#include <thread>

#include "context/timeline_state.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Ticket;

constexpr std::chrono::seconds kPatience{60};  // a bound for a machine that hangs, never a speed limit
constexpr std::chrono::hours kForEver{100};

class TicketWait : public PmbTest {
 protected:
  void SetUp() override { start(); }

  /// Returns once `count` threads sleep for tickets of this one's timeline.
  static void until_asleep(Ticket ticket, std::uint32_t count = 1) {
    const auto* control = pmb::detail::TimelineControl::of(ticket);
    while (control->waited_for.load() < count) std::this_thread::yield();
    // Who counts holds the room's mutex until it sleeps.
    const std::lock_guard lock(pmb::detail::TicketWaiters::instance().mutex);
  }

  /// A thread without a context that waits for one ticket.
  static std::future<pmb::Result<void>> waiter(Ticket ticket, std::chrono::nanoseconds timeout = kForEver) {
    return std::async(std::launch::async, [=] { return ticket.wait(timeout); });
  }
  static std::future<pmb::Result<std::size_t>> any_waiter(std::vector<Ticket> tickets,
                                                          std::chrono::nanoseconds timeout = kForEver) {
    return std::async(std::launch::async,
                      [=, kept = std::move(tickets)] { return pmb::wait_any(kept, timeout); });
  }
  /// The result of a waiter that should have been woken.
  template <class T>
  static pmb::Result<T> woken(std::future<pmb::Result<T>>& waiter) {
    if (waiter.wait_for(kPatience) == std::future_status::ready) return waiter.get();
    ADD_FAILURE() << "nobody woke the waiter";
    std::abort();
  }
};

TEST_F(TicketWait, ThreadsWithoutAContextWakeWhenTheOwnerSeesTheTicketPass) {
  for (const bool by_wait : {false, true}) {
    const Ticket ticket = mark();
    auto waiting = waiter(ticket);
    until_asleep(ticket);
    if (by_wait) {
      take(ticket.wait(1s));
    } else {
      while (!ticket.passed()) take(timeline().poll());
    }
    take(woken(waiting));
    EXPECT_EQ(pmb::detail::TimelineControl::of(ticket)->waited_for.load(), 0U);
  }
}

TEST_F(TicketWait, APassedTicketReturnsAtOnceOnAnyThread) {
  const Ticket ticket = mark();
  take(ticket.wait(1s));
  take(ticket.wait(0ns));
  std::thread([&] { take(ticket.wait(-5s)); }).join();
}

TEST_F(TicketWait, WithoutPollingTheWaitEndsAtItsDeadline) {
  const Ticket ticket = mark();
  gl_.Finish();
  fake_->clear_log();
  std::thread([&] {
    const auto answer = ticket.wait(1ms);
    EXPECT_EQ(id_of(answer), ErrorId::wait_timed_out) << "done on the GPU, and nobody has learnt of it";
    EXPECT_EQ(answer.error().numbers[0], 1'000'000U);
    EXPECT_EQ(status_of(ticket.wait(0ns)), Status::timed_out);
    EXPECT_EQ(status_of(ticket.wait(-5s)), Status::timed_out);
  }).join();
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_F(TicketWait, AnotherTicketDoesNotEndTheWait) {
  const Ticket first = mark();
  const Ticket second = mark();
  auto waiting = waiter(second);
  until_asleep(second);
  take(first.wait(1s));
  until_asleep(second);
  EXPECT_EQ(waiting.wait_for(0s), std::future_status::timeout);
  take(second.wait(1s));
  take(woken(waiting));
}

TEST_F(TicketWait, OnTheContextsThreadItFlushesOnceAndWaitsThroughGl) {
  const Ticket first = mark();
  const Ticket second = mark();
  take(second.wait(kForEver));
  EXPECT_TRUE(first.passed());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  EXPECT_GE(fake_->calls("glClientWaitSync"), 1U);
}

TEST_F(TicketWait, TheEndOfTheTimelineEndsTheWaitWithTheReason) {
  leaks_expected_ = true;
  const auto ended_by = [&](const auto& end) {
    start();
    const Ticket ticket = mark();
    auto waiting = waiter(ticket);
    until_asleep(ticket);
    end();
    const ErrorId id = id_of(woken(waiting));
    EXPECT_FALSE(ticket.passed());
    std::thread([&] { EXPECT_EQ(id_of(ticket.wait(kForEver)), id) << "asked afterwards"; }).join();
    return id;
  };
  EXPECT_EQ(ended_by([&] {
              fake_->lose_context();
              static_cast<void>(timeline().poll());
            }),
            ErrorId::context_lost);
  EXPECT_EQ(ended_by([&] { context_->report_reset(GL_GUILTY_CONTEXT_RESET); }), ErrorId::context_lost);
  EXPECT_EQ(ended_by([&] {
              fake_->script("glClientWaitSync", 1, strict_gl::wait_failed());
              static_cast<void>(timeline().poll());
            }),
            ErrorId::wait_failed);
  EXPECT_EQ(ended_by([&] { context_.reset(); }), ErrorId::stale_ticket);
}

/// The waiter may run long after its timeline ended and another one reused its control block.
TEST_F(TicketWait, ATicketThatPassedBeforeTheEndEndsTheWaitWithSuccess) {
  const Ticket ticket = mark();
  const Ticket never = mark();
  auto waiting = waiter(ticket);
  auto in_vain = waiter(never);
  until_asleep(ticket, 2);
  {
    // The mutex keeps the waiters asleep until everything is over.
    const std::lock_guard lock(pmb::detail::TicketWaiters::instance().mutex);
    auto* control = const_cast<pmb::detail::TimelineControl*>(pmb::detail::TimelineControl::of(ticket));
    control->passed.store(pmb::detail::TimelineControl::serial_of(ticket));
  }
  context_.reset();
  context_.emplace(take(open()));
  ASSERT_EQ(pmb::detail::TimelineControl::of(mark()), pmb::detail::TimelineControl::of(ticket));
  take(woken(waiting));
  EXPECT_EQ(id_of(woken(in_vain)), ErrorId::stale_ticket);
}

TEST_F(TicketWait, EmptyAndStaleTicketsNeverPass) {
  std::thread([] { EXPECT_EQ(id_of(Ticket().wait(kForEver)), ErrorId::stale_ticket); }).join();
  EXPECT_EQ(id_of(pmb::wait_any({}, kForEver)), ErrorId::no_tickets);
  const Ticket old = mark();
  context_.reset();
  context_.emplace(take(open()));
  const Ticket fresh = mark();
  std::thread([&] {
    EXPECT_EQ(id_of(pmb::wait_any(std::vector{fresh, old}, kForEver)), ErrorId::stale_ticket);
    EXPECT_EQ(id_of(pmb::wait_any(std::vector{fresh, Ticket()}, kForEver)), ErrorId::stale_ticket);
  }).join();
  take(fresh.wait(1s));
  std::thread([&] { EXPECT_EQ(take(pmb::wait_any(std::vector{old, fresh}, kForEver)), 1U); }).join();
}

TEST_F(TicketWait, AnyOfSeveralTimelinesWakesTheWaiter) {
  FakeGl other;
  other.make_current();
  {
    auto context = take(open());
    const Ticket theirs = take(context.timeline().mark());
    fake_->make_current();
    const Ticket ours = mark();
    for (const bool our_turn : {false, true}) {
      auto waiting = our_turn ? any_waiter({ours}) : any_waiter({ours, theirs});
      until_asleep(ours);
      if (our_turn) {
        take(ours.wait(1s));
      } else {
        other.make_current();
        take(theirs.wait(1s));
        fake_->make_current();
      }
      EXPECT_EQ(take(woken(waiting)), our_turn ? 0U : 1U);
    }
    other.make_current();
  }
  strict_gl::expect_clean(other);
  fake_->make_current();
}

class TimelineWaitAny : public PmbTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(TimelineWaitAny, ReturnsTheOneMarkedFirstAndRunsNoMore) {
  const GLuint buffer = plain_buffer(64);
  const Ticket first = mark();
  const auto read = fake_->shader_read(buffer, 0, 64);
  const Ticket second = mark();
  const Ticket third = mark();
  EXPECT_EQ(take(pmb::wait_any(std::vector{third, second, first}, 1s)), 2U);
  EXPECT_FALSE(read->executed());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  EXPECT_EQ(take(pmb::wait_any(std::vector{third, second}, 1s)), 1U);
  EXPECT_TRUE(read->executed());
  EXPECT_FALSE(third.passed());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
}

TEST_F(TimelineWaitAny, RefusesTicketsThatItCannotWaitFor) {
  const Ticket ticket = mark();
  EXPECT_EQ(id_of(pmb::wait_any({}, 1s)), ErrorId::no_tickets);
  EXPECT_EQ(id_of(pmb::wait_any(std::vector{ticket, Ticket()}, 1s)), ErrorId::stale_ticket);
  FakeGl other;
  other.make_current();
  {
    auto context = take(open());
    const Ticket foreign = take(context.timeline().mark());
    fake_->make_current();
    EXPECT_EQ(id_of(foreign.wait(1s)), ErrorId::other_context_current);
    other.make_current();
  }
  fake_->make_current();
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(pmb::wait_any({&ticket, 1}, 1ms)), ErrorId::wait_timed_out);
}

TEST_F(TimelineWaitAny, OfTwoContextsOfThisThreadTheCurrentOneIsPolled) {
  FakeGl other;
  other.make_current();
  {
    auto context = take(open());
    const Ticket theirs = take(context.timeline().mark());
    fake_->make_current();
    const Ticket ours = mark();
    EXPECT_EQ(take(pmb::wait_any(std::vector{theirs, ours}, 1s)), 1U);
    EXPECT_FALSE(theirs.passed());
    other.make_current();
    take(theirs.wait(1s));
  }
  strict_gl::expect_clean(other);
  fake_->make_current();
}

// Nothing wakes a wait for tickets of two contexts of this thread: it polls, and sleeps between polls.
TEST_F(TimelineWaitAny, OfTwoContextsOfThisThreadTheCurrentOneIsPolledOnceAMillisecond) {
  FakeGl other;
  other.make_current();
  {
    auto context = take(open());
    const Ticket theirs = take(context.timeline().mark());
    fake_->make_current();
    const Ticket ours = mark();
    fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(id_of(pmb::wait_any(std::vector{theirs, ours}, 30ms)), ErrorId::wait_timed_out);
    const std::chrono::duration<double, std::milli> waited = std::chrono::steady_clock::now() - begin;
    // The first poll flushes and asks again, and the last one follows the deadline.
    EXPECT_LE(static_cast<double>(fake_->calls("glClientWaitSync")), waited.count() + 3);
    fake_->clear_script();
    fake_->set_polls_until_done(5);
    EXPECT_EQ(take(pmb::wait_any(std::vector{theirs, ours}, kForEver)), 1U);
    other.make_current();
    take(theirs.wait(1s));
  }
  strict_gl::expect_clean(other);
  fake_->make_current();
}

TEST_F(TimelineWaitAny, ATicketOfAnotherThreadMayPassFirst) {
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  const Ticket ours = mark();
  std::promise<Ticket> marked;
  std::promise<void> poll;
  std::promise<void> seen;
  std::jthread thread([&] {
    FakeGl other;
    other.make_current();
    {
      auto context = take(open());
      const Ticket theirs = take(context.timeline().mark());
      marked.set_value(theirs);
      poll.get_future().wait();
      take(theirs.wait(1s));
      // A wait that begins after the end of the timeline finds the ticket stale.
      seen.get_future().wait();
    }
    strict_gl::expect_clean(other);
  });
  const Ticket theirs = marked.get_future().get();
  EXPECT_EQ(id_of(pmb::wait_any(std::vector{ours, theirs}, 5ms)), ErrorId::wait_timed_out);
  poll.set_value();
  const auto first = pmb::wait_any(std::vector{ours, theirs}, 60s);
  seen.set_value();
  EXPECT_EQ(take(first), 1U);
}

TEST_F(TimelineWaitAny, MergedAndAdoptedTicketsPassWithTheirFences) {
  for (std::size_t i = 0; i < pmb::Timeline::kMaxFences; ++i) mark();
  const Ticket merged = mark();
  static_cast<void>(mark());
  const Ticket adopted = take(timeline().adopt(gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0)));
  EXPECT_EQ(take(pmb::wait_any(std::vector{adopted, merged}, 1s)), 1U);
  EXPECT_TRUE(merged.passed());
  EXPECT_EQ(take(pmb::wait_any({&adopted, 1}, 1s)), 0U);
}

class ClaimThread : public PmbTest {
 protected:
  void SetUp() override { start({}, validating({})); }
};

TEST_F(ClaimThread, EverythingMovesToTheThreadWhereTheContextIsCurrent) {
  auto ring =
      take(pmb::UploadRing::create(*context_, {.capacity_bytes = 128, .model = Model::explicit_flush}));
  const pmb::Slice before = put(ring, pattern(64, 1));
  FakeGl::release_current();
  std::thread([&] {
    fake_->make_current();
    EXPECT_EQ(id_of(timeline().mark()), ErrorId::wrong_thread);
    EXPECT_EQ(reports_of(ErrorId::wrong_thread), 1U);
    fake_->clear_log();
    take(context_->claim_thread());
    EXPECT_EQ(fake_->total_calls(), 0U);
    const auto read = draw(before);
    const Ticket ticket = mark();
    take(ring.retire(before, ticket));
    const auto later = draw(put(ring, pattern(64, 2)));
    take(mark().wait(1s));
    EXPECT_EQ(read->bytes(), pattern(64, 1));
    EXPECT_EQ(later->bytes(), pattern(64, 2));
    FakeGl::release_current();
  }).join();
  fake_->make_current();
  EXPECT_EQ(id_of(timeline().poll()), ErrorId::wrong_thread) << "the old thread has lost it";
  take(context_->claim_thread());
  take(timeline().poll());
  EXPECT_EQ(reports_of(ErrorId::wrong_thread), 2U);
}

TEST_F(ClaimThread, NothingMovesToAThreadWithoutTheContextCurrent) {
  std::thread([&] { EXPECT_EQ(id_of(context_->claim_thread()), ErrorId::no_current_context); }).join();
  std::thread([&] {
    FakeGl other;
    other.make_current();
    EXPECT_EQ(id_of(context_->claim_thread()), ErrorId::other_context_current);
    EXPECT_EQ(other.total_calls(), 0U);
  }).join();
  EXPECT_EQ(reports_of(ErrorId::no_current_context), 1U);
  EXPECT_EQ(reports_of(ErrorId::other_context_current), 1U);
  take(timeline().poll());
  pmb::Context moved = std::move(*context_);
  EXPECT_EQ(id_of(context_->claim_thread()), ErrorId::context_gone);
  *context_ = std::move(moved);
}

TEST_F(ClaimThread, TheNewThreadWaitsThroughGlAndTheOldOneSleeps) {
  const Ticket first = mark();
  const Ticket second = mark();
  FakeGl::release_current();
  std::thread([&] {
    EXPECT_EQ(id_of(first.wait(1ms)), ErrorId::wait_timed_out);
    fake_->make_current();
    take(context_->claim_thread());
    take(first.wait(1s));
    FakeGl::release_current();
  }).join();
  EXPECT_EQ(id_of(second.wait(1ms)), ErrorId::wait_timed_out);
  fake_->make_current();
  take(context_->claim_thread());
  take(second.wait(1s));
}

}  // namespace
