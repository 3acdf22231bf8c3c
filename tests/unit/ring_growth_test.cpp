// SPDX-License-Identifier: MIT
// Rings that grow and shrink: no slice moves, no byte is lent twice, and memory grows and shrinks as it should.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::PendingReadback;
using pmb::ReadbackRing;
using pmb::Slice;
using pmb::Ticket;
using pmb::UploadRing;

class RingGrowth : public PmbPathTest {
 protected:
  UploadRing ring_of(std::uint64_t capacity, std::uint64_t most, std::uint32_t slices = 0) {
    return take(UploadRing::create(
        *context_,
        {.capacity_bytes = capacity, .label = "growing", .max_slices = slices, .max_capacity_bytes = most}));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, RingGrowth, every_waiting_path(), path_name);

TEST_P(RingGrowth, AFullRingDoublesAndMovesNoSlice) {
  auto ring = ring_of(1024, 4096);
  std::vector<Slice> slices;
  std::vector<std::byte*> places;
  for (std::uint64_t i = 0; i < 12; ++i) {
    slices.push_back(take(ring.acquire(256)));
    places.push_back(slices.back().raw_bytes().data());
    ASSERT_TRUE(slices.back().copy_from(pattern(256, i)));
  }
  EXPECT_EQ(ring.stats().growths, 1U);
  EXPECT_EQ(ring.stats().capacity_bytes, 2048U);
  EXPECT_EQ(ring.stats().held_bytes, 3072U);
  EXPECT_EQ(ring.stats().live_slices, 12U);
  EXPECT_EQ(ring.stats().acquired, 12U);
  EXPECT_NE(slices[0].buffer(), slices[4].buffer());
  EXPECT_EQ(ring.mapped_buffer().buffer(), slices[4].buffer());
  EXPECT_EQ(fake_->live_buffers(), 2U);
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    EXPECT_EQ(slices[i].raw_bytes().data(), places[i]);
    take(ring.publish(slices[i], 256));
    reads.push_back(draw(slices[i]));
  }
  take(ring.retire(mark()));
  for (const Slice& slice : slices) EXPECT_FALSE(slice.is_live());
  gl_.Finish();
  for (std::size_t i = 0; i < reads.size(); ++i) EXPECT_EQ(reads[i]->bytes(), pattern(256, i));
  EXPECT_EQ(ring.stats().would_blocks, 0U);
}

TEST_P(RingGrowth, OldStorageStaysUntilTheLastOfItsSlicesPassed) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(1024, 4096);
  const Slice old = put(ring, pattern(1024, 1), 1);
  const Slice fresh = put(ring, pattern(512, 2), 1);
  ASSERT_NE(old.buffer(), fresh.buffer());
  const auto read = draw(old);
  take(ring.retire(fresh, mark()));
  take(ring.acquire(64));
  EXPECT_EQ(fake_->live_buffers(), 2U) << "a slice is published there";
  const Ticket behind = mark();
  take(ring.retire(old, behind));
  EXPECT_FALSE(old.is_live());
  take(ring.acquire(64));
  EXPECT_EQ(fake_->live_buffers(), 2U) << "its draw is in flight";
  take(behind.wait(10s));
  take(ring.acquire(64));
  EXPECT_EQ(fake_->live_buffers(), 1U);
  EXPECT_EQ(read->bytes(), pattern(1024, 1));
  EXPECT_EQ(ring.stats().held_bytes, 2048U);
  EXPECT_EQ(ring.stats().acquired, 5U) << "those of storage that is gone count on";
  EXPECT_EQ(ring.stats().flushes, explicit_flush() ? 2U : 0U);
  EXPECT_EQ(id_of(ring.publish(old, 1)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.retire(old, behind)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.cancel(old)), ErrorId::stale_slice);
}

// Each call looks whether the older storage is free. What passes between two marks is seen at the second.
TEST_P(RingGrowth, OlderStorageIsPolledForOnceAMark) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(1024, 4096);
  put(ring, pattern(1024, 1), 1);
  put(ring, pattern(64, 2), 1);
  for (int round = 0; round < 3; ++round) {
    take(ring.retire(mark()));
    fake_->clear_log();
    put(ring, pattern(64, 3), 1);
    EXPECT_GT(fake_->calls("glClientWaitSync"), 0U);
    fake_->clear_log();
    for (int i = 0; i < 4; ++i) put(ring, pattern(64, 3), 1);
    EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U);
    EXPECT_EQ(fake_->live_buffers(), 2U);
  }
  take(ring.retire(mark()));
}

