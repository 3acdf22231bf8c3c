// SPDX-License-Identifier: MIT
// The upload ring: right bytes for every order of uploads and draws, retirement rules, exhaustion, inert
// handles.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::Ticket;
using pmb::UploadRing;
using strict_gl::GpuRead;

class UploadRingTest : public PmbPathTest {
 protected:
  UploadRing ring_of(std::uint64_t capacity, std::uint32_t slices = 0) {
    return take(
        UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "stream", .max_slices = slices}));
  }

  std::vector<strict_gl::LoggedCall> flushes() const {
    const bool by_name = context_->limits().direct_state_access;
    if (is_private()) return fake_->log_of(by_name ? "glNamedBufferSubData" : "glBufferSubData");
    return fake_->log_of(by_name ? "glFlushMappedNamedBufferRange" : "glFlushMappedBufferRange");
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, UploadRingTest, every_path(), path_name);

/// The paths on which bytes are reusable only after their fence.
class WaitingUploadRing : public UploadRingTest {};
INSTANTIATE_TEST_SUITE_P(Paths, WaitingUploadRing, every_waiting_path(), path_name);

struct Draw {
  std::shared_ptr<GpuRead> read;
  Bytes expected;
};

void expect_right(const std::vector<Draw>& draws) {
  std::size_t wrong = 0;
  for (const Draw& one : draws) wrong += one.read->bytes() == one.expected ? 0 : 1;
  EXPECT_EQ(wrong, 0U) << "of " << draws.size() << " draws read other bytes than were uploaded for them";
}

TEST_P(UploadRingTest, EveryDrawReadsItsUpload) {
  auto ring = ring_of(8192);
  std::vector<Draw> draws;
  for (std::uint64_t number = 0; number < 300; ++number) {
    const Bytes bytes = pattern(1 + number * 37 % 1500, number);
    const Slice slice = put(ring, bytes);
    draws.push_back({draw(slice), bytes});
    take(ring.retire(slice, mark()));
  }
  gl_.Finish();
  expect_right(draws);
  if (waits()) {
    EXPECT_GT(ring.stats().waits, 0U) << "the ring went round";
  }
}

// A ring that sets its fence at the next map gets this case wrong.
TEST_P(UploadRingTest, UploadManyThenUseMany) {
  auto ring = ring_of(64 * 1024);
  std::vector<Draw> draws;
  for (std::uint64_t frame = 0; frame < 24; ++frame) {
    std::vector<Slice> slices;
    std::vector<Bytes> contents;
    for (std::uint64_t i = 0; i < 64; ++i) {
      contents.push_back(pattern(256, frame * 64 + i));
      slices.push_back(put(ring, contents.back()));
    }
    for (std::size_t i = 0; i < slices.size(); ++i) draws.push_back({draw(slices[i]), contents[i]});
    take(ring.retire(mark()));
  }
  gl_.Finish();
  expect_right(draws);
  if (waits()) {
    EXPECT_GT(ring.stats().waits, 0U);
  }
}

/// Where its memory is mapped.
class MappedUploadRing : public UploadRingTest {};
INSTANTIATE_TEST_SUITE_P(Paths, MappedUploadRing, every_mapped_path(), path_name);

// The CPU refills at once. Raw GL code fails here, which shows that the fake detects the error.
TEST_P(MappedUploadRing, ImmediateRefillsAreCorrectOnlyThroughTheRing) {
  auto raw = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 256}));
  std::vector<Draw> by_hand;
  for (std::uint64_t number = 0; number < 4; ++number) {
    take(raw.write(0, pattern(256, number)));
    by_hand.push_back({fake_->shader_read(raw.buffer(), 0, 256), pattern(256, number)});
  }
  auto ring = ring_of(512);
  for (int run = 0; run < 20; ++run) {
    std::vector<Draw> draws;
    for (std::uint64_t number = 0; number < 8; ++number) {
      const Bytes bytes = pattern(256, number + 100);
      const Slice slice = put(ring, bytes);
      draws.push_back({draw(slice), bytes});
      take(ring.retire(slice, mark()));
    }
    gl_.Finish();
    expect_right(draws);
  }
  std::size_t wrong = 0;
  for (const Draw& one : by_hand) wrong += one.read->bytes() == one.expected ? 0 : 1;
  EXPECT_EQ(wrong, 3U);
}

// Both marks exist before the first wait: the wait must use the fence that follows the readers.
TEST_P(WaitingUploadRing, ReusesBytesOnlyAfterTheFenceOfTheirReaders) {
  auto ring = ring_of(512);
  const Slice first = put(ring, pattern(256, 1));
  const Ticket early = mark();
  const auto read_first = draw(first);
  const Slice second = put(ring, pattern(256, 2));
  const auto read_second = draw(second);
  const Ticket behind = mark();
  take(early.wait(1s));
  take(ring.retire(behind));
  const Slice third = put(ring, pattern(256, 3));
  EXPECT_TRUE(read_first->executed());
  const auto read_third = draw(third);
  take(ring.retire(third, mark()));
  gl_.Finish();
  EXPECT_EQ(read_first->bytes(), pattern(256, 1));
  EXPECT_EQ(read_second->bytes(), pattern(256, 2));
  EXPECT_EQ(read_third->bytes(), pattern(256, 3));
}

