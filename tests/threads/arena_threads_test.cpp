// SPDX-License-Identifier: MIT
// Eight threads take pieces of one arena and fill them while others fill slices of the same ring;
// the owner publishes what they took.

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

constexpr std::size_t kThreads = 8;

class ArenaThreads : public testing::TestWithParam<Way> {
 protected:
  ArenaThreads() : own_(GetParam().model, sink()) {}

  pmb::ValidationSink sink() {
    if (!GetParam().validate) return {};
    return [this](const pmb::Report& report) {
      // Small pieces of several threads share lines; that is advice.
      if (pmb::severity_of(report.id) == pmb::Severity::error) rules_.push_back(report.id);
      begins_.push_back(report.begin_bytes);
    };
  }

  std::vector<pmb::ErrorId> rules_;
  std::vector<std::uint64_t> begins_;
  FakeContext own_;
};

struct Taken {
  pmb::ArenaPiece piece;
  std::uint32_t seed = 0;
};

void fill(const pmb::ArenaPiece& piece, std::uint32_t seed) {
  const auto bytes = pattern(piece.bytes.size(), seed);
  std::copy(bytes.begin(), bytes.end(), piece.bytes.begin());
  pmb::Arena::finish();
}

// In every frame all threads take pieces until the arena is empty, and each fills its own slice too.
TEST_P(ArenaThreads, EightThreadsFillOneArenaAndSlicesAndTheOwnerSubmits) {
  constexpr std::uint32_t kFrames = 30;
  constexpr std::size_t kSliceBytes = 200;
  auto ring = take(pmb::UploadRing::create(own_.context(), {.capacity_bytes = 64 << 10}));
  struct Frame {
    pmb::Arena arena;
    std::array<pmb::Slice, kThreads> slices;
    std::array<std::span<std::byte>, kThreads> spans;
    std::array<std::vector<Taken>, kThreads> taken;
    std::uint32_t number = 0;
  } frame;
  bool ending = false;
  std::barrier turn(kThreads + 1);
  std::vector<std::thread> threads;
  for (std::uint32_t own = 0; own < kThreads; ++own) {
    threads.emplace_back([&, own] {
      for (;;) {
        turn.arrive_and_wait();
        if (ending) return;
        frame.taken[own].clear();
        const auto bytes = pattern(kSliceBytes, frame.number * 100 + own);
        std::copy(bytes.begin(), bytes.end(), frame.spans[own].begin());
        for (std::uint32_t i = 0;; ++i) {
          const auto piece =
              frame.arena.take(1 + (own * 37 + i * 11 + frame.number) % 300, i % 2 == 0 ? 4 : 64);
          if (!piece) break;
          frame.taken[own].push_back({*piece, frame.number * 1000 + own * 100 + i});
          fill(*piece, frame.taken[own].back().seed);
        }
        turn.arrive_and_wait();
      }
    });
  }

  std::size_t pieces = 0;
  for (frame.number = 0; frame.number < kFrames; ++frame.number) {
    frame.arena = take(ring.lend(16 << 10));
    for (std::size_t i = 0; i < kThreads; ++i) {
      frame.slices[i] = take(ring.acquire(kSliceBytes));
      frame.spans[i] = frame.slices[i].raw_bytes();
    }
    turn.arrive_and_wait();
    turn.arrive_and_wait();
    const pmb::Slice slice = take(ring.publish(frame.arena));
    take(ring.publish(frame.slices));

    struct Read {
      std::shared_ptr<strict_gl::GpuRead> read;
      std::uint32_t seed;
      std::size_t bytes;
    };
    std::vector<Read> reads;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& mine : frame.taken) {
      for (const Taken& one : mine) {
        const std::uint64_t begin = one.piece.offset_bytes;
        const std::size_t bytes = one.piece.bytes.size();
        ASSERT_GE(begin, slice.offset_bytes());
        ASSERT_LE(begin + bytes, slice.offset_bytes() + slice.size_bytes());
        ranges.emplace_back(begin, begin + bytes);
        reads.push_back({own_.fake().shader_read(one.piece.buffer, static_cast<std::int64_t>(begin),
                                                 static_cast<std::int64_t>(bytes)),
                         one.seed, bytes});
      }
    }
    for (std::uint32_t i = 0; i < kThreads; ++i) {
      reads.push_back(
          {own_.fake().shader_read(frame.slices[i].buffer(),
                                   static_cast<std::int64_t>(frame.slices[i].offset_bytes()), kSliceBytes),
           frame.number * 100 + i, kSliceBytes});
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) ASSERT_LE(ranges[i - 1].second, ranges[i].first);
    pieces += ranges.size();
    const pmb::Ticket ticket = own_.mark();
    take(ring.retire(ticket));
    own_.wait(ticket);
    for (const Read& one : reads) EXPECT_TRUE(one.read->bytes() == pattern(one.bytes, one.seed)) << one.seed;
  }
  ending = true;
  turn.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(pieces, kFrames * kThreads);
  EXPECT_TRUE(rules_.empty());
}

