// SPDX-License-Identifier: MIT
// Several contexts at once, each on its own thread. The library's shared state (recycled control blocks, the count of
// mapped bytes) is thread-safe, and the contexts do not affect each other.

#include <atomic>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

constexpr int kContextThreads = 6;

template <class Work>
void on_each_thread(const Work& work) {
  std::vector<std::thread> threads;
  threads.reserve(kContextThreads);
  for (std::uint32_t i = 0; i < kContextThreads; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST(ContextThreads, ContextsOnSeveralThreadsWorkSideBySide) {
  std::atomic<std::uint64_t> transferred = 0;
  on_each_thread([&](std::uint32_t thread) {
    for (std::uint32_t life = 0; life < 6; ++life) {
      FakeContext own(life % 2 == 0 ? pmb::Model::coherent : pmb::Model::explicit_flush);
      auto upload = take(pmb::UploadRing::create(own.context(), {.capacity_bytes = 4096}));
      auto readback = take(pmb::ReadbackRing::create(own.context(), {.capacity_bytes = 4096}));
      for (std::uint32_t step = 0; step < 40; ++step) {
        const auto bytes = pattern(1 + step * 23, thread * 10000 + life * 1000 + step);
        const auto slice = take(upload.acquire(bytes.size()));
        EXPECT_TRUE(slice.copy_from(bytes));
        take(upload.publish(slice, bytes.size()));
        const auto pending = take(readback.request(slice.buffer(), slice.offset_bytes(), bytes.size()));
        take(upload.retire(own.mark()));
        const auto view = take(pending.wait(kPatience));
        EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), view.bytes().begin(), view.bytes().end()));
        take(pending.release());
        transferred.fetch_add(bytes.size(), std::memory_order_relaxed);
      }
    }
  });
  EXPECT_GT(transferred.load(), 0u);
}

// Rings and pools made and destroyed all the time: their control blocks pass from thread to thread, and every
// handle of an earlier life stays stale on the thread that holds it.
TEST(ContextThreads, RecycledControlBlocksKeepOldHandlesStale) {
  on_each_thread([&](std::uint32_t thread) {
    FakeContext own;
    std::vector<pmb::Slice> old_slices;
    std::vector<pmb::Ticket> tickets;
    for (std::uint32_t life = 0; life < 40; ++life) {
      auto ring = take(pmb::UploadRing::create(own.context(), {.capacity_bytes = 1024}));
      auto pool = take(pmb::BlockPool::create(own.context(), {.block_bytes = 256, .count = 2}));
      const auto slice = take(ring.acquire(100 + thread));
      take(ring.publish(slice, 100 + thread));
      const pmb::Ticket ticket = own.mark();
      take(ring.retire(slice, ticket));
      own.wait(ticket);
      EXPECT_TRUE(ticket.passed());
      tickets.push_back(ticket);
      for (const pmb::Slice& old : old_slices) {
        // The thread's own ring is used: it recognises a foreign handle by its control block pointer alone.
        const auto refused = ring.publish(old, 1);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().id, pmb::ErrorId::stale_slice);
      }
      old_slices.push_back(slice);
    }
    own.close_context();
    for (const pmb::Ticket& ticket : tickets) EXPECT_FALSE(ticket.passed());
  });
}

// The process has one count of mapped bytes, exact for any thread that changes it.
TEST(ContextThreads, MappedBytesOfAllThreadsAddUp) {
  constexpr std::uint64_t kBytes = 4096;
  constexpr std::uint64_t kBuffers = 50;
  FakeContext observer;
  const std::uint64_t before = observer.context().mapped_bytes();
  std::atomic<int> holding = 0;
  std::atomic<bool> counted = false;
  std::vector<std::thread> threads;
  threads.reserve(kContextThreads);
  for (int i = 0; i < kContextThreads; ++i) {
    threads.emplace_back([&] {
      FakeContext own;
      std::vector<pmb::MappedBuffer> buffers;
      for (std::uint64_t n = 0; n < kBuffers; ++n) {
        buffers.push_back(take(pmb::MappedBuffer::create(own.context(), {.size_bytes = kBytes})));
        if (n % 3 == 2) {
          take(buffers.back().destroy());
          buffers.back() = take(pmb::MappedBuffer::create(own.context(), {.size_bytes = kBytes}));
        }
      }
      holding.fetch_add(1);
      holding.notify_all();
      counted.wait(false);
    });
  }
  for (int now = holding.load(); now < kContextThreads; now = holding.load()) holding.wait(now);
  EXPECT_EQ(observer.context().mapped_bytes() - before, kContextThreads * kBuffers * kBytes);
  counted.store(true);
  counted.notify_all();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(observer.context().mapped_bytes(), before);
}

}  // namespace
}  // namespace thread_test
