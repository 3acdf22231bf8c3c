// SPDX-License-Identifier: MIT
// The upload ring at its limits: exhaustion, fences that never signal, fail or are null, and inert handles.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::UploadRing;
using strict_gl::GpuRead;

class UploadRingLimits : public PmbPathTest {
 protected:
  UploadRing ring_of(std::uint64_t capacity, std::uint32_t slices = 0) {
    return take(
        UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "stream", .max_slices = slices}));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, UploadRingLimits, every_waiting_path(), path_name);

TEST_P(UploadRingLimits, ImpossibleRequestsAreTypedErrors) {
  auto ring = ring_of(1000);
  EXPECT_EQ(id_of(ring.acquire(1001, 1)), ErrorId::exceeds_ring);
  EXPECT_EQ(status_of(ring.acquire(1001, 1)), Status::too_large);
  EXPECT_EQ(id_of(ring.acquire(UINT64_MAX, 1)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.acquire(UINT64_MAX - 63, 64)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.acquire(0)), ErrorId::zero_size);
  EXPECT_EQ(status_of(ring.acquire(1, UINT64_MAX)), Status::invalid_argument);
  const Slice first = take(ring.acquire(64));
  EXPECT_EQ(status_of(ring.acquire(1, std::uint64_t{1} << 62)), Status::invalid_argument);
  take(ring.cancel(first));
  EXPECT_EQ(take(ring.acquire(1000, 1)).size_bytes(), 1000U);
}

TEST_P(UploadRingLimits, AFullRingOfUnretiredSlicesWouldBlockAtOnce) {
  auto ring = ring_of(512);
  const Slice slice = take(ring.acquire(512, 1));
  fake_->clear_log();
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  take(ring.publish(slice, 512));
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unretired);
  EXPECT_EQ(id_of(ring.try_acquire(64)), ErrorId::ring_full_unretired);
  EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U) << "waiting would not help";
  EXPECT_EQ(ring.stats().would_blocks, 3U);
  take(ring.retire(mark()));
  EXPECT_TRUE(ring.acquire(64));
}

// The sentence names the step that was forgotten, with small slices, which exhaust the records, and with large ones.
TEST_P(UploadRingLimits, AFullRingNamesTheForgottenStep) {
  for (const std::uint64_t size : {64U, 16384U}) {
    for (const bool publish : {false, true}) {
      auto ring = ring_of(64 * 1024, 256);
      auto slice = ring.acquire(size);
      while (slice) {
        if (publish) take(ring.publish(*slice, size));
        slice = ring.acquire(size);
      }
      const std::string text = slice.error().message();
      EXPECT_NE(text.find(publish ? "published but never retired" : "acquired but never published"),
                std::string::npos)
          << text;
      EXPECT_NE(text.find(std::to_string(size) + " bytes at offset 0"), std::string::npos) << text;
      EXPECT_EQ(text.find("max_slices") != std::string::npos, publish && size == 64) << text;
    }
  }
}

TEST_P(UploadRingLimits, ASmallRingTakesAsManyCacheLinesAsItHas) {
  auto ring = ring_of(64 * 1024);
  for (std::uint64_t i = 0; i < 1024; ++i) EXPECT_EQ(take(ring.acquire(64, 1)).offset_bytes(), i * 64);
  EXPECT_EQ(id_of(ring.acquire(64, 1)), ErrorId::ring_full_unpublished);
}

TEST_P(UploadRingLimits, ALargeRingHasARecordForEach256Bytes) {
  auto ring = ring_of(2 << 20);
  for (std::uint64_t i = 0; i < 8192; ++i) take(ring.acquire(64, 1));
  EXPECT_EQ(id_of(ring.acquire(64, 1)), ErrorId::ring_full_unpublished);
}

TEST_P(UploadRingLimits, TryAcquireNeverWaitsAndAcquireDoes) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(512);
  const Slice slice = put(ring, pattern(512, 1), 1);
  const auto read = draw(slice);
  take(ring.retire(slice, mark()));
  EXPECT_EQ(id_of(ring.try_acquire(64)), ErrorId::ring_full_in_flight);
  for (const auto& call : fake_->log_of("glClientWaitSync")) EXPECT_EQ(call.values.at(2), 0);
  EXPECT_EQ(ring.stats().waits, 0U);
  EXPECT_TRUE(ring.acquire(64));
  EXPECT_EQ(ring.stats().waits, 1U);
  EXPECT_EQ(read->bytes(), pattern(512, 1));
}

TEST_P(UploadRingLimits, ExhaustedRecordsAreATypedError) {
  auto ring = ring_of(64 * 1024, 4);
  std::vector<Slice> slices;
  for (int i = 0; i < 4; ++i) slices.push_back(take(ring.acquire(64)));
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  for (const Slice& slice : slices) take(ring.publish(slice, 64));
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_slots_full);
  take(ring.retire(mark()));
  EXPECT_TRUE(ring.acquire(64)) << "it waits for a record as for bytes";
}

// A ring that is full of slices retired to many tickets waits for the oldest only.
TEST_P(UploadRingLimits, AFullRingWaitsForTheOldestOnly) {
  fake_->set_polls_until_done(1000);
  auto ring = ring_of(1024);
  std::vector<std::shared_ptr<GpuRead>> reads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const Slice slice = put(ring, pattern(256, i));
    reads.push_back(draw(slice));
    take(ring.retire(slice, mark()));
  }
  EXPECT_EQ(take(ring.acquire(256)).offset_bytes(), 0U);
  EXPECT_TRUE(reads[0]->executed());
  EXPECT_FALSE(reads[1]->executed());
}

