// SPDX-License-Identifier: MIT
// The positions of slices: alignment, cache lines, wraps, rollback, and records reclaimed in order.
#include <gtest/gtest.h>

#include <memory>
#include <pmb/detail/ring_layout.hpp>
#include <vector>

namespace {

using pmb::detail::kCacheLine;
using pmb::detail::RingAnswer;
using pmb::detail::RingLayout;
using pmb::detail::RingSlot;

std::unique_ptr<RingLayout> layout_of(std::uint64_t first, std::uint64_t last, std::uint32_t slots = 16) {
  auto layout = std::make_unique<RingLayout>();
  EXPECT_TRUE(layout->reset(first, last, slots, false, kCacheLine));
  return layout;
}

std::uint64_t reserve(RingLayout& layout, std::uint64_t size, std::uint64_t alignment = 1) {
  EXPECT_EQ(layout.reserve(size, alignment), RingAnswer::ok);
  return layout.newest().offset;
}

void publish(RingLayout& layout, RingSlot& slot, std::uint64_t used, std::uint64_t marked) {
  if (used < slot.size) layout.shorten(slot, used);
  layout.publish(slot, marked);
}

/// Publishes and retires the newest slice.
void pass_on(RingLayout& layout, std::uint64_t serial) {
  RingSlot& slot = layout.newest();
  layout.publish(slot, serial - 1);
  layout.retire(slot, serial);
}

TEST(RingLayout, AnEmptyLayoutHasNoRoomAndNoSlices) {
  RingLayout layout;
  EXPECT_EQ(layout.capacity(), 0U);
  EXPECT_EQ(layout.records(), 0U);
  EXPECT_FALSE(layout.reserve_ahead(1, 1));
  for (std::uint64_t key = 0; key < 4 * RingSlot::kStates; key += RingSlot::kStates) {
    EXPECT_EQ(layout.find_live(key), nullptr);
    EXPECT_EQ(layout.find(key, RingSlot::kAcquired), nullptr);
    EXPECT_EQ(layout.find(key, RingSlot::kPublished), nullptr);
  }
}

TEST(RingLayout, SlicesStartOnLinesAndShareNone) {
  const auto layout = layout_of(0, 1024);
  EXPECT_EQ(reserve(*layout, 1), 0U);
  EXPECT_EQ(reserve(*layout, 64), 64U);
  EXPECT_EQ(reserve(*layout, 65), 128U);
  EXPECT_EQ(reserve(*layout, 1), 256U);
}

TEST(RingLayout, HonoursAlignmentsThatAreNotPowersOfTwo) {
  const auto layout = layout_of(0, 65536);
  reserve(*layout, 1);
  EXPECT_EQ(reserve(*layout, 10, 12), 72U) << "the first multiple of 12 beyond the line of the byte before";
  EXPECT_EQ(reserve(*layout, 10, 100), 200U);
  EXPECT_EQ(reserve(*layout, 10, 4096), 4096U);
}

TEST(RingLayout, TheFastPathMatchesTheSlowPathOrDeclines) {
  const auto fast = layout_of(0, 8192);
  const auto slow = layout_of(0, 8192);
  for (const std::uint64_t alignment : {1U, 2U, 64U, 128U, 256U, 12U, 1024U}) {
    const bool answered = fast->reserve_ahead(100, alignment);
    EXPECT_EQ(answered, alignment != 12U);
    if (!answered) reserve(*fast, 100, alignment);
    EXPECT_EQ(fast->newest().offset, reserve(*slow, 100, alignment)) << alignment;
  }
  EXPECT_FALSE(fast->reserve_ahead(0, 1));
  EXPECT_FALSE(fast->reserve_ahead(UINT64_MAX, 1));
  EXPECT_FALSE(fast->reserve_ahead(UINT64_MAX - 100, 1));
  EXPECT_FALSE(fast->reserve_ahead(8193, 1));
  EXPECT_FALSE(fast->reserve_ahead(1, std::uint64_t{1} << 63));
}

TEST(RingLayout, AnAttendedLayoutNeverUsesTheFastPath) {
  RingLayout layout;
  ASSERT_TRUE(layout.reset(0, 4096, 16, true, kCacheLine));
  EXPECT_FALSE(layout.reserve_ahead(64, 1));
  reserve(layout, 64);
  EXPECT_EQ(layout.find(layout.newest_key(), RingSlot::kAcquired), nullptr);
  EXPECT_NE(layout.find_live(layout.newest_key()), nullptr);
}

TEST(RingLayout, AWrappedSliceSharesNoLineWithTheOldest) {
  const auto layout = layout_of(0, 384);
  reserve(*layout, 64);
  pass_on(*layout, 1);
  reserve(*layout, 64);
  pass_on(*layout, 2);
  EXPECT_EQ(reserve(*layout, 100, 36), 144U) << "it begins inside a line";
  reserve(*layout, 64);
  layout->reclaim(2);
  EXPECT_EQ(layout->reserve(136, 1), RingAnswer::full);
  EXPECT_EQ(reserve(*layout, 128), 0U);
}

TEST(RingLayout, TheLastLineMayBePartial) {
  const auto layout = layout_of(0, 100);
  EXPECT_EQ(layout->greatest_slice(1), 100U);
  EXPECT_EQ(reserve(*layout, 100), 0U);
  const auto tail = layout_of(0, 100);
  reserve(*tail, 64);
  EXPECT_EQ(reserve(*tail, 36), 64U);
  EXPECT_EQ(tail->reserve(1, 1), RingAnswer::full);
}

TEST(RingLayout, TheGreatestSliceCountsTheAlignmentOfAnAdoptedStart) {
  EXPECT_EQ(layout_of(0, 4096)->greatest_slice(4096), 4096U);
  EXPECT_EQ(layout_of(64, 4096)->greatest_slice(64), 4032U);
  EXPECT_EQ(layout_of(64, 4096)->greatest_slice(256), 3840U);
  EXPECT_EQ(layout_of(64, 4096)->greatest_slice(4096), 0U);
  EXPECT_EQ(layout_of(64, 4096)->greatest_slice(8192), 0U);
  const auto layout = layout_of(100, 1000);
  EXPECT_EQ(layout->greatest_slice(1), 872U);
  EXPECT_EQ(reserve(*layout, 872), 128U);
}

TEST(RingLayout, NeverWrapsIntoAnUnreclaimedSlice) {
  const auto layout = layout_of(0, 256);
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(reserve(*layout, 64), i * 64);
    pass_on(*layout, i + 1);
  }
  EXPECT_EQ(layout->reserve(64, 1), RingAnswer::full);
  layout->reclaim(0);
  EXPECT_EQ(layout->reserve(64, 1), RingAnswer::full);
  layout->reclaim(2);
  EXPECT_EQ(layout->records(), 2U);
  EXPECT_EQ(reserve(*layout, 64), 0U);
  EXPECT_EQ(reserve(*layout, 64), 64U);
  EXPECT_EQ(layout->reserve(64, 1), RingAnswer::full);
  EXPECT_FALSE(layout->reserve_ahead(64, 1));
}

