// SPDX-License-Identifier: MIT
// Readback: right bytes on every path, the wrong orders refused, and nothing armed too early.
#include <deque>

#include "pmb_fixture.hpp"
#include "support/timeline_facts.hpp"

namespace {

using namespace pmb_test;
using pmb::PendingReadback;
using pmb::ReadbackRing;

class ReadbackRingTest : public PmbPathTest {
 protected:
  ReadbackRing ring_of(std::uint64_t capacity) {
    return take(ReadbackRing::create(*context_, {.capacity_bytes = capacity, .label = "results"}));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, ReadbackRingTest, every_path(), path_name);

/// Where its memory is mapped.
class MappedReadbackRing : public ReadbackRingTest {};
INSTANTIATE_TEST_SUITE_P(Paths, MappedReadbackRing, every_mapped_path(), path_name);

// GPU write, barrier, fence, wait, read.
TEST_P(ReadbackRingTest, DirectlyWrittenBytesArrive) {
  auto ring = ring_of(4096);
  const Bytes drawn = pattern(200, 1);
  const Bytes stored = pattern(300, 2);
  const PendingReadback first = take(ring.acquire(200));
  write_into(first, drawn);
  const PendingReadback second = take(ring.acquire(300));
  write_on_gpu(second.buffer(), static_cast<std::int64_t>(second.offset_bytes()), stored);
  mark();
  EXPECT_EQ(copy(take(first.wait(1s)).bytes()), drawn);
  EXPECT_EQ(copy(take(second.wait(1s)).bytes()), stored);
  if (!is_private()) {
    EXPECT_EQ(fake_->calls("glMemoryBarrier"), explicit_flush() ? 1U : 0U);
  }
  take(first.release());
  take(second.release());
}

TEST_P(MappedReadbackRing, ABarrierPrecedesTheFenceOnlyWhereNeeded) {
  auto ring = ring_of(4096);
  fake_->clear_log();
  mark();
  ASSERT_EQ(fake_->log().size(), explicit_flush() ? 2U : 1U);
  EXPECT_EQ(fake_->log().back().name, "glFenceSync");
  if (explicit_flush()) {
    EXPECT_EQ(fake_->log().front().name, "glMemoryBarrier");
    EXPECT_EQ(fake_->log().front().values.at(0), GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  }
  ring = ReadbackRing();
  fake_->clear_log();
  mark();
  EXPECT_EQ(fake_->log().size(), 1U) << "no readable mapping is left";
}

// Wrong order 1: no mark after the writer.
TEST_P(ReadbackRingTest, AViewWithoutAMarkIsRefusedAndReported) {
  start_validating();
  auto ring = ring_of(4096);
  const PendingReadback pending = take(ring.acquire(100));
  write_into(pending, pattern(100, 1));
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::never_marked);
  EXPECT_EQ(id_of(pending.wait(1s)), ErrorId::never_marked);
  ASSERT_EQ(reports_of(ErrorId::never_marked), 2U);
  EXPECT_EQ(reports_[0].label, "results");
  EXPECT_EQ(reports_[0].buffer, pending.buffer());
  EXPECT_EQ(reports_[0].begin, pending.offset_bytes());
  EXPECT_EQ(reports_[0].end, pending.offset_bytes() + 100);
  EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U);
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(100, 1));
}

// Wrong order 2: no wait.
TEST_P(ReadbackRingTest, AReadbackHasATicketOnceItsMarkIsMade) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  for (const bool other_work : {false, true}) {
    const GLuint source = plain_buffer(64);
    const auto pending = take(ring.request(source, 0, 64));
    if (other_work) fake_->server_write(source, 0, pattern(64, 1));
    EXPECT_EQ(pending.ticket(), pmb::Ticket());
    EXPECT_EQ(id_of(pending.ticket().wait(1s)), ErrorId::stale_ticket) << "no mark, so it can never arrive";
    mark();
    const pmb::Ticket ticket = pending.ticket();
    take(ticket.wait(1s));
    take(pending.release());
    EXPECT_EQ(pending.ticket(), pmb::Ticket());
    EXPECT_TRUE(ticket.passed()) << "a copy stays valid";
  }
}

TEST_P(ReadbackRingTest, AViewBeforeTheTicketPassedIsRefused) {
  fake_->set_polls_until_done(2);
  auto ring = ring_of(4096);
  const PendingReadback pending = take(ring.acquire(100));
  write_into(pending, pattern(100, 1));
  mark();
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::not_passed_yet);
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(100, 1));
}