TEST_P(RingGrowth, EveryRuleHoldsForSlicesOfOlderStorage) {
  auto ring = ring_of(1024, 8192);
  const Slice filling = take(ring.acquire(512));
  const Slice published = put(ring, pattern(512, 1), 1);
  const Ticket before = mark();
  const Slice fresh = take(ring.acquire(512));
  ASSERT_NE(filling.buffer(), fresh.buffer());
  EXPECT_EQ(id_of(ring.publish(published, 1)), ErrorId::already_published);
  EXPECT_EQ(id_of(ring.publish(filling, 513)), ErrorId::published_too_much);
  EXPECT_EQ(id_of(ring.retire(filling, before)), ErrorId::not_published);
  EXPECT_EQ(id_of(ring.cancel(published)), ErrorId::already_published);
  take(ring.publish(filling, 100));
  EXPECT_EQ(filling.size_bytes(), 100U);
  EXPECT_EQ(id_of(ring.retire(filling, before)), ErrorId::ticket_too_old);
  // The newest publish was in the older storage: the ticket is too old for the ring.
  EXPECT_EQ(id_of(ring.retire(before)), ErrorId::ticket_too_old);
  EXPECT_TRUE(published.is_live());
  take(ring.retire(published, before));
  EXPECT_FALSE(published.is_live());
  take(ring.publish(fresh, 512));
  take(ring.retire(mark()));
  EXPECT_FALSE(filling.is_live());
  EXPECT_FALSE(fresh.is_live());
}

// The inlined half of retire sees only the newest storage.
TEST_P(RingGrowth, RetiringAllReachesOlderStorageToo) {
  auto ring = ring_of(512, 4096);
  const Slice old = put(ring, pattern(512, 1), 1);
  const Slice fresh = put(ring, pattern(512, 2), 1);
  const Slice open = take(ring.acquire(256));
  take(ring.retire(mark()));
  EXPECT_FALSE(old.is_live());
  EXPECT_FALSE(fresh.is_live());
  EXPECT_TRUE(open.is_live());
  take(ring.publish(open, 256));
  take(ring.retire(mark()));
  EXPECT_EQ(ring.stats().live_slices, 0U);
}

TEST_P(RingGrowth, ALargeRequestGrowsTheRingUpToTheCapAndNoFurther) {
  auto ring = ring_of(1024, 8000);
  EXPECT_EQ(id_of(ring.acquire(8001, 1)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.acquire(UINT64_MAX, 1)), ErrorId::exceeds_ring);
  EXPECT_EQ(ring.stats().growths, 0U);
  const Slice whole = put(ring, pattern(5000, 1), 1);
  EXPECT_EQ(ring.stats().capacity_bytes, 5000U);
  EXPECT_EQ(fake_->live_buffers(), 2U);
  const auto read = draw(whole);
  take(ring.retire(whole, mark()));
  const Slice most = take(ring.acquire(8000, 1));
  EXPECT_EQ(ring.stats().capacity_bytes, 8000U);
  EXPECT_EQ(ring.stats().growths, 2U);
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished)
      << "at the cap it is a ring as any other";
  EXPECT_EQ(id_of(ring.acquire(8001, 1)), ErrorId::exceeds_ring);
  take(ring.cancel(most));
  gl_.Finish();
  EXPECT_EQ(read->bytes(), pattern(5000, 1));
}

TEST_P(RingGrowth, AllStorageTogetherIsAtMostTwiceTheCap) {
  fake_->set_polls_until_done(100000);
  auto ring = ring_of(1024, 4096);
  std::vector<Slice> slices;
  for (;;) {
    const auto slice = ring.try_acquire(512, 1);
    if (!slice) {
      EXPECT_EQ(slice.error().id, ErrorId::ring_full_unpublished);
      break;
    }
    slices.push_back(*slice);
    ASSERT_LE(ring.stats().held_bytes, 8192U);
  }
  EXPECT_EQ(ring.stats().held_bytes, 7168U);
  EXPECT_EQ(ring.stats().growths, 2U);
  for (const Slice& slice : slices) take(ring.publish(slice, 512));
  take(ring.retire(mark()));
  EXPECT_TRUE(ring.acquire(64)) << "it waits now";
  EXPECT_EQ(ring.stats().waits, 1U);
}