// A publish flushes exactly the slice: no byte is missing, and no neighbour's byte is included.
TEST_P(UploadRingTest, FlushesExactlyThePublishedBytes) {
  auto ring = ring_of(4096);
  fake_->clear_log();
  const std::size_t sizes[] = {1, 63, 64, 65, 128, 256};
  std::vector<Draw> draws;
  for (const std::size_t size : sizes) {
    const Bytes bytes = pattern(size, size);
    draws.push_back({draw(put(ring, bytes, 1)), bytes});
  }
  const Slice partial = take(ring.acquire(300, 1));
  EXPECT_TRUE(partial.fill(std::byte{9}));
  take(ring.publish(partial, 70));
  EXPECT_EQ(partial.size_bytes(), 70U);
  const auto flushed = flushes();
  if (explicit_flush()) {
    ASSERT_EQ(flushed.size(), 7U);
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_EQ(flushed[i].values.at(2), static_cast<std::int64_t>(sizes[i]));
    EXPECT_EQ(flushed[6].values.at(1), static_cast<std::int64_t>(partial.offset_bytes()));
    EXPECT_EQ(flushed[6].values.at(2), 70);
    EXPECT_EQ(ring.stats().flushes, 7U);
  } else {
    EXPECT_TRUE(flushed.empty());
    EXPECT_EQ(ring.stats().flushes, 0U);
  }
  take(ring.retire(mark()));
  gl_.Finish();
  expect_right(draws);
}

TEST_P(UploadRingTest, AnEmptyPublishFlushesNothing) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(100));
  fake_->clear_log();
  take(ring.publish(slice, 0));
  EXPECT_EQ(fake_->total_calls(), 0U);
  EXPECT_EQ(slice.size_bytes(), 0U);
  EXPECT_TRUE(slice.is_live());
  take(ring.retire(slice, mark()));
}

// While there is room, acquire, publish and retire make no GL call except the flush.
TEST_P(UploadRingTest, TheHotPathCallsGlOnlyToFlush) {
  auto ring = ring_of(64 * 1024);
  const Ticket before = mark();
  fake_->clear_log();
  std::vector<Slice> slices;
  for (std::uint64_t i = 0; i < 50; ++i) slices.push_back(put(ring, pattern(200, i)));
  take(ring.cancel(take(ring.acquire(64))));
  EXPECT_EQ(id_of(ring.retire(slices[0], before)), ErrorId::ticket_too_old);
  if (explicit_flush()) {
    EXPECT_EQ(fake_->total_calls(), flushes().size() + fake_->calls("glBindBuffer"));
    EXPECT_EQ(flushes().size(), 50U);
  } else {
    EXPECT_EQ(fake_->total_calls(), 0U);
  }
  const Ticket after = mark();
  fake_->clear_log();
  take(ring.retire(slices[7], after));
  take(ring.retire(after));
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_P(UploadRingTest, OffsetsFitEveryBindingByDefault) {
  FakeConfig config = config_of(GetParam().edit);
  config.uniform_offset_alignment = 256;
  config.shader_storage_offset_alignment = 512;
  config.texture_buffer_offset_alignment = 1024;
  start(config, options_of(GetParam().edit, GetParam().model));
  auto ring = ring_of(64 * 1024);
  // The oldest contexts have only the uniform alignment.
  const pmb::Limits& limits = context_->limits();
  const std::uint64_t greatest = std::max(
      {limits.uniform_offset_alignment, limits.storage_offset_alignment, limits.texture_offset_alignment});
  EXPECT_EQ(greatest, limits.compute ? 1024U : 256U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(take(ring.acquire(100)).offset_bytes() % greatest, 0U);
    EXPECT_EQ(take(ring.acquire(100, 24)).offset_bytes() % 24, 0U) << "a vertex stride";
    EXPECT_EQ(take(ring.acquire(100, 1)).offset_bytes() % 64, 0U) << "slices share no cache line";
    EXPECT_EQ(take(ring.acquire<double>(10)).size_bytes(), 80U);
  }
  EXPECT_EQ(id_of(ring.acquire<double>(SIZE_MAX)), ErrorId::exceeds_ring);
}

TEST_P(UploadRingTest, TypedStoresAndCopiesStayInside) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(16));
  EXPECT_TRUE(slice.store<std::uint32_t>(3, 7));
  EXPECT_FALSE(slice.store<std::uint32_t>(4, 7));
  EXPECT_FALSE(slice.store<std::uint32_t>(SIZE_MAX, 7));
  EXPECT_TRUE(slice.copy_from(pattern(16, 1)));
  EXPECT_FALSE(slice.copy_from(pattern(16, 1), 1));
  EXPECT_FALSE(slice.copy_from(pattern(1, 1), UINT64_MAX));
  EXPECT_TRUE(slice.copy_from({}, 16));
  EXPECT_EQ(slice.raw_bytes().size(), 16U);
  take(ring.publish(slice, 16));
  EXPECT_TRUE(slice.raw_bytes().empty()) << "its bytes are the GPU's now";
  EXPECT_FALSE(slice.copy_from(pattern(16, 1)));
  EXPECT_FALSE(slice.fill(std::byte{1}));
}

