// SPDX-License-Identifier: MIT
// Contexts that share, each on its own thread: GPU waits for tickets while their owner marks, polls and deletes
// fences; and a context that moves from thread to thread.

#include <array>
#include <atomic>
#include <barrier>
#include <cstring>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "../support/value_queue.hpp"
#include "fake_context.hpp"

namespace thread_test {
namespace {

strict_gl::FakeConfig quiet() {
  strict_gl::FakeConfig config;
  config.max_logged_calls = 0;
  return config;
}

pmb::Result<pmb::Context> open_sharing() {
  pmb::Options options;
  options.current_context = &strict_gl::FakeGl::current;
  options.share_group = 1;
  return pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options));
}

GladGLContext load() {
  GladGLContext gl = {};
  EXPECT_NE(gladLoadGLContextUserPtr(&gl, &strict_gl::get_proc_address_user, nullptr), 0);
  return gl;
}

// A loader fills a buffer again and again; a renderer waits on the GPU, binds and reads, while the loader's
// fences come, go and merge.
TEST(SeveralContextsThreads, TicketsAreWaitedForOnTheGpuWhileTheirOwnerWorks) {
  constexpr std::uint32_t kFrames = 600;
  struct Frame {
    pmb::Ticket ticket;
    std::uint32_t index = 0;
  };
  // Far enough ahead that fences merge, but not so far that the loader ends before the renderer begins.
  constexpr std::uint32_t kAhead = pmb::Timeline::kMaxFences + 50;
  test_support::ValueQueue<std::optional<Frame>> frames;
  std::atomic<std::uint32_t> handled = 0;
  strict_gl::FakeGl loader_gl(quiet());
  strict_gl::FakeGl render_gl(quiet(), &loader_gl);
  GLuint images = 0;
  std::latch images_made(1);

  std::thread loader([&] {
    loader_gl.make_current();
    const GladGLContext gl = load();
    gl.CreateBuffers(1, &images);
    gl.NamedBufferStorage(images, kFrames * sizeof(std::uint32_t), nullptr, 0);
    images_made.count_down();
    {
      auto context = std::move(*open_sharing());
      for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
        while (frame >= handled.load(std::memory_order_relaxed) + kAhead) std::this_thread::yield();
        const std::uint32_t value = frame + 1;
        loader_gl.server_write(images, static_cast<std::int64_t>(frame * sizeof value),
                               std::as_bytes(std::span(&value, 1)));
        const pmb::Ticket ticket = take(context.timeline().mark());
        take(context.timeline().flush());
        frames.push(Frame{ticket, frame});
        // Long without a poll, so that fences merge; then a poll or a wait that deletes them.
        if (frame % 200 == 199) take(ticket.wait(kPatience));
        if (frame % 200 > 150) take(context.timeline().poll());
      }
      take(take(context.timeline().mark()).wait(kPatience));
      frames.push(std::nullopt);
      // Tickets of a context that ends while another asks for them.
    }
    strict_gl::expect_clean(loader_gl);
    strict_gl::FakeGl::release_current();
  });

  std::size_t shown = 0;
  std::thread renderer([&] {
    images_made.wait();
    render_gl.make_current();
    const GladGLContext gl = load();
    {
      auto context = std::move(*open_sharing());
      while (const auto frame = frames.pop()) {
        const auto answer = frame->ticket.wait_on_gpu(context);
        handled.fetch_add(1, std::memory_order_relaxed);
        if (!answer) {
          // Merged into a fence that is not flushed yet, or the loader has ended.
          EXPECT_TRUE(answer.error().id == pmb::ErrorId::fence_not_flushed ||
                      answer.error().id == pmb::ErrorId::stale_ticket)
              << answer.error().message();
          continue;
        }
        gl.BindBuffer(GL_COPY_READ_BUFFER, images);
        const auto read = render_gl.shader_read(
            images, static_cast<std::int64_t>(frame->index * sizeof(std::uint32_t)), sizeof(std::uint32_t));
        take(take(context.timeline().mark()).wait(kPatience));
        std::uint32_t value = 0;
        std::memcpy(&value, read->bytes().data(), sizeof value);
        EXPECT_EQ(value, frame->index + 1);
        ++shown;
      }
    }
    strict_gl::expect_clean(render_gl);
    strict_gl::FakeGl::release_current();
  });
  loader.join();
  renderer.join();
  EXPECT_GT(shown, 0u);
  EXPECT_EQ(loader_gl.live_syncs(), 0u);
}