// Wrong order 3: a mark before the acquire proves nothing.
TEST_P(ReadbackRingTest, AnEarlierMarkDoesNotArmAReadback) {
  auto ring = ring_of(4096);
  const GLuint source = plain_buffer(100, pattern(100, 7).data());
  const pmb::Ticket early = mark();
  const PendingReadback direct = take(ring.acquire(100));
  const PendingReadback copied = take(ring.request(source, 0, 100));
  write_into(direct, pattern(100, 1));
  take(early.wait(1s));
  EXPECT_EQ(id_of(direct.try_view()), ErrorId::never_marked);
  EXPECT_EQ(id_of(copied.try_view()), ErrorId::never_marked);
  mark();
  EXPECT_EQ(copy(take(direct.wait(1s)).bytes()), pattern(100, 1));
  EXPECT_EQ(copy(take(copied.wait(1s)).bytes()), pattern(100, 7));
}

// Wrong order 4: a fence without the barrier. pmb's internal fences cover its own copies, but not
// commands that the program issues later.
TEST_P(ReadbackRingTest, TransferFencesDoNotArmDirectReadbacks) {
  auto ring = ring_of(4096);
  const GLuint other = plain_buffer(256);
  const PendingReadback direct = take(ring.acquire(100));
  Bytes target(64);
  take(pmb::upload(*context_, other, 0, pattern(64, 3)));
  take(pmb::download(*context_, other, 0, target));
  EXPECT_EQ(target, pattern(64, 3));
  EXPECT_EQ(id_of(direct.try_view()), ErrorId::never_marked);
  write_into(direct, pattern(100, 1));
  take(pmb::download(*context_, other, 0, target));
  EXPECT_EQ(id_of(direct.try_view()), ErrorId::never_marked);
  mark();
  EXPECT_EQ(copy(take(direct.wait(1s)).bytes()), pattern(100, 1));
}

TEST_P(MappedReadbackRing, TransferFencesArmRequestedCopies) {
  auto ring = ring_of(4096);
  const GLuint source = plain_buffer(100, pattern(100, 7).data());
  const PendingReadback copied = take(ring.request(source, 0, 100));
  Bytes target(64);
  take(pmb::download(*context_, source, 0, target));
  EXPECT_EQ(copy(take(copied.try_view()).bytes()), pattern(100, 7));
}

TEST_P(ReadbackRingTest, ARequestSeesShaderWrites) {
  auto ring = ring_of(4096);
  const GLuint source = plain_buffer(256, filled(256, 0).data());
  write_on_gpu(source, 16, pattern(100, 5));
  fake_->clear_log();
  const PendingReadback pending = take(ring.request(source, 16, 100));
  if (context_->limits().memory_barrier) {
    ASSERT_EQ(fake_->calls("glMemoryBarrier"), 1U);
    EXPECT_EQ(fake_->log_of("glMemoryBarrier")[0].values.at(0), GL_BUFFER_UPDATE_BARRIER_BIT);
  }
  EXPECT_NE(fake_->log().back().name, "glMemoryBarrier") << "it stands before the copy";
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(100, 5));
}

TEST_P(ReadbackRingTest, ARequestCopiesTheBytesAtThatPoint) {
  auto ring = ring_of(4096);
  const GLuint source = plain_buffer(64, filled(64, 1).data());
  const PendingReadback before = take(ring.request(source, 0, 64));
  fake_->server_write(source, 0, filled(64, 2));
  const PendingReadback after = take(ring.request(source, 0, 64));
  mark();
  EXPECT_EQ(copy(take(before.wait(1s)).bytes()), filled(64, 1));
  EXPECT_EQ(copy(take(after.wait(1s)).bytes()), filled(64, 2));
}

TEST_P(ReadbackRingTest, BytesStayUntilReleasedHoweverManyFollow) {
  auto ring = ring_of(1024);
  const GLuint source = plain_buffer(64, pattern(64, 1).data());
  const PendingReadback kept = take(ring.request(source, 0, 64));
  mark();
  const pmb::ReadView view = take(kept.wait(1s));
  for (std::uint64_t turn = 2; turn < 12; ++turn) {
    fake_->server_write(source, 0, pattern(64, turn));
    const PendingReadback next = take(ring.request(source, 0, 64));
    mark();
    EXPECT_EQ(copy(take(next.wait(1s)).bytes()), pattern(64, turn));
    take(next.release());
    EXPECT_EQ(copy(view.bytes()), pattern(64, 1));
  }
}