// A request that fits the cap is never too large, even while older storage leaves no room for it.
TEST_P(RingGrowth, ALargeRequestWaitsUntilOlderStorageIsFreed) {
  fake_->set_polls_until_done(100000);
  auto ring = ring_of(1024, 4096);
  const Slice second = put(ring, pattern(4096, 2), 1);
  take(ring.drain());
  const Slice third = take(ring.acquire(64));
  ASSERT_NE(third.buffer(), second.buffer());
  EXPECT_EQ(id_of(ring.acquire(4096, 1)), ErrorId::ring_full_unretired);
  const auto read = draw(second);
  take(ring.retire(second, mark()));
  EXPECT_EQ(id_of(ring.try_acquire(4096, 1)), ErrorId::ring_full_in_flight);
  EXPECT_EQ(take(ring.acquire(4096, 1)).size_bytes(), 4096U);
  EXPECT_EQ(read->bytes(), pattern(4096, 2));
  EXPECT_TRUE(third.is_live());
  EXPECT_LE(ring.stats().held_bytes, 8192U);
}

TEST_P(RingGrowth, RecordsThatRunOutGrowWithTheCapacity) {
  auto ring = ring_of(4096, 65536, 4);
  for (int i = 0; i < 4; ++i) take(ring.acquire(64, 1));
  EXPECT_EQ(ring.stats().growths, 0U);
  take(ring.acquire(64, 1));
  EXPECT_EQ(ring.stats().growths, 1U);
  for (int i = 0; i < 64; ++i) take(ring.acquire(64, 1));
  EXPECT_EQ(ring.stats().growths, 4U) << "the storages have 4, 8, 16, 32 and 64 records";
}

TEST_P(RingGrowth, ARingThatCannotGrowWaits) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(512, 4096);
  const Slice slice = put(ring, pattern(512, 1), 1);
  const auto read = draw(slice);
  take(ring.retire(slice, mark()));
  const bool by_name = context_->limits().direct_state_access;
  const bool es = context_->limits().gles;
  const char* storage = is_private() ? (by_name ? "glNamedBufferData" : "glBufferData")
                        : by_name    ? "glNamedBufferStorage"
                        : es         ? "glBufferStorageEXT"
                                     : "glBufferStorage";
  fake_->script(storage, 1, strict_gl::fail_with(GL_OUT_OF_MEMORY).for_ever());
  EXPECT_EQ(id_of(ring.acquire(1024, 1)), ErrorId::storage_failed) << "this one cannot wait for anything";
  EXPECT_EQ(take(ring.acquire(512, 1)).offset_bytes(), 0U);
  EXPECT_EQ(read->bytes(), pattern(512, 1));
  EXPECT_EQ(ring.stats().growths, 0U);
  EXPECT_EQ(ring.stats().capacity_bytes, 512U);
  // After a failed growth the ring does not try again, except for requests that do not fit otherwise, until drain().
  fake_->clear_log();
  for (int i = 0; i < 60; ++i) EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  EXPECT_EQ(fake_->calls(storage), 0U);
  EXPECT_EQ(id_of(ring.acquire(1024, 1)), ErrorId::storage_failed);
  EXPECT_GE(fake_->calls(storage), 1U);
  fake_->clear_script();
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  take(ring.drain());
  take(ring.acquire(64));
  EXPECT_EQ(ring.stats().growths, 1U);
}

TEST_P(RingGrowth, TheHotPathIsInlineAgainOnceOldStorageIsFreed) {
  auto ring = ring_of(1024, 4096);
  const Slice old = put(ring, pattern(1024, 1), 1);
  put(ring, pattern(64, 2));
  take(ring.retire(mark()));
  EXPECT_FALSE(old.is_live());
  take(mark().wait(10s));
  put(ring, pattern(64, 3));
  EXPECT_EQ(ring.stats().held_bytes, 2048U);
  take(ring.retire(mark()));
  take(mark().wait(10s));
  // Out of line an empty ring starts anew; inline it goes on ahead.
  EXPECT_EQ(take(ring.acquire(64)).offset_bytes() == 0, explicit_flush());
}