TEST_P(UploadRingLimits, AFenceThatNeverSignalsKeepsTheBytesInUse) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 512, .timeout = 2ms}));
  const Slice slice = put(ring, pattern(512, 1), 1);
  const auto read = draw(slice);
  take(ring.retire(slice, mark()));
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::wait_timed_out);
  EXPECT_EQ(id_of(ring.try_acquire(64)), ErrorId::ring_full_in_flight);
  fake_->clear_script();
  take(ring.acquire(64));
  EXPECT_EQ(read->bytes(), pattern(512, 1));
}

TEST_P(UploadRingLimits, AFailedWaitNeverReleasesTheBytes) {
  auto ring = ring_of(512);
  const Slice slice = put(ring, pattern(512, 1), 1);
  const auto read = draw(slice);
  take(ring.retire(slice, mark()));
  fake_->script("glClientWaitSync", 1, strict_gl::wait_failed());
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::wait_failed);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::wait_failed);
  EXPECT_EQ(id_of(timeline().mark()), ErrorId::wait_failed);
  EXPECT_EQ(fake_->live_syncs(), 0U);
  gl_.Finish();
  EXPECT_EQ(read->bytes(), pattern(512, 1));
}

TEST_P(UploadRingLimits, ANullFenceLeavesTheSlicesPublished) {
  auto ring = ring_of(512);
  const Slice slice = put(ring, pattern(512, 1), 1);
  const auto read = draw(slice);
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(timeline().mark()), ErrorId::fence_is_null);
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unretired);
  EXPECT_TRUE(slice.is_live());
  take(ring.retire(slice, mark()));
  take(ring.acquire(64));
  EXPECT_EQ(read->bytes(), pattern(512, 1));
}

TEST_P(UploadRingLimits, HandlesFollowAMoveAndAreStaleAfterTheRing) {
  Slice outlived;
  {
    auto ring = ring_of(4096);
    const Slice slice = put(ring, pattern(64, 1));
    UploadRing moved = std::move(ring);
    EXPECT_TRUE(slice.is_live());
    EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.try_acquire(64)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.publish(slice, 64)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.cancel(slice)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.retire(slice, mark())), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.retire(mark())), ErrorId::not_mapped);
    EXPECT_EQ(ring.stats().capacity_bytes, 0U);
    EXPECT_FALSE(ring.mapped_buffer().is_mapped());
    auto& self = moved;
    moved = std::move(self);
    EXPECT_TRUE(slice.is_live());
    take(moved.retire(slice, mark()));
    outlived = take(moved.acquire(64));
    EXPECT_TRUE(outlived.is_live());
  }
  EXPECT_FALSE(outlived.is_live());
  EXPECT_TRUE(outlived.raw_bytes().empty());
  EXPECT_EQ(outlived.buffer(), 0U);
  EXPECT_EQ(outlived.offset_bytes(), 0U);
  EXPECT_EQ(outlived.size_bytes(), 0U);
  auto next = ring_of(4096);
  const Slice fresh = take(next.acquire(64));
  EXPECT_FALSE(outlived.is_live()) << "the next tenant of the control block is another ring";
  EXPECT_EQ(id_of(next.publish(outlived, 64)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(next.cancel(outlived)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(next.retire(outlived, mark())), ErrorId::stale_slice);
  EXPECT_TRUE(fresh.is_live());
  EXPECT_EQ(fake_->live_buffers(), 1U);
  EXPECT_FALSE(Slice().is_live());
  EXPECT_EQ(id_of(next.publish(Slice(), 0)), ErrorId::stale_slice);
}

TEST_P(UploadRingLimits, AStaleHandleNeverReachesTheSliceThatReusesItsRecord) {
  auto ring = ring_of(4096, 2);
  const Slice old = put(ring, pattern(64, 1));
  take(ring.retire(old, mark()));
  for (int i = 0; i < 6; ++i) {
    const Slice fresh = take(ring.acquire(64));
    EXPECT_FALSE(old.is_live());
    EXPECT_EQ(id_of(ring.publish(old, 64)), ErrorId::stale_slice);
    EXPECT_EQ(id_of(ring.retire(old, mark())), ErrorId::stale_slice);
    EXPECT_EQ(fresh.raw_bytes().size(), 64U);
    take(ring.publish(fresh, 64));
    take(ring.retire(fresh, mark()));
  }
}

TEST_P(UploadRingLimits, SlicesOfAnotherRingAreRefused) {
  auto first = ring_of(4096);
  auto second = ring_of(4096);
  const Slice slice = take(first.acquire(64));
  take(second.acquire(64));
  EXPECT_EQ(id_of(second.publish(slice, 64)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(second.cancel(slice)), ErrorId::stale_slice);
  EXPECT_TRUE(slice.is_live());
  take(first.publish(slice, 64));
  EXPECT_EQ(id_of(second.retire(slice, mark())), ErrorId::stale_slice);
  EXPECT_TRUE(slice.is_live());
}

TEST_P(UploadRingLimits, OnlyWritableMappingsCanBackARing) {
  if (has_storage()) {
    auto down = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 4096, .access = Access::read}));
    EXPECT_EQ(id_of(UploadRing::create_on(*context_, std::move(down))), ErrorId::not_writable);
  }
  EXPECT_EQ(id_of(UploadRing::create_on(*context_, pmb::MappedBuffer())), ErrorId::not_mapped);
  EXPECT_EQ(id_of(UploadRing::create(*context_, {.capacity_bytes = 0})), ErrorId::zero_size);
}

}  // namespace