TEST(RingLayout, ASliceIsNeverSplitAtTheEnd) {
  const auto layout = layout_of(0, 256);
  reserve(*layout, 192);
  pass_on(*layout, 1);
  EXPECT_EQ(layout->reserve(128, 1), RingAnswer::full);
  layout->reclaim(1);
  EXPECT_EQ(reserve(*layout, 128), 0U);
}

TEST(RingLayout, ReclaimsOnlyInOrder) {
  const auto layout = layout_of(0, 1024);
  reserve(*layout, 64);
  const std::uint64_t oldest = layout->newest_key();
  publish(*layout, layout->newest(), 64, 0);
  reserve(*layout, 64);
  pass_on(*layout, 1);
  layout->reclaim(5);
  EXPECT_EQ(layout->records(), 2U) << "the oldest is still published";
  EXPECT_TRUE(layout->oldest().live);
  layout->retire(*layout->find_live(oldest), 2);
  EXPECT_FALSE(layout->oldest().live);
  EXPECT_EQ(layout->oldest().serial, 2U);
  layout->reclaim(1);
  EXPECT_EQ(layout->records(), 2U) << "serial 2 has not passed";
  layout->reclaim(2);
  EXPECT_EQ(layout->records(), 0U);
}

TEST(RingLayout, PublishFreesTheTailOfTheNewestSlice) {
  const auto layout = layout_of(0, 1024);
  reserve(*layout, 512);
  publish(*layout, layout->newest(), 65, 0);
  EXPECT_EQ(layout->newest().size, 65U);
  EXPECT_EQ(reserve(*layout, 64), 128U);
}

TEST(RingLayout, PublishOfAnOlderSliceKeepsItsTail) {
  const auto layout = layout_of(0, 1024);
  reserve(*layout, 512);
  const std::uint64_t older = layout->newest_key();
  reserve(*layout, 64);
  publish(*layout, *layout->find_live(older), 1, 0);
  EXPECT_EQ(reserve(*layout, 64), 576U);
}

TEST(RingLayout, CancellingTheNewestSliceFreesItsBytesAtOnce) {
  const auto layout = layout_of(0, 1024);
  reserve(*layout, 64);
  reserve(*layout, 300);
  const std::uint64_t cancelled = layout->newest_key();
  layout->drop(layout->newest(), 0);
  EXPECT_EQ(layout->find_live(cancelled), nullptr);
  EXPECT_EQ(reserve(*layout, 64), 64U);
}