TEST_P(UploadRingTest, RetiringAllAffectsOnlyPublishedSlices) {
  auto ring = ring_of(4096);
  const Slice filling = take(ring.acquire(64));
  const Slice published = put(ring, pattern(64, 1));
  const Slice also_published = put(ring, pattern(64, 2));
  const Ticket ticket = mark();
  take(ring.retire(ticket));
  EXPECT_TRUE(filling.is_live());
  EXPECT_EQ(filling.raw_bytes().size(), 64U);
  EXPECT_FALSE(published.is_live());
  EXPECT_FALSE(also_published.is_live());
  EXPECT_EQ(ring.stats().live_slices, 1U);
  take(ring.publish(filling, 64));
  EXPECT_EQ(id_of(ring.retire(filling, ticket)), ErrorId::ticket_too_old) << "published behind the mark";
  take(ring.retire(filling, mark()));
}

TEST_P(UploadRingTest, ATicketOlderThanThePublishRetiresNothing) {
  auto ring = ring_of(4096);
  const Slice first = put(ring, pattern(64, 1));
  const Ticket old = mark();
  const Slice second = put(ring, pattern(64, 2));
  EXPECT_EQ(id_of(ring.retire(old)), ErrorId::ticket_too_old);
  EXPECT_EQ(status_of(ring.retire(old)), Status::refused);
  EXPECT_TRUE(first.is_live());
  EXPECT_TRUE(second.is_live());
  EXPECT_EQ(id_of(ring.retire(second, old)), ErrorId::ticket_too_old);
  take(ring.retire(first, old));
  EXPECT_FALSE(first.is_live());
  EXPECT_TRUE(second.is_live());
  EXPECT_EQ(id_of(ring.retire(Ticket())), ErrorId::stale_ticket);
  EXPECT_EQ(id_of(ring.retire(second, Ticket())), ErrorId::stale_ticket);
  take(ring.retire(mark()));
  EXPECT_FALSE(second.is_live());
}

TEST_P(UploadRingTest, UnpublishedSlicesCannotBeRetiredAndPublishedOnesNotCancelled) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(64));
  EXPECT_EQ(id_of(ring.retire(slice, mark())), ErrorId::not_published);
  EXPECT_EQ(id_of(ring.publish(slice, 65)), ErrorId::published_too_much);
  EXPECT_TRUE(slice.is_live());
  take(ring.publish(slice, 64));
  EXPECT_EQ(id_of(ring.publish(slice, 64)), ErrorId::already_published);
  EXPECT_EQ(id_of(ring.cancel(slice)), ErrorId::already_published);
  EXPECT_TRUE(slice.is_live());
  take(ring.retire(slice, mark()));
  EXPECT_EQ(id_of(ring.retire(slice, mark())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.publish(slice, 1)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.cancel(slice)), ErrorId::stale_slice);
}

TEST_P(UploadRingTest, CancellingFreesTheBytesAndLeavesTheHandleStale) {
  auto ring = ring_of(4096);
  const Slice first = take(ring.acquire(64, 1));
  take(ring.cancel(first));
  const Slice second = take(ring.acquire(64, 1));
  EXPECT_EQ(second.offset_bytes(), 0U);
  EXPECT_FALSE(first.is_live());
  EXPECT_EQ(id_of(ring.cancel(first)), ErrorId::stale_slice);
  EXPECT_TRUE(second.is_live());
}

TEST_P(UploadRingTest, ManyRingsRetireToOneTicket) {
  auto first = ring_of(512);
  auto second = ring_of(512);
  std::vector<Draw> draws;
  for (std::uint64_t turn = 0; turn < 20; ++turn) {
    const Bytes one = pattern(400, turn);
    const Bytes two = pattern(300, turn + 1000);
    const Slice a = put(first, one);
    const Slice b = put(second, two);
    draws.push_back({draw(a), one});
    draws.push_back({draw(b), two});
    fake_->clear_log();
    const Ticket ticket = mark();
    take(first.retire(ticket));
    take(second.retire(ticket));
    EXPECT_EQ(fake_->calls("glFenceSync"), 1U);
  }
  gl_.Finish();
  expect_right(draws);
}

}  // namespace