// Many are in flight and released in any order, some before arrival. Memory is reused only after arrival.
TEST_P(ReadbackRingTest, FramesInFlightAllArrive) {
  auto ring = ring_of(4096);
  struct Frame {
    PendingReadback pending;
    std::uint64_t number;
  };
  std::deque<Frame> frames;
  std::uint64_t arrived = 0;
  for (std::uint64_t number = 1; number <= 200; ++number) {
    const std::size_t size = 100 + number % 600;
    if (frames.size() == 3) {
      const Frame oldest = frames.front();
      frames.pop_front();
      if (oldest.number % 5 != 0) {
        const auto bytes = take(oldest.pending.wait(1s)).bytes();
        ASSERT_EQ(copy(bytes), pattern(100 + oldest.number % 600, oldest.number));
        ++arrived;
      }
      take(oldest.pending.release());
    }
    const PendingReadback pending = take(ring.acquire(size));
    write_into(pending, pattern(size, number));
    mark();
    frames.push_back({pending, number});
  }
  EXPECT_GT(arrived, 100U);
  EXPECT_LE(pmb::test::live_fences(*context_), 4U);
}

// A GPU copy into bytes that CPU caches hold is slower, so the ring goes round. That costs no wait and no fence.
TEST_P(MappedReadbackRing, ReleasedBytesAreNotTheNextReadbacks) {
  auto ring = ring_of(4 * 1024);
  for (std::uint64_t turn = 0; turn < 12; ++turn) {
    const PendingReadback pending = take(ring.acquire(1024));
    EXPECT_EQ(pending.offset_bytes(), turn % 4 * 1024);
    write_into(pending, pattern(1024, turn));
    mark();
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(1024, turn));
    take(pending.release());
  }
  EXPECT_EQ(ring.stats().waits, 0U);
  EXPECT_EQ(fake_->calls("glFenceSync"), 12U);
}

TEST_P(ReadbackRingTest, AReleaseBeforeArrivalKeepsTheMemoryInUse) {
  fake_->set_polls_until_done(1000);
  auto ring = take(ReadbackRing::create(*context_, {.capacity_bytes = 128, .timeout = 0ns}));
  const PendingReadback pending = take(ring.acquire(128));
  write_into(pending, pattern(128, 1));
  mark();
  take(pending.release());
  EXPECT_EQ(id_of(pending.release()), ErrorId::stale_slice);
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::wait_timed_out);
  fake_->clear_script();
  gl_.Finish();
  EXPECT_TRUE(ring.acquire(64));
}

TEST_P(ReadbackRingTest, ExhaustionIsReportedAndNeverDeadlocks) {
  auto ring = ring_of(256);
  const GLuint source = plain_buffer(512);
  EXPECT_EQ(id_of(ring.acquire(257)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.request(source, 0, 300)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.acquire(0)), ErrorId::zero_size);
  const PendingReadback all = take(ring.acquire(256));
  const auto full = ring.acquire(1);
  EXPECT_EQ(id_of(full), ErrorId::ring_full_unreleased);
  EXPECT_NE(full.error().message().find("release()"), std::string::npos) << full.error().message();
  write_into(all, pattern(256, 1));
  take(all.release());
  EXPECT_EQ(id_of(ring.acquire(1)), ErrorId::never_marked)
      << "released before its mark: only the program can make it";
  mark();
  EXPECT_TRUE(ring.acquire(1));
  EXPECT_EQ(ring.stats().would_blocks, 2U);
}

TEST_P(ReadbackRingTest, BadSourcesAreRefusedBeforeGl) {
  auto ring = ring_of(4096);
  const GLuint source = plain_buffer(128);
  EXPECT_EQ(id_of(ring.request(777, 0, 16)), ErrorId::not_a_buffer);
  EXPECT_EQ(id_of(ring.request(0, 0, 16)), ErrorId::not_a_buffer);
  EXPECT_EQ(id_of(ring.request(source, 120, 16)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(source, UINT64_MAX, 16)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(source, 0, 0)), ErrorId::zero_size);
  gl_.BindBuffer(GL_ARRAY_BUFFER, source);
  ASSERT_NE(gl_.MapBufferRange(GL_ARRAY_BUFFER, 0, 128, GL_MAP_READ_BIT), nullptr);
  EXPECT_EQ(id_of(ring.request(source, 0, 16)), ErrorId::source_is_mapped);
  gl_.UnmapBuffer(GL_ARRAY_BUFFER);
  EXPECT_TRUE(ring.request(source, 0, 16));

  EXPECT_EQ(ring.stats().live_slices, 1U);
}

