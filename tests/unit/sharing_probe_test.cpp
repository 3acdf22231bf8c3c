// SPDX-License-Identifier: MIT
// Validation notices that the CPU and GL no longer share the bytes of a ring, and takes nothing else for that.
#include "context/sharing_probe.hpp"

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::MappedBuffer;
using pmb::PendingReadback;
using pmb::ReadbackRing;
using pmb::Slice;
using pmb::UploadRing;

constexpr std::size_t kBytes = 256;
constexpr std::size_t kProbed = pmb::detail::SharingProbe::kBytes;

class Sharing : public PmbPathTest {
 protected:
  void SetUp() override { start_validating(); }
  UploadRing make_ring(std::uint64_t capacity = 2 * kBytes) {
    return take(UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "vertices"}));
  }
  /// Whose slices the GPU may write, too.
  UploadRing make_readable_ring() {
    return take(UploadRing::create_on(
        *context_,
        take(MappedBuffer::create(*context_, {.size_bytes = 2 * kBytes, .access = Access::bidirectional}))));
  }
  ReadbackRing make_readback_ring() {
    return take(ReadbackRing::create(*context_, {.capacity_bytes = 4 * kBytes, .label = "pixels"}));
  }
  /// Bytes that the GPU wrote, viewed once they have arrived.
  std::pair<PendingReadback, pmb::ReadView> read_back(ReadbackRing& ring, const Bytes& bytes) {
    const PendingReadback pending = take(ring.acquire(bytes.size()));
    write_into(pending, bytes);
    mark();
    return {pending, take(pending.wait(1s))};
  }
  std::uint64_t copies() const {
    return fake_->calls("glCopyNamedBufferSubData") + fake_->calls("glCopyBufferSubData");
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, Sharing, every_mapped_path(), path_name);

TEST_P(Sharing, AMappingThatGlLeftIsReportedOnce) {
  auto ring = make_ring();
  put_and_retire(ring, pattern(kBytes, 1));
  take(mark().wait(1s));
  mark();
  EXPECT_TRUE(reports_.empty());

  fake_->move_away_from_mapping(ring.mapped_buffer().buffer());
  const Slice slice = take(ring.acquire(kBytes));
  const auto where = std::source_location::current();
  const std::uint64_t offset = slice.offset_bytes();
  EXPECT_TRUE(slice.copy_from(pattern(kBytes, 2)));
  take(ring.publish(slice, kBytes));
  const pmb::Ticket ticket = mark();
  take(ticket.wait(1s));
  EXPECT_TRUE(reports_.empty()) << "waiting reports nothing";
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::bytes_not_shared);
  EXPECT_EQ(reports_[0].label, "vertices");
  EXPECT_EQ(reports_[0].buffer, ring.mapped_buffer().buffer());
  EXPECT_EQ(reports_[0].begin, offset);
  EXPECT_EQ(reports_[0].end, offset + kProbed);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() - 1);
  take(ring.retire(slice, mark()));

  for (std::uint64_t turn = 0; turn < 10; ++turn) put_and_retire(ring, pattern(kBytes, turn));
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_P(Sharing, AReclaimReportsItWithThePlaceOfTheSlice) {
  auto ring = make_ring(kBytes);
  fake_->move_away_from_mapping(ring.mapped_buffer().buffer());
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(8, 1));
  EXPECT_TRUE(slice.copy_from(pattern(8, 2)));
  take(ring.publish(slice, 8));
  take(ring.retire(slice, mark()));
  take(ring.acquire(kBytes, 1));
  ASSERT_EQ(reports_of(ErrorId::bytes_not_shared), 1U);
  EXPECT_EQ(reports_[0].end - reports_[0].begin, 8U);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
}

TEST_P(Sharing, ALateWriteOfTheCpuIsReportedAsSuchAlone) {
  auto ring = make_ring();
  const Slice slice = take(ring.acquire(kBytes));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, kBytes));
  bytes[9] = std::byte{2};
  take(mark().wait(1s));
  take(ring.retire(slice, mark()));
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::written_after_publish);
}