TEST(RingLayout, CancellingAnOlderSliceWaitsForItsTurn) {
  const auto layout = layout_of(0, 256);
  reserve(*layout, 64);
  const std::uint64_t older = layout->newest_key();
  reserve(*layout, 64);
  layout->drop(*layout->find_live(older), 0);
  EXPECT_EQ(layout->records(), 2U);
  layout->reclaim(0);
  EXPECT_EQ(layout->records(), 1U);
  EXPECT_EQ(reserve(*layout, 128), 128U);
  EXPECT_EQ(reserve(*layout, 64), 0U);
}

TEST(RingLayout, ADroppedSliceWithASerialKeepsItsBytesUntilThen) {
  const auto layout = layout_of(0, 128);
  reserve(*layout, 128);
  layout->drop(layout->newest(), 7);
  layout->reclaim(6);
  EXPECT_EQ(layout->reserve(64, 1), RingAnswer::full);
  layout->reclaim(7);
  EXPECT_EQ(reserve(*layout, 64), 0U);
}

TEST(RingLayout, HandlesGoStaleWhenTheirRecordIsReused) {
  const auto layout = layout_of(0, 4096, 2);
  std::vector<std::uint64_t> old;
  for (std::uint64_t i = 0; i < 10; ++i) {
    reserve(*layout, 64);
    old.push_back(layout->newest_key());
    EXPECT_NE(layout->find_live(old.back()), nullptr);
    pass_on(*layout, i + 1);
    layout->reclaim(i + 1);
    for (const std::uint64_t key : old) EXPECT_EQ(layout->find_live(key), nullptr);
  }
}

TEST(RingLayout, KeysContinueAfterAReset) {
  const auto layout = layout_of(0, 4096);
  reserve(*layout, 64);
  const std::uint64_t old = layout->newest_key();
  ASSERT_TRUE(layout->reset(0, 4096, 16, false, kCacheLine));
  EXPECT_EQ(layout->find_live(old), nullptr);
  reserve(*layout, 64);
  EXPECT_GT(layout->newest_key(), old);
  EXPECT_EQ(layout->find_live(old), nullptr);
  const std::uint64_t newest = layout->newest_key();
  layout->clear();
  EXPECT_EQ(layout->capacity(), 0U);
  EXPECT_EQ(layout->find_live(newest), nullptr);
  EXPECT_FALSE(layout->reserve_ahead(1, 1));
}

TEST(RingLayout, RecordsCanRunOutBeforeBytes) {
  const auto layout = layout_of(0, 65536, 3);
  EXPECT_EQ(layout->slot_count(), 4U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(layout->reserve_ahead(64, 1));
  EXPECT_FALSE(layout->reserve_ahead(64, 1));
  EXPECT_EQ(layout->reserve(64, 1), RingAnswer::slots_full);
}

TEST(RingLayout, RetiresEverythingPublishedAndNothingElse) {
  const auto layout = layout_of(0, 4096);
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < 4; ++i) {
    reserve(*layout, 64);
    keys.push_back(layout->newest_key());
  }
  publish(*layout, *layout->find_live(keys[0]), 64, 3);
  publish(*layout, *layout->find_live(keys[2]), 64, 4);
  publish(*layout, *layout->find_live(keys[3]), 64, 5);
  EXPECT_EQ(layout->published_serial(), 5U);
  layout->retire(*layout->find_live(keys[2]), 20);
  layout->retire_published(9);
  EXPECT_EQ(layout->find_live(keys[0]), nullptr);
  EXPECT_EQ(layout->find_live(keys[3]), nullptr);
  ASSERT_NE(layout->find_live(keys[1]), nullptr) << "it is still being filled";
  EXPECT_EQ(layout->oldest().serial, 9U);
  layout->reclaim(8);
  EXPECT_EQ(layout->records(), 4U);
  layout->reclaim(9);
  EXPECT_EQ(layout->records(), 3U) << "the one that is being filled stands next";
  EXPECT_TRUE(layout->oldest().live);
  publish(*layout, *layout->find_live(keys[1]), 64, 9);
  EXPECT_NE(layout->find_live(keys[1]), nullptr) << "published behind the bulk retire";
  layout->retire_published(10);
  layout->reclaim(10);
  EXPECT_EQ(layout->records(), 2U) << "the one retired by itself waits for its own serial";
  EXPECT_EQ(layout->oldest().serial, 20U);
  layout->reclaim(20);
  EXPECT_EQ(layout->records(), 0U);
}

TEST(RingLayout, ManyBulkRetiresAreReclaimedLaterButNeverEarlier) {
  const auto layout = layout_of(0, 65536, 256);
  for (std::uint64_t serial = 1; serial <= 40; ++serial) {
    reserve(*layout, 64);
    publish(*layout, layout->newest(), 64, serial - 1);
    layout->retire_published(serial);
  }
  for (std::uint64_t passed = 1; passed <= 40; ++passed) {
    layout->reclaim(passed);
    EXPECT_GE(layout->records(), 40 - passed);
  }
  EXPECT_EQ(layout->records(), 0U);
}

}  // namespace
