// SPDX-License-Identifier: MIT
// Bytes of slices, blocks and readbacks on worker threads, while the context's thread acquires, publishes and
// releases.

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

// Runs jobs on worker threads in any order.
class Workers {
 public:
  explicit Workers(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void add(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      ++open_;
    }
    changed_.notify_all();
  }
  // Returns when at most `most` jobs are waiting or running.
  void wait_until_at_most(std::size_t most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ <= most; });
  }
  void wait_for_all() { wait_until_at_most(0); }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
      --open_;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t open_ = 0;
  bool ending_ = false;
};

class RingThreads : public testing::TestWithParam<Way> {
 protected:
  RingThreads() : own_(GetParam().model, sink()) {}

  static pmb::ValidationSink sink() {
    if (!GetParam().validate) return {};
    return [](const pmb::Report& report) {
      // Slow workers fill a ring. The tests look at that answer themselves.
      if (report.id == pmb::ErrorId::ring_full_unpublished || report.id == pmb::ErrorId::ring_full_unreleased)
        return;
      ADD_FAILURE() << report.message();
    };
  }

  FakeContext own_;
};

// Eight threads fill disjoint slices; the owner publishes those of one frame while those of the next are
// filled.
TEST_P(RingThreads, EightThreadsFillSlicesWhileTheOwnerPublishesOthers) {
  constexpr std::uint32_t kFrames = 60;
  static constexpr std::uint32_t kSlices = 16;
  auto ring = take(pmb::UploadRing::create(own_.context(), {.capacity_bytes = 64 << 10}));
  struct Frame {
    std::vector<pmb::Slice> slices;
    std::vector<std::uint64_t> sizes;
    std::uint32_t number = 0;
    std::shared_ptr<std::latch> filled = std::make_shared<std::latch>(kSlices);
  };
  struct Drawn {
    std::shared_ptr<strict_gl::GpuRead> read;
    std::vector<std::byte> wanted;
  };
  std::vector<Drawn> drawn;
  std::optional<Frame> filling;
  Workers workers(8);

  const auto finish = [&](const Frame& frame) {
    frame.filled->wait();
    for (std::uint32_t i = 0; i < kSlices; ++i) {
      const pmb::Slice& slice = frame.slices[i];
      take(ring.publish(slice, frame.sizes[i]));
      drawn.push_back(
          {own_.fake().shader_read(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()),
                                   static_cast<std::int64_t>(slice.size_bytes())),
           pattern(frame.sizes[i], frame.number * kSlices + i)});
    }
    take(ring.retire(own_.mark()));
  };
  for (std::uint32_t number = 0; number < kFrames; ++number) {
    Frame frame;
    frame.number = number;
    for (std::uint32_t i = 0; i < kSlices; ++i) {
      const std::uint64_t size = 1 + (number * 131 + i * 57) % 1000;
      const auto slice = take(ring.acquire(size, 1));
      frame.slices.push_back(slice);
      frame.sizes.push_back(size);
      const std::uint32_t seed = number * kSlices + i;
      // The span is taken here, because a slice accesses its ring, which belongs to this thread.
      workers.add([span = slice.raw_bytes(), seed, filled = frame.filled] {
        const auto bytes = pattern(span.size(), seed);
        std::copy(bytes.begin(), bytes.end(), span.begin());
        filled->count_down();
      });
    }
    if (filling) finish(*filling);
    filling = std::move(frame);
  }
  finish(*filling);
  own_.wait(own_.mark());
  for (const Drawn& one : drawn) {
    ASSERT_TRUE(one.read->executed());
    EXPECT_TRUE(one.read->bytes() == one.wanted);
  }
}

// Slices are published as soon as they are full, while others of the same ring are still being filled.
TEST_P(RingThreads, SlicesArePublishedWhileNeighboursAreStillFilled) {
  constexpr std::uint32_t kSlices = 800;
  auto ring = take(pmb::UploadRing::create(own_.context(), {.capacity_bytes = 16 << 10}));
  struct Job {
    pmb::Slice slice;
    std::uint32_t seed = 0;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> full;
  std::vector<std::pair<std::shared_ptr<strict_gl::GpuRead>, std::uint32_t>> drawn;
  std::uint32_t asked = 0;
  std::uint32_t published = 0;
  Workers workers(8);
  constexpr std::size_t kBytes = 300;
  while (published < kSlices) {
    while (asked < kSlices && asked - published < 24) {
      const auto slice = ring.acquire(kBytes);
      if (!slice) {
        // The oldest one is still being filled, and the ring is full of later ones.
        ASSERT_EQ(slice.error().id, pmb::ErrorId::ring_full_unpublished) << slice.error().message();
        break;
      }
      workers.add([&, slice = *slice, span = slice->raw_bytes(), seed = asked] {
        const auto bytes = pattern(kBytes, seed);
        std::copy(bytes.begin(), bytes.end(), span.begin());
        {
          const std::lock_guard lock(mutex);
          full.push_back({slice, seed});
        }
        changed.notify_one();
      });
      ++asked;
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !full.empty(); });
    const std::deque<Job> ready = std::move(full);
    full.clear();
    lock.unlock();
    for (const Job& job : ready) {
      take(ring.publish(job.slice, kBytes));
      drawn.emplace_back(own_.fake().shader_read(job.slice.buffer(),
                                                 static_cast<std::int64_t>(job.slice.offset_bytes()), kBytes),
                         job.seed);
      ++published;
    }
    take(ring.retire(own_.mark()));
  }
  own_.wait(own_.mark());
  for (const auto& [read, seed] : drawn) {
    ASSERT_TRUE(read->executed());
    EXPECT_TRUE(read->bytes() == pattern(kBytes, seed)) << seed;
  }
}

