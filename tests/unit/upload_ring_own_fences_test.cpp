// SPDX-License-Identifier: MIT
// retire_issued(): the ring creates its own fences, as few as possible but always enough.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::UploadRing;
using strict_gl::GpuRead;

class OwnFences : public PmbPathTest {
 protected:
  static constexpr std::uint64_t kCapacity = 16384;

  UploadRing make_ring() {
    return take(UploadRing::create(*context_, {.capacity_bytes = kCapacity, .label = "stream"}));
  }
  std::size_t fences() const { return fake_->log_of("glFenceSync").size(); }
};
INSTANTIATE_TEST_SUITE_P(Paths, OwnFences, every_path(), path_name);

TEST_P(OwnFences, EveryDrawReadsItsUploadWithOneFenceAQuarter) {
  auto ring = make_ring();
  constexpr std::uint64_t kFrames = 400;
  constexpr std::uint64_t kBytes = kCapacity / 32;
  std::vector<std::shared_ptr<GpuRead>> reads;
  std::vector<Bytes> expected;
  for (std::uint64_t frame = 0; frame < kFrames; ++frame) {
    expected.push_back(pattern(kBytes, frame));
    reads.push_back(draw(put(ring, expected.back())));
    take(ring.retire_issued());
  }
  gl_.Finish();
  for (std::uint64_t frame = 0; frame < kFrames; ++frame) {
    ASSERT_EQ(reads[frame]->bytes(), expected[frame]) << "frame " << frame;
  }
  EXPECT_LE(fences(), kFrames / 8 + 1) << "eight frames are a quarter of the ring";
}

TEST_P(OwnFences, PublishedBytesAreNotReusedBeforeRetirement) {
  auto ring = make_ring();
  const Bytes settled = pattern(kCapacity / 8, 1);
  const Bytes late = pattern(kCapacity / 8, 2);
  const auto first = draw(put(ring, settled));
  take(ring.retire_issued());
  const Slice waiting = put(ring, late);  // its reader is issued last
  for (std::uint64_t i = 0; i < 16; ++i) {
    const auto more = ring.acquire(kCapacity / 8);
    if (!more) break;
    EXPECT_TRUE(more->fill(std::byte{0xEE}));
    take(ring.publish(*more, more->size_bytes()));
  }
  EXPECT_EQ(id_of(ring.acquire(kCapacity / 8)), ErrorId::ring_full_unretired);
  const auto second = draw(waiting);
  gl_.Finish();
  EXPECT_EQ(first->bytes(), settled);
  EXPECT_EQ(second->bytes(), late);
}

TEST_P(OwnFences, AnAcquireThatNeedsUnfencedBytesCreatesTheFence) {
  auto ring = make_ring();
  const Bytes bytes = pattern(kCapacity / 8, 3);
  const auto read = draw(put(ring, bytes));
  take(ring.retire_issued());
  EXPECT_EQ(fences(), 0U);
  const Slice all = take(ring.acquire(kCapacity));
  EXPECT_TRUE(all.fill(std::byte{0x11}));
  gl_.Finish();
  EXPECT_EQ(read->bytes(), bytes);
  take(ring.cancel(all));
}

TEST_P(OwnFences, TheFenceIsCreatedAtOnceWhileASliceIsBeingFilled) {
  auto ring = make_ring();
  const Slice filling = take(ring.acquire(64));
  const Bytes bytes = pattern(64, 4);
  const auto read = draw(put(ring, bytes));
  take(ring.retire_issued());
  EXPECT_EQ(fences(), 1U);
  EXPECT_TRUE(filling.is_live());
  take(ring.publish(filling, 64));
  gl_.Finish();
  EXPECT_EQ(read->bytes(), bytes);
}

TEST_P(OwnFences, DrainingReclaimsSlicesWithoutAFence) {
  auto ring = make_ring();
  static_cast<void>(draw(put(ring, pattern(64, 5))));
  take(ring.retire_issued());
  EXPECT_EQ(ring.stats().live_slices, 1U);
  take(ring.drain());
  EXPECT_EQ(ring.stats().live_slices, 0U);
}

