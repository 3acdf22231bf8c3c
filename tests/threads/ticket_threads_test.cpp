// SPDX-License-Identifier: MIT
// Several threads query tickets while the owner thread marks, polls, waits, and ends the context.

#include <array>
#include <atomic>
#include <cstring>
#include <latch>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

constexpr int kAskers = 4;

// Tickets that one thread adds and others read.
template <std::size_t Capacity>
class TicketBoard {
 public:
  void add(pmb::Ticket ticket) {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    tickets_[count] = ticket;
    count_.store(count + 1, std::memory_order_release);
  }
  std::size_t count() const { return count_.load(std::memory_order_acquire); }
  const pmb::Ticket& operator[](std::size_t index) const { return tickets_[index]; }

 private:
  std::array<pmb::Ticket, Capacity> tickets_;
  std::atomic<std::size_t> count_ = 0;
};

// Runs `ask` over and over on several threads, from before `work` on this one begins until it is done, and
// once more after that.
template <class Ask, class Work>
void ask_while_working(const Ask& ask, const Work& work) {
  std::atomic<bool> done = false;
  std::latch all_ask(kAskers + 1);
  std::vector<std::thread> askers;
  askers.reserve(kAskers);
  for (int i = 0; i < kAskers; ++i) {
    askers.emplace_back([&] {
      ask();
      all_ask.arrive_and_wait();
      while (!done.load(std::memory_order_acquire)) {
        ask();
        std::this_thread::yield();
      }
      ask();
    });
  }
  all_ask.arrive_and_wait();
  work();
  done.store(true, std::memory_order_release);
  for (std::thread& asker : askers) asker.join();
}

// A thread that sees a ticket passed may read earlier GPU writes without other synchronisation.
TEST(TicketThreads, AThreadThatSeesATicketPassedSeesTheBytesBeforeIt) {
  constexpr std::uint32_t kFrames = 400;
  TicketBoard<kFrames> board;
  FakeContext own;
  auto results = take(pmb::MappedBuffer::create(
      own.context(), {.size_bytes = kFrames * sizeof(std::uint32_t), .access = pmb::Access::read}));
  const std::span<const std::byte> bytes = results.raw_bytes();
  // Relaxed on purpose: it signals the owner to continue and orders nothing.
  std::atomic<std::uint32_t> newest_seen = 0;

  const auto ask = [&] {
    // From the newest on: once one has passed, so have all before it.
    bool a_later_one_passed = false;
    for (std::size_t i = board.count(); i-- > 0;) {
      if (!board[i].passed()) {
        EXPECT_FALSE(a_later_one_passed) << "ticket " << i;
        continue;
      }
      a_later_one_passed = true;
      std::uint32_t value = 0;
      std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
      if (value != i + 1) {
        ADD_FAILURE() << "frame " << i << " shows " << value;
        return;
      }
      if (newest_seen.load(std::memory_order_relaxed) < value)
        newest_seen.store(value, std::memory_order_relaxed);
    }
  };
  ask_while_working(ask, [&] {
    for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
      const std::uint32_t value = frame + 1;
      own.fake().server_write(results.buffer(), static_cast<std::int64_t>(frame * sizeof value),
                              std::as_bytes(std::span(&value, 1)));
      const pmb::Ticket ticket = own.mark();
      board.add(ticket);
      if (frame % 20 == 0) std::this_thread::yield();
      if (frame % 3 == 0) take(own.timeline().poll());
      if (frame % 20 != 19) continue;
      own.wait(ticket);
      // Until one thread has seen it, only the ticket signals the frame.
      while (newest_seen.load(std::memory_order_relaxed) < frame + 1) std::this_thread::yield();
    }
    own.wait(own.mark());
  });
  for (std::uint32_t i = 0; i < kFrames; ++i) EXPECT_TRUE(board[i].passed());
  EXPECT_EQ(newest_seen.load(), kFrames);
}

// Passed stays passed as long as the context lives, and nothing is passed once it is gone.
TEST(TicketThreads, APassedTicketStaysPassedUntilTheContextEnds) {
  constexpr std::size_t kMarks = 300;
  TicketBoard<kMarks> board;
  std::atomic<bool> ending = false;
  FakeContext own;

  const auto ask = [&] {
    for (std::size_t i = 0; i < board.count(); ++i) {
      const bool first = board[i].passed();
      const bool second = board[i].passed();
      // In this order of queries, only an end in between explains it.
      if (first && !second) {
        EXPECT_TRUE(ending.load()) << "ticket " << i;
      }
    }
  };
  ask_while_working(ask, [&] {
    for (std::size_t i = 0; i < kMarks; ++i) {
      board.add(own.mark());
      if (i % 20 == 0) std::this_thread::yield();
      if (i % 4 == 3) take(own.timeline().poll());
    }
    own.wait(board[kMarks / 2]);
    EXPECT_TRUE(board[kMarks / 2].passed());
    ending.store(true);
    own.close_context();
    for (std::size_t i = 0; i < kMarks; ++i) EXPECT_FALSE(board[i].passed());
  });
}

// A ticket that had not passed when its context ended never passes, even if another context reuses its control block.
TEST(TicketThreads, OldTicketsNeverMatchLaterContexts) {
  constexpr std::size_t kContexts = 120;
  TicketBoard<kContexts> abandoned;
  FakeContext own;
  std::atomic<std::uint64_t> asked = 0;

  const auto ask = [&] {
    for (std::size_t i = 0; i < abandoned.count(); ++i) {
      EXPECT_FALSE(abandoned[i].passed()) << "ticket " << i;
      asked.fetch_add(1, std::memory_order_relaxed);
    }
  };
  ask_while_working(ask, [&] {
    for (std::size_t i = 0; i < kContexts; ++i) {
      for (int frame = 0; frame < 3; ++frame) own.wait(own.mark());
      abandoned.add(own.mark());
      own.close_context();
      own.open();
      const pmb::Ticket ticket = own.mark();
      own.wait(ticket);
      EXPECT_TRUE(ticket.passed());
    }
  });
  EXPECT_GT(asked.load(), 0u);
}

// Copies of a ticket on other threads are the same ticket; empty tickets never pass.
TEST(TicketThreads, CopiesOnOtherThreadsAreTheSameTicket) {
  FakeContext own;
  const pmb::Ticket ticket = own.mark();
  ask_while_working(
      [copy = ticket, &ticket] {
        const pmb::Ticket another = copy;
        EXPECT_EQ(another, ticket);
        EXPECT_EQ(another.serial(), ticket.serial());
        static_cast<void>(another.passed());
        EXPECT_FALSE(pmb::Ticket().passed());
      },
      [&] { own.wait(ticket); });
  EXPECT_TRUE(ticket.passed());
}

}  // namespace
}  // namespace thread_test
