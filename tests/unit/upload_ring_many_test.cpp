// SPDX-License-Identifier: MIT
// Publishing many slices at once: all or none, in few flushes that never include the bytes of other slices.
#include <array>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::UploadRing;

using Sizes = std::vector<std::uint64_t>;

class ManySlices : public PmbPathTest {
 protected:
  UploadRing ring_of(std::uint64_t capacity, std::uint32_t slices = 0) {
    return take(
        UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "many", .max_slices = slices}));
  }
  std::vector<strict_gl::LoggedCall> flushes() const {
    const bool by_name = context_->limits().direct_state_access;
    if (is_private()) return fake_->log_of(by_name ? "glNamedBufferSubData" : "glBufferSubData");
    return fake_->log_of(by_name ? "glFlushMappedNamedBufferRange" : "glFlushMappedBufferRange");
  }
  std::vector<Slice> acquire(UploadRing& ring, const Sizes& sizes, std::uint64_t alignment = 0) {
    std::vector<Slice> slices;
    for (const std::uint64_t size : sizes) slices.push_back(take(ring.acquire(size, alignment)));
    return slices;
  }
  void expect_flushed(std::size_t index, std::uint64_t begin, std::uint64_t end) {
    const auto flushed = flushes();
    ASSERT_GT(flushed.size(), index);
    EXPECT_EQ(flushed[index].values.at(1), static_cast<std::int64_t>(begin));
    EXPECT_EQ(flushed[index].values.at(2), static_cast<std::int64_t>(end - begin));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, ManySlices, every_waiting_path(), path_name);

TEST_P(ManySlices, AreFilledPublishedInOneFlushAndDrawnCorrectly) {
  auto ring = ring_of(64 * 1024);
  for (std::uint64_t frame = 0; frame < 40; ++frame) {
    const Sizes sizes = {256, 100, 512, 1, 200, 256};
    const auto slices = acquire(ring, sizes);
    for (std::size_t i = 0; i < slices.size(); ++i)
      ASSERT_TRUE(slices[i].copy_from(pattern(sizes[i], frame * 10 + i)));
    fake_->clear_log();
    take(ring.publish(slices));
    EXPECT_LE(flushes().size(), explicit_flush() ? 2U : 0U) << "two where the ring went round";
    std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
    for (const Slice& slice : slices) reads.push_back(draw(slice));
    take(ring.retire(mark()));
    gl_.Finish();
    for (std::size_t i = 0; i < reads.size(); ++i)
      EXPECT_EQ(reads[i]->bytes(), pattern(sizes[i], frame * 10 + i)) << i;
  }
}

TEST_P(ManySlices, UsedSizesFollowTheRulesOfOneSlice) {
  auto ring = ring_of(8192);
  const auto slices = acquire(ring, {256, 256, 256});
  for (const Slice& slice : slices) EXPECT_TRUE(slice.fill(std::byte{7}));
  const Sizes used = {256, 0, 10};
  take(ring.publish(slices, used));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(slices[i].size_bytes(), used[i]);
    EXPECT_TRUE(slices[i].raw_bytes().empty());
  }
  EXPECT_EQ(draw(slices[2])->bytes().size(), 0U) << "not executed yet";
  take(ring.retire(mark()));
  EXPECT_EQ(take(ring.acquire(64)).offset_bytes(), 768U) << "the last one's tail went back";
}

