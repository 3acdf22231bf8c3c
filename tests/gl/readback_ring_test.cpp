// SPDX-License-Identifier: MIT
// Readback rings on a real driver: many in flight, released in any order, from copies, shaders and
// glReadPixels.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::Status;

class Readback : public EveryVariant {
 protected:
  pmb::ReadbackRing make_ring(std::uint64_t capacity) {
    auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = capacity, .label = "readback"});
    EXPECT_TRUE(ring) << ring.error().message();
    return ring ? std::move(*ring) : pmb::ReadbackRing();
  }
  void expect_arrives(const pmb::PendingReadback& pending, std::span<const std::byte> wanted) {
    const auto view = pending.wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    ASSERT_EQ(view->bytes().size(), wanted.size());
    EXPECT_EQ(first_difference(view->bytes(), wanted), -1);
  }
};

TEST_P(Readback, ReadbacksReleasedOutOfOrderKeepTheirBytes) {
  constexpr std::size_t kCount = 64;
  constexpr std::size_t kSource = 1 << 16;
  const Bytes source = pattern(kSource, 1);
  const GLuint buffer = plain_buffer(kSource, source.data());
  auto ring = make_ring(256 << 10);
  std::uint64_t seed = 7;
  const auto random = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
  };
  struct Asked {
    pmb::PendingReadback pending;
    std::size_t offset;
    std::size_t size;
  };
  std::vector<Asked> asked;
  for (int step = 0; step < 600; ++step) {
    if (asked.size() < kCount) {
      const std::size_t size = 1 + random(1500);
      const std::size_t offset = random(kSource - size);
      const auto pending = ring.request(buffer, offset, size);
      if (pending) {
        EXPECT_EQ(pending->size_bytes(), size);
        asked.push_back({*pending, offset, size});
      } else {
        // Live readbacks fill the ring; only a release frees room.
        ASSERT_EQ(pending.error().status, Status::would_block) << pending.error().message();
      }
    }
    if (step % 7 == 6) mark();
    if (asked.size() > kCount / 2 && step % 3 == 0) {
      mark();
      const std::size_t at = random(asked.size());
      expect_arrives(asked[at].pending, std::span(source).subspan(asked[at].offset, asked[at].size));
      ASSERT_TRUE(asked[at].pending.release());
      EXPECT_FALSE(asked[at].pending.is_live());
      asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  mark();
  for (const Asked& one : asked) {
    expect_arrives(one.pending, std::span(source).subspan(one.offset, one.size));
    ASSERT_TRUE(one.pending.release());
  }
  EXPECT_EQ(ring.stats().live_slices, 0u);
}

// Each frame is read while the next ones are drawn; the source is overwritten right after the request.
TEST_P(Readback, FramesAreReadWhileLaterOnesAreDrawn) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr std::uint32_t kFrames = 24;
  constexpr std::size_t kInFlight = 3;
  const SlowCounter counter(gl_, 500);
  const Bytes zeros(64);
  const GLuint counts = plain_buffer(64, zeros.data());
  auto ring = make_ring(4096);
  std::vector<pmb::PendingReadback> pending;
  for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
    counter.draw(counts, 0, 16);
    const auto asked = ring.request(counts, 0, 64);
    ASSERT_TRUE(asked) << asked.error().message();
    pending.push_back(*asked);
    mark();
    while (!pending.empty() && (pending.size() >= kInFlight || frame + 1 == kFrames)) {
      const std::uint32_t shown = frame + 2 - static_cast<std::uint32_t>(pending.size());
      const std::vector<std::uint32_t> wanted(16, shown * SlowCounter::kFragments / 16);
      expect_arrives(pending.front(), std::as_bytes(std::span(wanted)));
      ASSERT_TRUE(pending.front().release());
      pending.erase(pending.begin());
    }
  }
}

