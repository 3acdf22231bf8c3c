// SPDX-License-Identifier: MIT
// The page guard on a real driver: its misuse is reported, its own threads and the GPU pass, and every byte arrives.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;

// Large enough that a driver gives rings pages that no other memory shares.
constexpr std::uint64_t kRing = 8 * kMiB;
constexpr std::uint64_t kSlice = 256 << 10;
constexpr std::uint64_t kInside = kSlice / 2 + 5;  // of a slice, and not at the start of a page

class PageGuard : public GlTest {
 protected:
  void SetUp() override {
    PMB_NEEDS_MAPPED_RINGS();
    GlTest::SetUp();
  }
  TestOptions test_options() const override { return {.options = {.page_guard = true}}; }

  pmb::UploadRing make_ring() {
    auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = kRing, .label = "ring"});
    EXPECT_TRUE(ring) << ring.error().message();
    return ring ? std::move(*ring) : pmb::UploadRing();
  }
  pmb::ReadbackRing make_readbacks() {
    auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = kRing, .label = "readbacks"});
    EXPECT_TRUE(ring) << ring.error().message();
    return ring ? std::move(*ring) : pmb::ReadbackRing();
  }
  pmb::Slice put_pattern(pmb::UploadRing& ring, const Bytes& bytes) {
    const auto slice = ring.acquire(bytes.size());
    EXPECT_TRUE(slice && slice->copy_from(bytes) && ring.publish(*slice, bytes.size()));
    return slice.value_or(pmb::Slice());
  }
  // One report, of a fault at this byte of the buffer: without a line of a call.
  void expect_fault(ErrorId id, std::uint64_t at) {
    const std::vector<RecordedReport> reports = take_reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].report.id, id) << reports[0].report.message();
    EXPECT_EQ(reports[0].report.begin_bytes, at);
    EXPECT_EQ(reports[0].report.noticed_at.line(), 0u);
  }
};

void write_byte(std::byte* at) {
  *const_cast<volatile std::byte*>(at) = std::byte{77};
}

TEST_F(PageGuard, AWriteAfterThePublishIsReportedAtTheInstruction) {
  auto ring = make_ring();
  const auto slice = ring.acquire(kSlice);
  ASSERT_TRUE(slice);
  const auto bytes = slice->raw_bytes();
  const std::uint64_t offset = slice->offset_bytes();
  ASSERT_TRUE(slice->fill(std::byte{1}));
  ASSERT_TRUE(ring.publish(*slice, kSlice));
  EXPECT_EQ(bytes[kInside], std::byte{1});
  write_byte(&bytes[kInside]);
  EXPECT_EQ(bytes[kInside], std::byte{77});
  ASSERT_TRUE(ring.retire(mark()));
  expect_fault(ErrorId::written_after_publish, offset + kInside);
}

TEST_F(PageGuard, AStalePointerIsReported) {
  auto ring = make_ring();
  const pmb::Slice slice = put_pattern(ring, pattern(kSlice, 1));
  const std::uint64_t at = slice.offset_bytes() + kInside;
  std::byte* const stale = ring.mapped_buffer().raw_bytes().data() + at;
  const pmb::Ticket ticket = mark();
  ASSERT_TRUE(ring.retire(slice, ticket));
  wait(ticket);
  ASSERT_TRUE(ring.acquire(64).and_then([&](pmb::Slice next) { return ring.cancel(next); }));
  write_byte(stale);
  mark();
  expect_fault(ErrorId::stale_slice, at);
}

TEST_F(PageGuard, AWrittenViewIsReported) {
  auto ring = make_readbacks();
  const Bytes bytes = pattern(kSlice, 1);
  const GLuint source = plain_buffer(kSlice, bytes.data());
  const auto pending = ring.request(source, 0, kSlice);
  ASSERT_TRUE(pending);
  mark();
  const auto view = pending->wait(kPatience);
  ASSERT_TRUE(view);
  EXPECT_EQ(first_difference(view->bytes(), bytes), -1);
  write_byte(const_cast<std::byte*>(&view->bytes()[kInside]));
  mark();
  expect_fault(ErrorId::view_written, pending->offset_bytes() + kInside);
  EXPECT_TRUE(pending->release());
}

TEST_F(PageGuard, SystemCallsFillAcquiredSlicesAndFailOnPublishedOnes) {
  auto ring = make_ring();
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  const Bytes sent = pattern(16 << 10, 3);
  const auto size = static_cast<ssize_t>(sent.size());
  for (int turn = 0; turn < 3 * static_cast<int>(kRing / kSlice); ++turn) {
    const auto slice = ring.acquire(kSlice);
    ASSERT_TRUE(slice);
    std::byte* const middle = slice->raw_bytes().data() + kSlice / 2;
    ASSERT_EQ(write(ends[1], sent.data(), sent.size()), size);
    ASSERT_EQ(read(ends[0], middle, sent.size()), size);
    ASSERT_TRUE(ring.publish(*slice, kSlice));
    ASSERT_EQ(write(ends[1], middle, sent.size()), size) << "published bytes may be sent";
    ASSERT_EQ(read(ends[0], middle, sent.size()), -1)
        << "the pipe is empty now, and a second read would hang";
    EXPECT_EQ(errno, EFAULT);
    Bytes received(sent.size());
    ASSERT_EQ(read(ends[0], received.data(), received.size()), size);
    EXPECT_EQ(received, sent);
    ASSERT_TRUE(ring.retire(mark()));
  }
  for (const int end : ends) ::close(end);
  EXPECT_TRUE(take_reports().empty());
}

// Draws whose fragments read the slices late, on threads of a software renderer, and copies into readbacks.
TEST_F(PageGuard, TheGpuReadsAndWritesProtectedMemory) {
  PMB_NEEDS_FRAGMENT_STORAGE();
  constexpr int kRows = 24;
  auto ring = make_ring();
  auto readbacks = make_readbacks();
  const SlowRows rows(gl_, kRows, 20);
  std::vector<std::uint32_t> expected;
  for (int row = 0; row < kRows; ++row) {
    // Not whole pages, so that neighbours share one.
    std::vector<std::uint32_t> words(kSlice * 3 / sizeof(std::uint32_t) + 100);
    std::ranges::generate(words,
                          [word = static_cast<std::uint32_t>(row) << 20u]() mutable { return ++word; });
    const auto bytes = std::as_bytes(std::span(words));
    const pmb::Slice slice = put_pattern(ring, {bytes.begin(), bytes.end()});
    const std::uint64_t middle = slice.offset_bytes() + kSlice;
    rows.draw(slice.buffer(), middle, row);
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(kSlice / sizeof(std::uint32_t));
    expected.insert(expected.end(), first, first + SlowRows::kWords);
    const auto pending = readbacks.request(slice.buffer(), slice.offset_bytes(), bytes.size());
    ASSERT_TRUE(pending) << pending.error().message();
    ASSERT_TRUE(ring.retire(mark()));
    const auto view = pending->wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    EXPECT_EQ(first_difference(view->bytes(), bytes), -1) << row;
    EXPECT_TRUE(pending->release());
  }
  EXPECT_EQ(rows.pixels(), expected);
  expect_no_gl_error();
  EXPECT_TRUE(take_reports().empty());
}

}  // namespace
}  // namespace gl_test