TEST_P(OwnFences, ATicketAlsoRetiresSlicesWithoutAFence) {
  auto ring = make_ring();
  const Slice slice = put(ring, pattern(64, 6));
  static_cast<void>(draw(slice));
  take(ring.retire_issued());
  take(ring.retire(mark()));
  EXPECT_FALSE(slice.is_live());
  take(ring.retire_issued());
  EXPECT_EQ(fences(), 1U);
}

TEST_P(OwnFences, AGrowingRingKeepsEveryByte) {
  auto ring = take(UploadRing::create(
      *context_, {.capacity_bytes = kCapacity, .label = "grows", .max_capacity_bytes = 4 * kCapacity}));
  std::vector<std::shared_ptr<GpuRead>> reads;
  std::vector<Bytes> expected;
  for (std::uint64_t frame = 0; frame < 60; ++frame) {
    const std::uint64_t size = frame % 7 == 6 ? kCapacity * 3 / 2 : kCapacity / 16;
    expected.push_back(pattern(size, frame));
    reads.push_back(draw(put(ring, expected.back())));
    take(ring.retire_issued());
  }
  gl_.Finish();
  for (std::size_t i = 0; i < reads.size(); ++i) ASSERT_EQ(reads[i]->bytes(), expected[i]) << "frame " << i;
}

TEST_P(OwnFences, OneFenceCoversAQuarterOfTheRecords) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 1 << 20, .max_slices = 16}));
  for (std::uint64_t frame = 0; frame < 64; ++frame) {
    const auto slice = ring.try_acquire(64);
    ASSERT_TRUE(slice) << "frame " << frame << ": " << slice.error().message();
    take(ring.publish(*slice, 64));
    static_cast<void>(draw(*slice));
    take(ring.retire_issued());
    gl_.Finish();
  }
  EXPECT_LE(fences(), 64U / 4 + 1);
  EXPECT_GE(fences(), 64U / 4 - 1);
}

TEST_P(OwnFences, AFenceThatCannotBeCreatedIsReported) {
  auto ring = make_ring();
  static_cast<void>(draw(put(ring, pattern(64, 8))));
  take(ring.retire_issued());
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(ring.drain()), ErrorId::fence_is_null);
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(ring.acquire(kCapacity)), ErrorId::fence_is_null);
  fake_->clear_script();
  take(ring.drain());
  EXPECT_EQ(ring.stats().live_slices, 0U);
}

TEST_P(OwnFences, GrowingCreatesTheFenceOfTheOlderStorage) {
  auto ring = take(UploadRing::create(
      *context_, {.capacity_bytes = kCapacity, .label = "grows", .max_capacity_bytes = 2 * kCapacity}));
  const Bytes bytes = pattern(64, 9);
  const auto read = draw(put(ring, bytes));
  take(ring.retire_issued());
  const Slice filling =
      take(ring.acquire(kCapacity + 64));  // in new storage; the older one waits for a fence
  take(ring.cancel(filling));
  const Slice all = take(ring.acquire(2 * kCapacity));
  EXPECT_TRUE(all.fill(std::byte{0x22}));
  gl_.Finish();
  EXPECT_EQ(read->bytes(), bytes);
  take(ring.cancel(all));
}

TEST_P(OwnFences, ARingThatEndsBeforeItsFenceReportsNothing) {
  auto ring = make_ring();
  static_cast<void>(draw(put(ring, pattern(64, 7))));
  take(ring.retire_issued());
  ring = {};
}

TEST_P(OwnFences, AMovedFromRingReportsIt) {
  auto ring = make_ring();
  const UploadRing taken = std::move(ring);
  EXPECT_EQ(id_of(ring.retire_issued()), ErrorId::not_mapped);
}

}  // namespace