TEST_P(Readback, ReadPixelsWritesStraightIntoTheRing) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kRows = 8;
  const SlowRows rows(gl_, kRows, 200);
  std::vector<std::uint32_t> words(SlowRows::kWords);
  for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = i * i;
  const GLuint source = plain_buffer(SlowRows::kBytes, words.data());
  for (int row = 0; row < kRows; ++row) rows.draw(source, 0, row);
  auto ring = make_ring(1 << 16);
  // Four words a pixel, of which the first shows something: red, 0, 0, 1.
  const auto target = ring.acquire(4 * SlowRows::kBytes * kRows);
  ASSERT_TRUE(target) << target.error().message();
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, target->buffer());
  gl_.ReadPixels(0, 0, SlowRows::kWidth, kRows, GL_RGBA_INTEGER, GL_UNSIGNED_INT,
                 reinterpret_cast<void*>(target->offset_bytes()));
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  mark();
  std::vector<std::uint32_t> wanted;
  for (int row = 0; row < kRows; ++row) {
    for (const std::uint32_t word : words) wanted.insert(wanted.end(), {word, 0, 0, 1});
  }
  expect_arrives(*target, std::as_bytes(std::span(wanted)));
  ASSERT_TRUE(target->release());
}

TEST_P(Readback, OnlyAProgramMarkArmsDirectShaderWrites) {
  const GLuint other = plain_buffer(1000);
  auto ring = make_ring(4096);
  const auto target = ring.acquire(64);
  ASSERT_TRUE(target);
  // Transfers set internal fences; the writer may be issued after them.
  const Bytes bytes(1000);
  ASSERT_TRUE(pmb::upload(context(), other, 0, bytes));
  const auto early = target->wait(std::chrono::seconds(0));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().id, ErrorId::never_marked);
  if (GetParam().validate) expect_reports({pmb::ErrorId::never_marked});
  const std::vector<std::uint32_t> wanted(16, 0xCAFE);
  put(target->buffer(), target->offset_bytes(), std::as_bytes(std::span(wanted)));
  mark();
  expect_arrives(*target, std::as_bytes(std::span(wanted)));
  ASSERT_TRUE(target->release());
}

// Memory released before arrival is not lent again until the bytes have arrived.
TEST_P(Readback, ReleasedBeforeArrivalIsReusedOnlyAfterIt) {
  PMB_NEEDS_LATE_SHADERS();
  const SlowCounter counter(gl_, 3000);
  auto ring = make_ring(256);
  pmb::Ticket before;
  for (int round = 0; round < 6; ++round) {
    const auto pending = ring.acquire(256);
    ASSERT_TRUE(pending) << pending.error().message();
    EXPECT_EQ(before.passed(), round > 0) << "lent while the draw before may still write it";
    put(pending->buffer(), 0, Bytes(256));
    counter.draw(pending->buffer(), pending->offset_bytes(), 64);
    before = mark();
    if (round % 2 == 0) {
      ASSERT_TRUE(pending->release());
      continue;
    }
    const std::vector<std::uint32_t> wanted(64, SlowCounter::kFragments / 64);
    expect_arrives(*pending, std::as_bytes(std::span(wanted)));
    ASSERT_TRUE(pending->release());
  }
}

TEST_P(Readback, AFullRingReportsTheReason) {
  auto ring = make_ring(4096);
  const GLuint source = plain_buffer(4096);
  const auto larger = ring.request(source, 0, 4097);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().id, ErrorId::range_outside);
  const auto never = ring.acquire(4097);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().id, ErrorId::exceeds_ring);
  const auto whole = ring.request(source, 0, 4096);
  ASSERT_TRUE(whole);
  const auto full = ring.request(source, 0, 1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().status, Status::would_block);
  if (GetParam().validate) expect_reports({ErrorId::ring_full_unreleased});
  mark();
  ASSERT_TRUE(whole->release());
  const auto again = ring.request(source, 0, 1);
  ASSERT_TRUE(again) << again.error().message();
  mark();
  ASSERT_TRUE(again->release());
}

TEST_P(Readback, OverlappingItsOwnMemoryIsRefused) {
  auto ring = make_ring(4096);
  const GLuint own = ring.mapped_buffer().buffer();
  const auto overlapping = ring.request(own, 0, 4096);
  ASSERT_FALSE(overlapping);
  EXPECT_EQ(overlapping.error().id, ErrorId::source_is_destination);
  const auto fine = ring.request(own, 2048, 256);
  EXPECT_TRUE(fine);
  mark();
  ASSERT_TRUE(fine->release());
  expect_no_gl_error();
}

PMB_EVERY_VARIANT(Readback);

}  // namespace
}  // namespace gl_test