TEST_P(RingGrowth, BusyRoundsKeepTheCapacity) {
  auto ring = ring_of(4096, 65536);
  for (std::uint64_t frame = 0; frame < 200; ++frame) {
    const Slice first = put(ring, pattern(3000, frame), 1);
    const Slice second = put(ring, pattern(3000, frame + 1), 1);
    const auto read = draw(first);
    draw(second);
    const Ticket ticket = mark();
    take(ring.retire(ticket));
    take(ticket.wait(10s));
    EXPECT_EQ(read->bytes(), pattern(3000, frame));
  }
  EXPECT_EQ(ring.stats().growths, 1U);
  EXPECT_EQ(ring.stats().shrinks, 0U);
  EXPECT_EQ(ring.stats().capacity_bytes, 8192U);
}

TEST_P(RingGrowth, DrainingReclaimsEverythingAndShrinksAtOnce) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(1024, 16384);
  std::vector<Slice> slices;
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
  for (std::uint64_t i = 0; i < 8; ++i) {
    slices.push_back(put(ring, pattern(512, i), 1));
    reads.push_back(draw(slices.back()));
  }
  const Slice kept = take(ring.acquire(512, 1));
  ASSERT_TRUE(kept.copy_from(pattern(512, 99)));
  for (const Slice& slice : slices) take(ring.retire(slice, mark()));
  take(ring.drain());
  for (std::size_t i = 0; i < reads.size(); ++i) {
    ASSERT_TRUE(reads[i]->executed());
    EXPECT_EQ(reads[i]->bytes(), pattern(512, i));
  }
  EXPECT_EQ(ring.stats().capacity_bytes, 1024U);
  EXPECT_EQ(ring.stats().shrinks, 1U);
  EXPECT_TRUE(kept.is_live());
  EXPECT_EQ(fake_->live_buffers(), 2U) << "one slice is still being filled in the grown one";
  take(ring.publish(kept, 512));
  const auto read = draw(kept);
  take(ring.retire(mark()));
  take(ring.drain());
  EXPECT_EQ(read->bytes(), pattern(512, 99));
  EXPECT_EQ(fake_->live_buffers(), 1U);
  EXPECT_EQ(ring.stats().held_bytes, 1024U);
  take(ring.drain());
  EXPECT_EQ(fake_->live_buffers(), 1U);
}

TEST_P(RingGrowth, ADrainIsBounded) {
  auto ring = ring_of(1024, 4096);
  const Slice slice = put(ring, pattern(512, 1));
  const auto read = draw(slice);
  take(ring.retire(slice, mark()));
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(ring.drain(2ms)), ErrorId::wait_timed_out);
  EXPECT_FALSE(read->executed());
  fake_->clear_script();
  take(ring.drain(10s));
  EXPECT_TRUE(read->executed());
  UploadRing none;
  EXPECT_EQ(id_of(none.drain()), ErrorId::not_mapped);
}

TEST_P(RingGrowth, ARingThatDoesNotGrowDrainsToo) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 1024}));
  put_and_retire(ring, pattern(1024, 1), 1);
  take(ring.drain());
  EXPECT_EQ(take(ring.try_acquire(1024, 1)).offset_bytes(), 0U);
  EXPECT_EQ(ring.stats().shrinks, 0U);
}

TEST_P(RingGrowth, HandlesOfEveryStorageFollowAMoveAndDieWithTheRing) {
  Slice old;
  Slice fresh;
  pmb::Arena arena;
  {
    auto ring = ring_of(512, 8192);
    arena = take(ring.lend(256));
    old = take(ring.acquire(256, 1));
    fresh = take(ring.acquire(512, 1));
    UploadRing moved = std::move(ring);
    EXPECT_TRUE(old.is_live());
    EXPECT_TRUE(arena.take(100));
    take(moved.publish(arena));
    take(moved.publish(old, 256));
    take(moved.publish(fresh, 512));
    arena = take(moved.lend(64));
  }
  EXPECT_FALSE(old.is_live());
  EXPECT_FALSE(fresh.is_live());
  EXPECT_FALSE(arena.take(1));
  EXPECT_EQ(fake_->live_buffers(), 0U);
}

