// SPDX-License-Identifier: MIT
// Threads without a context that wait for tickets while the contexts' threads mark, poll, lose their context and
// end it.

#include <atomic>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

constexpr int kWaiters = 3;
constexpr std::chrono::hours kForEver{100};

// Every frame wakes every waiter, whether asleep, about to sleep, or late, and makes the frame's bytes visible to it.
TEST(TicketWaitThreads, EveryFrameWakesEveryWaiterAndShowsItsBytes) {
  constexpr std::uint32_t kFrames = 500;
  FakeContext own;
  auto results = take(pmb::MappedBuffer::create(
      own.context(), {.size_bytes = kFrames * sizeof(std::uint32_t), .access = pmb::Access::read}));
  const std::span<const std::byte> bytes = results.raw_bytes();
  pmb::Ticket ticket;
  std::barrier next_frame(kWaiters + 1);
  std::vector<std::thread> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([&] {
      for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
        next_frame.arrive_and_wait();
        take(ticket.wait(kForEver));
        std::uint32_t value = 0;
        std::memcpy(&value, bytes.data() + frame * sizeof value, sizeof value);
        EXPECT_EQ(value, frame + 1);
        next_frame.arrive_and_wait();
      }
    });
  }
  for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
    const std::uint32_t value = frame + 1;
    own.fake().server_write(results.buffer(), static_cast<std::int64_t>(frame * sizeof value),
                            std::as_bytes(std::span(&value, 1)));
    ticket = own.mark();
    next_frame.arrive_and_wait();
    if (frame % 4 == 1) std::this_thread::yield();
    if (frame % 2 == 0) {
      own.wait(ticket);
    } else {
      while (!ticket.passed()) take(own.timeline().poll());
    }
    next_frame.arrive_and_wait();
  }
  for (std::thread& thread : waiters) thread.join();
}

// Waiters for tickets of two contexts on two threads, in both orders.
TEST(TicketWaitThreads, AnyOfTwoContextsEndsTheWait) {
  constexpr int kFrames = 300;
  struct Board {
    pmb::Ticket ticket[2];
  } board;
  std::barrier step(kWaiters + 2);
  std::vector<std::thread> threads;
  for (int owner = 0; owner < 2; ++owner) {
    threads.emplace_back([&, owner] {
      FakeContext own;
      for (int frame = 0; frame < kFrames; ++frame) {
        board.ticket[owner] = own.mark();
        step.arrive_and_wait();
        // One context continues alone.
        if (frame % 2 == owner) own.wait(board.ticket[owner]);
        step.arrive_and_wait();
        own.wait(board.ticket[owner]);
      }
    });
  }
  for (int i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&, i] {
      for (int frame = 0; frame < kFrames; ++frame) {
        step.arrive_and_wait();
        const pmb::Ticket tickets[] = {board.ticket[i % 2], board.ticket[1 - i % 2]};
        const auto index = take(pmb::wait_any(tickets, kForEver));
        EXPECT_EQ(tickets[index], board.ticket[frame % 2]);
        step.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Contexts end in every way, and their control blocks go to the next at once: no waiter sleeps on, and
// no waiter mistakes a later context's ticket for its own.
TEST(TicketWaitThreads, EveryEndOfAContextEndsTheWaits) {
  constexpr int kLives = 150;
  FakeContext own;
  pmb::Ticket ticket;
  std::barrier step(kWaiters + 1);
  std::vector<std::thread> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([&] {
      for (int life = 0; life < kLives; ++life) {
        step.arrive_and_wait();
        const auto answer = ticket.wait(kForEver);
        ASSERT_FALSE(answer) << life;
        // A late thread gets only the result that its context has ended.
        const pmb::ErrorId ended = life % 2 == 0 ? pmb::ErrorId::stale_ticket : pmb::ErrorId::context_lost;
        EXPECT_TRUE(answer.error().id == ended || answer.error().id == pmb::ErrorId::stale_ticket)
            << answer.error().message();
        step.arrive_and_wait();
      }
    });
  }
  for (int life = 0; life < kLives; ++life) {
    own.wait(own.mark());
    ticket = own.mark();
    step.arrive_and_wait();
    if (life % 3 == 0) std::this_thread::yield();
    if (life % 2 == 1) own.context().report_reset(GL_INNOCENT_CONTEXT_RESET);
    own.close_context();
    own.open();
    own.wait(own.mark());
    step.arrive_and_wait();
  }
  for (std::thread& thread : waiters) thread.join();
}

}  // namespace
}  // namespace thread_test