// Threads keep taking while the owner publishes and lends a new arena: take() returns a piece of the arena of their
// handle, or nothing.
TEST_P(ArenaThreads, TakeDuringAPublishReturnsAPieceOfItsArenaOrNothing) {
  constexpr int kRounds = 300;
  auto ring = take(pmb::UploadRing::create(own_.context(), {.capacity_bytes = 64 << 10}));
  std::array<pmb::Arena, kRounds> arenas;
  std::array<std::array<std::vector<std::uint64_t>, kThreads>, kRounds> begins;
  std::atomic<int> lent = 0;
  std::vector<std::thread> threads;
  for (std::size_t own = 0; own < kThreads; ++own) {
    threads.emplace_back([&, own] {
      for (int round = 0; round < kRounds; ++round) {
        lent.wait(round, std::memory_order_acquire);
        while (const auto piece = arenas[static_cast<std::size_t>(round)].take(16, 16)) {
          begins[static_cast<std::size_t>(round)][own].push_back(piece->offset_bytes);
          if (begins[static_cast<std::size_t>(round)][own].size() % 8 == 0) std::this_thread::yield();
        }
      }
    });
  }
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::vector<Range> published;
  for (std::size_t round = 0; round < kRounds; ++round) {
    arenas[round] = take(ring.lend(4096));
    lent.store(static_cast<int>(round) + 1, std::memory_order_release);
    lent.notify_all();
    if (round % 3 != 0) std::this_thread::yield();
    const pmb::Slice slice = take(ring.publish(arenas[round]));
    published.push_back({slice.offset_bytes(), slice.offset_bytes() + slice.size_bytes()});
    EXPECT_FALSE(arenas[round].take(1));
    take(ring.retire(slice, own_.mark()));
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::vector<std::uint64_t> all;
    for (const auto& own : begins[round]) all.insert(all.end(), own.begin(), own.end());
    std::sort(all.begin(), all.end());
    EXPECT_TRUE(std::adjacent_find(all.begin(), all.end()) == all.end()) << "two threads got the same piece";
    for (const std::uint64_t begin : all) {
      EXPECT_GE(begin, published[round].begin);
      EXPECT_LE(begin + 16, published[round].end) << "a piece that the publish did not count";
    }
  }
}

// The last of eight threads writes past its piece.
TEST_P(ArenaThreads, AnOverlapIsReportedWithItsBytes) {
  if (!GetParam().validate) return;
  auto ring = take(pmb::UploadRing::create(own_.context(), {.capacity_bytes = 64 << 10}));
  const pmb::Arena arena = take(ring.lend(8192));
  std::array<pmb::ArenaPiece, kThreads> pieces;
  std::vector<std::thread> threads;
  for (std::uint32_t own = 0; own < kThreads; ++own) {
    threads.emplace_back([&, own] {
      pieces[own] = arena.take(100, 4).value();
      fill(pieces[own], own);
      if (own + 1 == kThreads) pieces[own].bytes.data()[120] ^= std::byte{1};
    });
  }
  for (std::thread& thread : threads) thread.join();
  take(ring.publish(arena));
  ASSERT_EQ(rules_.size(), 1u);
  EXPECT_EQ(rules_[0], pmb::ErrorId::arena_piece_overrun);
  EXPECT_EQ(begins_[0], pieces[kThreads - 1].offset_bytes + 120);
  take(ring.retire(own_.mark()));
}

INSTANTIATE_TEST_SUITE_P(Ways, ArenaThreads, testing::ValuesIn(kWays),
                         [](const testing::TestParamInfo<Way>& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace thread_test