TEST_P(RingGrowth, SlicesOfTwoStoragesArePublishedTogether) {
  auto ring = ring_of(512, 8192);
  const Slice old = take(ring.acquire(512, 1));
  const Slice fresh = take(ring.acquire(512, 1));
  EXPECT_TRUE(old.copy_from(pattern(512, 1)));
  EXPECT_TRUE(fresh.copy_from(pattern(512, 2)));
  fake_->clear_log();
  const std::array both = {old, fresh};
  take(ring.publish(both));
  EXPECT_EQ(ring.stats().flushes, explicit_flush() ? 2U : 0U) << "different buffers never share a flush";
  const auto first = draw(old);
  const auto second = draw(fresh);
  take(ring.retire(mark()));
  gl_.Finish();
  EXPECT_EQ(first->bytes(), pattern(512, 1));
  EXPECT_EQ(second->bytes(), pattern(512, 2));
}

TEST_P(RingGrowth, ARingOnAnAdoptedMappingGrowsIntoItsOwnBuffer) {
  if (GetParam().edit != Edit::by_name) return;
  GLbitfield flags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT;
  flags |= static_cast<GLbitfield>(explicit_flush() ? GL_MAP_FLUSH_EXPLICIT_BIT : GL_MAP_COHERENT_BIT);
  const pmb::AdoptedMapping given = map_own(2048, 512, 1024, flags);
  auto buffer = take(pmb::MappedBuffer::adopt(*context_, given));
  auto ring = take(UploadRing::create_on(*context_, std::move(buffer), {.max_capacity_bytes = 4096}));
  const Slice old = put(ring, pattern(1024, 1), 1);
  const Slice fresh = put(ring, pattern(1024, 2), 1);
  EXPECT_EQ(old.buffer(), given.buffer);
  EXPECT_EQ(old.offset_bytes(), 512U);
  EXPECT_NE(fresh.buffer(), given.buffer);
  EXPECT_EQ(fresh.offset_bytes(), 0U);
  const auto first = draw(old);
  const auto second = draw(fresh);
  take(ring.retire(mark()));
  take(ring.drain());
  EXPECT_EQ(first->bytes(), pattern(1024, 1));
  EXPECT_EQ(second->bytes(), pattern(1024, 2));
  EXPECT_EQ(ring.stats().capacity_bytes, 1024U);
  EXPECT_EQ(fake_->mapped_buffers(), 2U) << "the caller's mapping is the caller's";
  static_cast<std::byte*>(given.pointer)[0] = std::byte{1};
}

TEST_P(RingGrowth, AFixedRingCreatesNoSecondBuffer) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 512}));
  take(ring.acquire(512, 1));
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  EXPECT_EQ(id_of(ring.acquire(513, 1)), ErrorId::exceeds_ring);
  EXPECT_EQ(fake_->live_buffers(), 1U);
}

TEST_P(RingGrowth, ReadbackRingsGrowToo) {
  auto ring = take(ReadbackRing::create(*context_, {.capacity_bytes = 512, .max_capacity_bytes = 4096}));
  std::vector<PendingReadback> pending;
  for (std::uint64_t i = 0; i < 6; ++i) {
    pending.push_back(take(ring.acquire(256)));
    write_into(pending.back(), pattern(256, i));
  }
  EXPECT_NE(pending[0].buffer(), pending[5].buffer());
  EXPECT_GE(ring.stats().growths, 1U);
  EXPECT_EQ(ring.stats().live_slices, 6U);
  mark();
  for (std::uint64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(copy(take(pending[i].wait(10s)).bytes()), pattern(256, i));
    EXPECT_TRUE(pending[i].is_live());
  }
  for (const PendingReadback& one : pending) take(one.release());
  take(ring.drain());
  EXPECT_EQ(ring.stats().capacity_bytes, 512U);
  EXPECT_EQ(fake_->live_buffers(), 1U);
  const GLuint source = plain_buffer(1000, pattern(1000, 7).data());
  const PendingReadback large = take(ring.request(source, 0, 1000));
  mark();
  EXPECT_EQ(copy(take(large.wait(10s)).bytes()), pattern(1000, 7));
  take(large.release());
}