TEST_P(ReadbackRingTest, ACopyOntoItselfIsRefused) {
  auto ring = ring_of(256);
  const GLuint own = ring.mapped_buffer().buffer();
  EXPECT_EQ(id_of(ring.request(own, 0, 64)), ErrorId::source_is_destination);
  EXPECT_EQ(ring.stats().live_slices, 0U);
  EXPECT_TRUE(ring.request(own, 64, 64));
}

TEST_P(MappedReadbackRing, OnlyReadableMappingsCanBackARing) {
  auto up = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 4096}));
  EXPECT_EQ(id_of(ReadbackRing::create_on(*context_, std::move(up))), ErrorId::not_readable);
  auto both =
      take(pmb::MappedBuffer::create(*context_, {.size_bytes = 4096, .access = Access::bidirectional}));
  auto ring = take(ReadbackRing::create_on(*context_, std::move(both)));
  const PendingReadback pending = take(ring.acquire(64));
  write_into(pending, pattern(64, 1));
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 1));
}

TEST_P(MappedReadbackRing, ARingOnAnAdoptedReadMappingReadsWhereItsSlicesLie) {
  const auto own = map_own(4096, 100, 2000,
                           GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT |
                               (explicit_flush() ? 0 : static_cast<GLbitfield>(GL_MAP_COHERENT_BIT)));
  auto ring = take(ReadbackRing::create_on(*context_, take(pmb::MappedBuffer::adopt(*context_, own))));
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    const PendingReadback pending = take(ring.acquire(500));
    EXPECT_GE(pending.offset_bytes(), 100U);
    EXPECT_LE(pending.offset_bytes() + 500, 2100U);
    write_into(pending, pattern(500, turn));
    mark();
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(500, turn));
    take(pending.release());
  }
}

TEST_P(ReadbackRingTest, StaleHandlesAreInert) {
  PendingReadback outlived;
  {
    auto ring = ring_of(4096);
    const PendingReadback pending = take(ring.acquire(64));
    EXPECT_TRUE(pending.is_live());
    EXPECT_EQ(pending.size_bytes(), 64U);
    ReadbackRing moved = std::move(ring);
    EXPECT_TRUE(pending.is_live()) << "it follows the ring";
    EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.request(1, 0, 64)), ErrorId::not_mapped);
    take(pending.release());
    EXPECT_FALSE(pending.is_live());
    EXPECT_EQ(pending.buffer(), 0U);
    EXPECT_EQ(id_of(pending.try_view()), ErrorId::stale_slice);
    EXPECT_EQ(id_of(pending.wait(1s)), ErrorId::stale_slice);
    outlived = take(moved.acquire(64));
  }
  EXPECT_FALSE(outlived.is_live());
  EXPECT_EQ(id_of(outlived.try_view()), ErrorId::stale_slice);
  auto next = ring_of(4096);
  const PendingReadback fresh = take(next.acquire(64));
  EXPECT_TRUE(fresh.is_live());
  EXPECT_FALSE(outlived.is_live()) << "the next tenant of the control block is another ring";
  EXPECT_EQ(id_of(outlived.release()), ErrorId::stale_slice);
  EXPECT_TRUE(fresh.is_live());
  EXPECT_FALSE(PendingReadback().is_live());
  EXPECT_EQ(id_of(PendingReadback().try_view()), ErrorId::stale_slice);
}

TEST_P(ReadbackRingTest, WaitsEndAndFailuresAreTyped) {
  auto ring = ring_of(4096);
  const PendingReadback pending = take(ring.acquire(64));
  write_into(pending, pattern(64, 1));
  mark();
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(pending.wait(1ms)), ErrorId::wait_timed_out);
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::not_passed_yet);
  fake_->clear_script();
  fake_->script("glClientWaitSync", 1, strict_gl::wait_failed());
  EXPECT_EQ(id_of(pending.wait(1s)), ErrorId::wait_failed);
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::wait_failed);
  take(pending.release());
  EXPECT_TRUE(pmb::UploadRing::create(*context_, {.capacity_bytes = 64}));
}

}  // namespace