// Where the GPU may write published bytes, a change of them proves nothing.
TEST_P(Sharing, ALateWriteToReadableMemoryIsNoDifference) {
  auto ring = make_readable_ring();
  const Slice slice = take(ring.acquire(kBytes));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, kBytes));
  bytes[9] = std::byte{2};
  take(mark().wait(1s));
  take(ring.retire(slice, mark()));
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

TEST_P(Sharing, WhatTheGpuWritesAfterThePublishIsNoDifference) {
  auto ring = make_readable_ring();
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    const Slice slice = put(ring, pattern(kBytes, turn));
    // A later lap publishes over what a shader stored.
    const bool gpu_writes = turn < 5;
    if (gpu_writes)
      write_on_gpu(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()),
                   pattern(kBytes, turn + 50));
    take(mark().wait(1s));
    take(ring.retire(slice, mark()));
  }
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

TEST_P(Sharing, OneCopyIsInFlight) {
  auto ring = make_ring(64 * kBytes);
  fake_->clear_log();
  for (std::uint64_t turn = 0; turn < 20; ++turn) put(ring, pattern(kBytes, turn));
  EXPECT_EQ(copies(), 1U);
  take(mark().wait(1s));
  mark();
  put(ring, pattern(kBytes, 1));
  EXPECT_EQ(copies(), 2U);
  take(ring.retire(mark()));
}

TEST_P(Sharing, TheCopyGoesWithTheRingAndWithTheContext) {
  {
    auto ring = make_ring();
    put_and_retire(ring, pattern(kBytes, 1));
    EXPECT_EQ(fake_->live_buffers(), 2U);
  }
  EXPECT_EQ(fake_->live_buffers(), 0U);
  auto ring = make_ring();
  put_and_retire(ring, pattern(kBytes, 1));
  context_.reset();
  EXPECT_EQ(fake_->live_buffers(), 1U) << "the mapped one";
  leaks_expected_ = true;
}

TEST_P(Sharing, AReadbackThatGlKeepsToItselfIsReportedOnce) {
  auto ring = make_readback_ring();
  fake_->move_away_from_mapping(ring.mapped_buffer().buffer());
  const auto where = std::source_location::current();
  const PendingReadback pending = take(ring.acquire(kBytes));
  const std::uint64_t offset = pending.offset_bytes();
  write_into(pending, pattern(kBytes, 1));
  mark();
  EXPECT_NE(copy(take(pending.wait(1s)).bytes()), pattern(kBytes, 1));
  take(pending.release());
  take(mark().wait(1s));
  EXPECT_TRUE(reports_.empty()) << "waiting reports nothing";
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::bytes_not_shared);
  EXPECT_EQ(reports_[0].label, "pixels");
  EXPECT_EQ(reports_[0].begin, offset);
  EXPECT_EQ(reports_[0].end, offset + kProbed);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);

  for (std::uint64_t turn = 0; turn < 10; ++turn)
    take(read_back(ring, pattern(kBytes, turn)).first.release());
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_P(Sharing, ReadbacksThatGoRoundAreNoDifference) {
  auto ring = make_readback_ring();
  for (std::uint64_t turn = 0; turn < 20; ++turn) {
    const auto [pending, view] = read_back(ring, pattern(kBytes, turn));
    EXPECT_EQ(copy(view.bytes()), pattern(kBytes, turn));
    take(pending.release());
  }
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

TEST_P(Sharing, AWriteIntoAViewIsReportedAsSuchAlone) {
  auto ring = make_readback_ring();
  const auto [pending, view] = read_back(ring, pattern(kBytes, 1));
  const_cast<std::byte&>(view.bytes()[9]) ^= std::byte{1};
  take(mark().wait(1s));
  mark();
  take(pending.release());
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::view_written);
}

class CoherentSharing : public PmbTest {};

// Such a publish makes no other GL call.
TEST_F(CoherentSharing, WithoutACurrentContextAPublishMakesNoCopy) {
  start({}, validating());
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = kBytes, .model = Model::coherent}));
  const Slice slice = take(ring.acquire(kBytes));
  EXPECT_TRUE(slice.fill(std::byte{1}));
  fake_->clear_log();
  FakeGl::release_current();
  take(ring.publish(slice, kBytes));
  fake_->make_current();
  take(ring.retire(slice, mark()));
  EXPECT_EQ(fake_->calls("glCopyNamedBufferSubData"), 0U);
}

}  // namespace