// The same for tickets that are refused as unflushed: the renderer reads the loader's fences and makes no GL call,
// so only the library's lock orders the two threads.
TEST(SeveralContextsThreads, UnflushedTicketsAreRefusedWhileTheirOwnerWorks) {
  constexpr std::size_t kMarks = 3000;
  std::vector<pmb::Ticket> tickets(kMarks);
  std::atomic<std::size_t> marked = 0;
  std::atomic<bool> asking = false;
  strict_gl::FakeGl loader_gl(quiet());
  strict_gl::FakeGl render_gl(quiet(), &loader_gl);
  std::thread renderer([&] {
    render_gl.make_current();
    {
      auto context = std::move(*open_sharing());
      while (marked.load(std::memory_order_acquire) < kMarks) {
        const std::size_t count = marked.load(std::memory_order_acquire);
        if (count == 0) continue;
        const auto answer = tickets[count - 1].wait_on_gpu(context);
        EXPECT_TRUE(answer || answer.error().id == pmb::ErrorId::fence_not_flushed)
            << answer.error().message();
        asking.store(true, std::memory_order_relaxed);
        std::this_thread::yield();
      }
    }
    strict_gl::expect_clean(render_gl);
    strict_gl::FakeGl::release_current();
  });
  loader_gl.make_current();
  {
    auto context = std::move(*open_sharing());
    for (std::size_t i = 0; i < kMarks; ++i) {
      tickets[i] = take(context.timeline().mark());
      if (i % 300 == 299) take(tickets[i].wait(kPatience));
      marked.store(i + 1, std::memory_order_release);
      while (!asking.load(std::memory_order_relaxed)) std::this_thread::yield();
    }
    renderer.join();
  }
  strict_gl::expect_clean(loader_gl);
  EXPECT_EQ(loader_gl.live_syncs(), 0u);
  strict_gl::FakeGl::release_current();
}

// One context moves between threads, each of which does a frame's work, while threads that never own it are always
// refused.
TEST(SeveralContextsThreads, AContextMovesFromThreadToThread) {
  constexpr int kOwners = 3;
  constexpr std::uint32_t kRounds = 60;
  strict_gl::FakeGl fake(quiet());
  fake.make_current();
  pmb::Options options;
  options.current_context = &strict_gl::FakeGl::current;
  auto context = std::move(*pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options)));
  auto ring = take(pmb::UploadRing::create(context, {.capacity_bytes = 1024}));
  strict_gl::FakeGl::release_current();

  std::array<test_support::ValueQueue<std::uint32_t>, kOwners> turn;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (std::size_t owner = 0; owner < kOwners; ++owner) {
    threads.emplace_back([&, owner] {
      for (;;) {
        const std::uint32_t round = turn[owner].pop();
        if (round < kRounds) {
          fake.make_current();
          take(context.claim_thread());
          const auto bytes = pattern(256, round);
          const auto slice = take(ring.acquire(bytes.size()));
          EXPECT_TRUE(slice.copy_from(bytes));
          take(ring.publish(slice, bytes.size()));
          const auto read = fake.shader_read(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()),
                                             static_cast<std::int64_t>(bytes.size()));
          const pmb::Ticket ticket = take(context.timeline().mark());
          take(ring.retire(ticket));
          if (round % 3 == 0) {
            take(ticket.wait(kPatience));
            EXPECT_EQ(read->bytes(), bytes);
          }
          strict_gl::FakeGl::release_current();
        }
        turn[(owner + 1) % kOwners].push(round + 1);
        if (round >= kRounds) return;
      }
    });
  }
  std::vector<std::thread> strangers;
  for (int i = 0; i < 2; ++i) {
    strangers.emplace_back([&] {
      std::uint64_t refused = 0;
      while (!done.load(std::memory_order_relaxed) || refused == 0) {
        const auto poll = context.timeline().poll();
        const auto mark = context.timeline().mark();
        if (poll || mark) {
          ADD_FAILURE() << "a thread that never had the context used it";
          return;
        }
        EXPECT_EQ(poll.error().id, pmb::ErrorId::wrong_thread);
        ++refused;
        std::this_thread::yield();
      }
    });
  }
  turn[0].push(0);
  for (std::thread& thread : threads) thread.join();
  done.store(true);
  for (std::thread& thread : strangers) thread.join();

  fake.make_current();
  take(context.claim_thread());
  ring = {};
  { const auto ended = std::move(context); }
  strict_gl::expect_clean(fake);
  EXPECT_EQ(fake.live_syncs(), 0u);
  strict_gl::FakeGl::release_current();
}

}  // namespace
}  // namespace thread_test