// With explicit flush, the flushed range is exact to the byte.
TEST_P(ManySlices, AFlushJoinsAdjacentSlicesAndExcludesOthers) {
  if (!explicit_flush()) return;
  auto ring = ring_of(64 * 1024);
  const auto whole = acquire(ring, {64, 128, 64}, 64);
  for (const Slice& slice : whole) EXPECT_TRUE(slice.fill(std::byte{1}));
  fake_->clear_log();
  take(ring.publish(whole));
  EXPECT_EQ(flushes().size(), 1U);
  expect_flushed(0, 0, 256);

  // Another slice lies between: its bytes are not flushed, although it is already published.
  const Slice left = take(ring.acquire(64, 64));
  const Slice stranger = take(ring.acquire(64, 64));
  const Slice right = take(ring.acquire(64, 64));
  for (const Slice& slice : {left, stranger, right}) EXPECT_TRUE(slice.fill(std::byte{2}));
  fake_->clear_log();
  take(ring.publish(std::array{left, right}));
  EXPECT_EQ(flushes().size(), 2U);
  expect_flushed(0, left.offset_bytes(), left.offset_bytes() + 64);
  expect_flushed(1, right.offset_bytes(), right.offset_bytes() + 64);

  // A cancelled slice between also separates them. Adjacent slices join even if acquired separately.
  const auto gap = acquire(ring, {64, 64, 64}, 64);
  take(ring.cancel(gap[1]));
  fake_->clear_log();
  take(ring.publish(std::array{gap[0], gap[2]}));
  EXPECT_EQ(flushes().size(), 2U);

  // Neighbours that use few of their bytes are flushed separately.
  const auto large = acquire(ring, {4096, 4096}, 64);
  fake_->clear_log();
  take(ring.publish(large, Sizes{64, 64}));
  EXPECT_EQ(flushes().size(), 2U);
  expect_flushed(0, large[0].offset_bytes(), large[0].offset_bytes() + 64);
  expect_flushed(1, large[1].offset_bytes(), large[1].offset_bytes() + 64);

  // In reverse order nothing is joined, and nothing is lost.
  const auto backward = acquire(ring, {64, 64}, 64);
  for (const Slice& slice : backward) EXPECT_TRUE(slice.fill(std::byte{3}));
  fake_->clear_log();
  take(ring.publish(std::array{backward[1], backward[0]}));
  EXPECT_EQ(flushes().size(), 2U);

  // Unused ends and padding between two acquired one after the other go along; an empty one in between too.
  const auto padded = acquire(ring, {100, 64, 200}, 256);
  fake_->clear_log();
  take(ring.publish(padded, Sizes{100, 0, 200}));
  EXPECT_EQ(flushes().size(), 2U) << "412 bytes lie between the first and the last";
  const auto close = acquire(ring, {100, 150, 200}, 256);
  fake_->clear_log();
  take(ring.publish(close, Sizes{90, 150, 20}));
  EXPECT_EQ(flushes().size(), 1U);
  expect_flushed(0, close[0].offset_bytes(), close[2].offset_bytes() + 20);
  take(ring.cancel(stranger));
}

TEST_P(ManySlices, ARefusalChangesNothing) {
  auto ring = ring_of(8192);
  auto slices = acquire(ring, {256, 256, 256});
  fake_->clear_log();
  const Slice stale = take(ring.acquire(64));
  take(ring.cancel(stale));
  EXPECT_EQ(id_of(ring.publish(std::array{slices[0], slices[1], stale})), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.publish(std::array{slices[0], slices[1], slices[0]})), ErrorId::already_published);
  EXPECT_EQ(id_of(ring.publish(slices, Sizes{256, 257, 256})), ErrorId::published_too_much);
  EXPECT_EQ(id_of(ring.publish(slices, Sizes{256, 256})), ErrorId::counts_differ);
  EXPECT_TRUE(flushes().empty());
  for (const Slice& slice : slices) EXPECT_EQ(slice.raw_bytes().size(), 256U);
  take(ring.publish(slices[1], 256));
  fake_->clear_log();
  EXPECT_EQ(id_of(ring.publish(slices)), ErrorId::already_published);
  EXPECT_TRUE(flushes().empty());
  EXPECT_EQ(slices[0].raw_bytes().size(), 256U);
  take(ring.publish(std::array{slices[2], slices[0]}));
  take(ring.publish(std::span<const Slice>()));
  take(ring.retire(mark()));
  EXPECT_EQ(ring.stats().live_slices, 0U);
  UploadRing gone;
  EXPECT_EQ(id_of(gone.publish(slices)), ErrorId::not_mapped);
}

TEST_P(ManySlices, AreWatchedLikeSingleSlices) {
  start_validating();
  auto ring = ring_of(8192);
  const auto slices = acquire(ring, {256, 256});
  const auto bytes = slices[1].raw_bytes();
  for (const Slice& slice : slices) EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slices));
  bytes[3] = std::byte{2};
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::written_after_publish);
  EXPECT_EQ(reports_[0].begin, 256U + 3U);
  take(ring.retire(mark()));
}

}  // namespace