TEST_P(RingGrowth, GrownRingsAreWatchedToo) {
  start_validating();
  auto ring = ring_of(512, 4096);
  const Slice old = put(ring, pattern(512, 1), 1);
  const Slice fresh = take(ring.acquire(512, 1));
  const auto bytes = fresh.raw_bytes();
  EXPECT_TRUE(fresh.fill(std::byte{1}));
  take(ring.publish(fresh, 512));
  bytes[5] = std::byte{2};
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::written_after_publish);
  EXPECT_EQ(reports_[0].label, "growing");
  EXPECT_EQ(reports_[0].begin, 5U);
  take(ring.retire(old, mark()));
  take(ring.drain());
  reports_.clear();
  { UploadRing gone = std::move(ring); }
  EXPECT_EQ(reports_of(ErrorId::destroyed_with_live_slices), 1U) << "one storage still held a slice";
}

class Stats : public PmbPathTest {};
INSTANTIATE_TEST_SUITE_P(Paths, Stats, every_waiting_path(), path_name);

TEST_P(Stats, ReportWhereAndHowLongCallsWaited) {
  fake_->set_polls_until_done(1000);
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 512}));
  std::uint32_t lines[2] = {};
  for (std::uint64_t i = 0; i < 6; ++i) {
    lines[0] = std::source_location::current().line() + 1;
    const Slice slice = take(i % 3 == 0 ? ring.acquire(512, 1) : ring.acquire(500, 1));
    take(ring.publish(slice, slice.size_bytes()));
    draw(slice);
    take(ring.retire(slice, mark()));
  }
  lines[1] = std::source_location::current().line() + 1;
  take(ring.acquire(64));
  const pmb::RingStats stats = ring.stats();
  EXPECT_EQ(stats.waits, 6U);
  EXPECT_GT(stats.waited, 0ns);
  std::uint64_t waits = 0;
  std::chrono::nanoseconds waited = {};
  for (const pmb::RingStall& stall : stats.stalls) {
    if (stall.waits == 0) continue;
    EXPECT_TRUE(stall.where.line() == lines[0] || stall.where.line() == lines[1]);
    EXPECT_STREQ(stall.where.file_name(), __FILE__);
    waits += stall.waits;
    waited += stall.waited;
  }
  EXPECT_EQ(waits, 6U);
  EXPECT_EQ(waited, stats.waited);
  EXPECT_EQ(stats.stalls[0].where.line(), lines[0]);
}

TEST_P(Stats, HighWaterCountsBytesInFlightNotCapacity) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 1 << 20}));
  EXPECT_EQ(ring.stats().recommended_capacity_bytes, 0U);
  for (std::uint64_t frame = 0; frame < 600; ++frame) {
    put(ring, pattern(4096, frame), 1);
    const Ticket ticket = mark();
    take(ring.retire(ticket));
    if (frame % 4 == 3) take(ticket.wait(10s));
  }
  const pmb::RingStats stats = ring.stats();
  EXPECT_GE(stats.high_water_bytes, 4096U);
  EXPECT_LE(stats.high_water_bytes, 8 * 4096U);
  EXPECT_EQ(stats.handed_out_bytes, 600U * 4096U);
  EXPECT_EQ(stats.recommended_capacity_bytes, 65536U) << "half as much again, in steps of 64 KiB";
  EXPECT_EQ(stats.waits, 0U);
}

TEST_P(Stats, AFullRingRecommendsTwiceItsCapacity) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 128 << 10}));
  take(ring.acquire(128 << 10, 1));
  EXPECT_EQ(id_of(ring.acquire(1)), ErrorId::ring_full_unpublished);
  EXPECT_EQ(ring.stats().high_water_bytes, 128U << 10);
  EXPECT_EQ(ring.stats().recommended_capacity_bytes, 256U << 10);
  EXPECT_EQ(ring.stats().would_blocks, 1U);
}

}  // namespace