// Viewed bytes are read elsewhere while the owner asks for more; they are released when their reader is done.
TEST_P(RingThreads, ReadbackBytesAreConsumedOnOtherThreads) {
  constexpr std::uint32_t kFrames = 200;
  constexpr std::size_t kBytes = 500;
  auto ring = take(pmb::ReadbackRing::create(own_.context(), {.capacity_bytes = 8 << 10}));
  struct Done {
    std::mutex mutex;
    std::vector<pmb::PendingReadback> readbacks;
  } done;
  std::deque<std::pair<pmb::PendingReadback, std::uint32_t>> under_way;
  Workers workers(4);
  const auto release_done = [&] {
    const std::lock_guard lock(done.mutex);
    for (const pmb::PendingReadback& readback : done.readbacks) take(readback.release());
    done.readbacks.clear();
  };
  for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
    workers.wait_until_at_most(6);
    release_done();
    auto acquired = ring.acquire(kBytes);
    if (!acquired) {
      // The reader of the oldest readback is slow, and the ring is full of later ones.
      ASSERT_EQ(acquired.error().id, pmb::ErrorId::ring_full_unreleased) << acquired.error().message();
      workers.wait_for_all();
      release_done();
      acquired = ring.acquire(kBytes);
    }
    const auto pending = take(std::move(acquired));
    own_.fake().server_write(pending.buffer(), static_cast<std::int64_t>(pending.offset_bytes()),
                             pattern(kBytes, frame));
    own_.mark();
    under_way.emplace_back(pending, frame);
    if (under_way.size() < 4) continue;
    const auto [oldest, number] = under_way.front();
    under_way.pop_front();
    const auto view = take(oldest.wait(kPatience));
    workers.add([&done, view, oldest = oldest, number = number] {
      const auto wanted = pattern(kBytes, number);
      EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), view.bytes().begin(), view.bytes().end()))
          << "frame " << number;
      const std::lock_guard lock(done.mutex);
      done.readbacks.push_back(oldest);
    });
  }
  workers.wait_for_all();
  release_done();
  for (const auto& [pending, number] : under_way) take(pending.release());
  own_.wait(own_.mark());
  EXPECT_EQ(ring.stats().live_slices, 0u);
}

// Blocks are filled on one thread and their results read on another.
TEST_P(RingThreads, BlocksAreFilledAndReadOnOtherThreads) {
  constexpr std::uint32_t kRounds = 100;
  constexpr std::size_t kBytes = 1024;
  auto pool = take(pmb::BlockPool::create(own_.context(), {.block_bytes = kBytes, .count = 4}));
  Workers workers(4);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    std::vector<pmb::Block> blocks;
    for (std::uint32_t i = 0; i < 4; ++i) {
      blocks.push_back(take(pool.acquire()));
      workers.add([span = blocks.back().raw_bytes(), seed = round * 4 + i] {
        const auto bytes = pattern(span.size(), seed);
        std::copy(bytes.begin(), bytes.end(), span.begin());
      });
    }
    workers.wait_for_all();
    for (const pmb::Block& block : blocks) {
      take(pool.publish(block, kBytes));
      // The GPU's result: the first half is copied over the second, after the upload.
      own_.fake().shader_copy(block.buffer(), 0, block.buffer(), kBytes / 2, kBytes / 2);
    }
    const pmb::Ticket ticket = own_.mark();
    for (std::uint32_t i = 0; i < 4; ++i) {
      const auto view = take(pool.wait_view(blocks[i], ticket, kPatience));
      workers.add([view, seed = round * 4 + i] {
        const auto wanted = pattern(kBytes, seed);
        const auto bytes = view.bytes();
        EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + kBytes / 2, wanted.begin()));
        EXPECT_TRUE(std::equal(bytes.begin() + kBytes / 2, bytes.end(), wanted.begin()));
      });
    }
    workers.wait_for_all();
    for (const pmb::Block& block : blocks) take(pool.release(block));
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, RingThreads, testing::ValuesIn(kWays),
                         [](const testing::TestParamInfo<Way>& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace thread_test
