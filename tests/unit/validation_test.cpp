// SPDX-License-Identifier: MIT
// The validation layer: wrong use is reported with rule, label, bytes and both places, right use with nothing.
#include <cstdio>
#include <span>
#include <sstream>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::UploadRing;

class Validation : public PmbPathTest {
 protected:
  void SetUp() override {
    start(config_of(GetParam().edit), validating(options_of(GetParam().edit, GetParam().model)));
  }
  UploadRing ring_of(std::uint64_t capacity) {
    return take(UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "vertices"}));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, Validation, every_path(), path_name);

// One byte written, no publish, then use.
TEST_P(Validation, AForgottenPublishNamesBufferBytesAndPlaces) {
  auto ring = ring_of(4096);
  put(ring, pattern(64, 1));
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(256));
  slice.raw_bytes()[17] = ~slice.raw_bytes()[17];
  slice.raw_bytes()[40] = ~slice.raw_bytes()[40];
  draw(slice);
  const auto use = std::source_location::current();
  const pmb::Ticket ticket = take(timeline().mark());
  ASSERT_EQ(reports_.size(), 1U);
  const Seen& seen = reports_[0];
  EXPECT_EQ(seen.id, ErrorId::slice_used_unpublished);
  EXPECT_EQ(seen.label, "vertices");
  EXPECT_EQ(seen.buffer, slice.buffer());
  EXPECT_EQ(seen.begin, slice.offset_bytes() + 17);
  EXPECT_EQ(seen.end, slice.offset_bytes() + 41);
  EXPECT_EQ(seen.acquired_at.line(), where.line() + 1);
  EXPECT_STREQ(seen.acquired_at.file_name(), where.file_name());
  EXPECT_EQ(seen.noticed_at.line(), use.line() + 1);
  EXPECT_NE(seen.message.find("PMB-81"), std::string::npos);
  take(timeline().mark());
  EXPECT_EQ(reports_.size(), 1U) << "reported once";
  take(ring.publish(slice, 256));
  EXPECT_EQ(id_of(ring.retire(slice, ticket)), ErrorId::ticket_too_old);
  take(ring.retire(mark()));
}

// The buffer was bound once; a draw needs only the offset. The bytes are those that the memory held before.
TEST_P(Validation, AForgottenPublishIsReportedIfOnlyTheOffsetWasUsed) {
  auto ring = ring_of(4096);
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(36, 12));
  EXPECT_TRUE(slice.fill(std::byte{0}));
  static_cast<void>(slice.offset_bytes());
  mark();
  ASSERT_EQ(reports_of(ErrorId::slice_used_unpublished), 1U);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  EXPECT_GE(reports_[0].end - reports_[0].begin, 35U);
  take(ring.cancel(slice));
}

TEST_P(Validation, AForgottenPublishIsReportedIfTheNameWasAskedForWithoutACurrentContext) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(64));
  EXPECT_TRUE(slice.fill(std::byte{1}));
  FakeGl::release_current();
  EXPECT_NE(slice.buffer(), 0U);
  fake_->make_current();
  mark();
  EXPECT_EQ(reports_of(ErrorId::slice_used_unpublished), 1U);
  EXPECT_EQ(reports_.size(), 1U) << "the name needs no GL";
  take(ring.cancel(slice));
}

TEST_P(Validation, AStaleSliceGivenToGlIsReported) {
  auto ring = ring_of(4096);
  const Slice slice = put(ring, pattern(64, 1));
  take(ring.retire(slice, mark()));
  EXPECT_TRUE(reports_.empty());
  const auto where = std::source_location::current();
  EXPECT_EQ(slice.buffer(), 0U);
  EXPECT_EQ(slice.offset_bytes(), 0U);
  ASSERT_EQ(reports_of(ErrorId::stale_slice), 2U);
  EXPECT_EQ(reports_[0].noticed_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[1].noticed_at.line(), where.line() + 2);
}

TEST_P(Validation, AForgottenRetireIsReportedAfterManyMarks) {
  auto ring = ring_of(4096);
  const auto where = std::source_location::current();
  const Slice kept = take(ring.acquire(64));
  EXPECT_TRUE(kept.fill(std::byte{1}));
  take(ring.publish(kept, 64));
  for (int frame = 0; frame < 255; ++frame) mark();
  EXPECT_TRUE(reports_.empty());
  for (int frame = 0; frame < 10; ++frame) mark();
  ASSERT_EQ(reports_of(ErrorId::never_retired), 1U) << "once";
  EXPECT_EQ(reports_[0].begin, kept.offset_bytes());
  EXPECT_EQ(reports_[0].end, kept.offset_bytes() + 64);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  take(ring.retire(mark()));
}

TEST_P(Validation, SlicesThatWereRetiredAreNotForgotten) {
  auto ring = ring_of(1 << 20);
  put(ring, pattern(64, 1));
  take(ring.retire_issued());
  for (int frame = 0; frame < 300; ++frame) mark();
  EXPECT_EQ(reports_of(ErrorId::never_retired), 0U);
}

TEST_P(Validation, AFullRingReportsItsOldestSliceOnce) {
  auto ring = ring_of(512);
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(512, 1));
  EXPECT_EQ(id_of(ring.try_acquire(64)), ErrorId::ring_full_unpublished);
  EXPECT_TRUE(reports_.empty()) << "a caller that does not wait expects a full ring";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::ring_full_unpublished);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::ring_full_unpublished);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  take(ring.cancel(slice));

  auto readbacks = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 512, .label = "results"}));
  const auto there = std::source_location::current();
  const auto pending = take(readbacks.acquire(512, 1));
  EXPECT_EQ(id_of(readbacks.acquire(64)), ErrorId::ring_full_unreleased);
  ASSERT_EQ(reports_of(ErrorId::ring_full_unreleased), 1U);
  EXPECT_EQ(reports_.back().label, "results");
  EXPECT_EQ(reports_.back().acquired_at.line(), there.line() + 1);
  EXPECT_EQ(reports_.back().begin, pending.offset_bytes());
  EXPECT_EQ(reports_.back().end, pending.offset_bytes() + 512);
  take(pending.release());
}

TEST_P(Validation, AnUnpublishedSliceMayBeFilledAcrossMarks) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(64));
  EXPECT_TRUE(slice.fill(std::byte{1}));
  mark();
  take(ring.publish(slice, 64));
  draw(slice);
  take(ring.retire(slice, mark()));
  EXPECT_TRUE(reports_.empty());
}

TEST_P(Validation, BytesWrittenAfterThePublishAreReported) {
  auto ring = ring_of(4096);
  const Slice slice = take(ring.acquire(128));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 128));
  bytes[100] = std::byte{2};
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::written_after_publish);
  EXPECT_EQ(reports_[0].begin, slice.offset_bytes() + 100);
  EXPECT_EQ(reports_[0].end, slice.offset_bytes() + 101);
  take(ring.retire(mark()));
}

TEST_P(Validation, BytesWrittenWhileTheGpuMayReadThemAreReportedOnReclaim) {
  auto ring = ring_of(256);
  const Slice slice = take(ring.acquire(256, 1));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 256));
  take(ring.retire(slice, mark()));
  bytes[9] = std::byte{2};
  take(ring.acquire(64));
  ASSERT_EQ(reports_of(ErrorId::written_after_publish), 1U);
  EXPECT_EQ(reports_[0].begin, 9U);
}

TEST_P(Validation, EveryRefusalOfARingIsReported) {
  auto ring = ring_of(4096);
  const pmb::Ticket old = mark();
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(64));
  EXPECT_EQ(id_of(ring.retire(slice, old)), ErrorId::not_published);
  ASSERT_EQ(reports_of(ErrorId::not_published), 1U);
  EXPECT_EQ(reports_.back().begin, slice.offset_bytes());
  EXPECT_EQ(reports_.back().end, slice.offset_bytes() + 64);
  EXPECT_EQ(reports_.back().acquired_at.line(), where.line() + 1);
  take(ring.publish(slice, 64));
  EXPECT_EQ(id_of(ring.retire(slice, old)), ErrorId::ticket_too_old);
  EXPECT_EQ(id_of(ring.retire(old)), ErrorId::ticket_too_old);
  EXPECT_EQ(reports_of(ErrorId::ticket_too_old), 2U);
  take(ring.retire(slice, mark()));
  EXPECT_EQ(id_of(ring.retire(slice, mark())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.publish(slice, 1)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.cancel(slice)), ErrorId::stale_slice);
  EXPECT_EQ(reports_of(ErrorId::stale_slice), 3U);
  EXPECT_EQ(reports_.back().label, "vertices");
}

TEST_P(Validation, ForeignTicketsAreReported) {
  auto ring = ring_of(4096);
  const Slice slice = put(ring, pattern(64, 1));
  {
    FakeGl other_fake;
    other_fake.make_current();
    auto other = take(open());
    const pmb::Ticket foreign = take(other.timeline().mark());
    fake_->make_current();
    EXPECT_EQ(id_of(ring.retire(slice, foreign)), ErrorId::foreign_ticket);
    EXPECT_EQ(id_of(ring.retire(foreign)), ErrorId::foreign_ticket);
    other_fake.make_current();
  }
  fake_->make_current();
  EXPECT_EQ(reports_of(ErrorId::foreign_ticket), 2U);
  take(ring.retire(slice, mark()));
}

// Which ring is older must not decide whether the report has a name.
TEST_P(Validation, ASliceOfAnotherRingIsReportedAsMisuseOfTheRingThatWasCalled) {
  {
    auto earlier = ring_of(4096);
    for (int i = 0; i < 100; ++i) take(earlier.cancel(take(earlier.acquire(64))));
  }
  auto ring = ring_of(4096);
  auto other = take(UploadRing::create(*context_, {.capacity_bytes = 4096, .label = "indices"}));
  const Slice slice = take(ring.acquire(64));
  const Slice foreign = take(other.acquire(64));
  EXPECT_EQ(id_of(ring.publish(foreign, 64)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.cancel(foreign)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(ring.retire(foreign, mark())), ErrorId::stale_slice);
  ASSERT_EQ(reports_.size(), 3U);
  for (const Seen& seen : reports_) {
    EXPECT_EQ(seen.label, "vertices");
    EXPECT_EQ(seen.buffer, slice.buffer());
  }
  reports_.clear();
  EXPECT_EQ(id_of(other.publish(slice, 64)), ErrorId::stale_slice);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].label, "indices");
  take(ring.cancel(slice));
  take(other.cancel(foreign));
}

TEST_P(Validation, AStaleBlockIsReportedWithItsBuffer) {
  const auto pool_of_two = [this] {
    return take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2, .label = "blocks"}));
  };
  auto pool = pool_of_two();
  take(pool.acquire());
  const auto block = take(pool.acquire());
  const GLuint name = block.buffer();
  take(pool.release(block));
  EXPECT_EQ(id_of(pool.release(block)), ErrorId::stale_slice);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].label, "blocks");
  EXPECT_EQ(reports_[0].buffer, name);
  EXPECT_EQ(reports_[0].begin, 0U);
  EXPECT_EQ(reports_[0].end, 64U);
  pool = {};
  reports_.clear();
  auto next = pool_of_two();
  EXPECT_EQ(id_of(next.release(block)), ErrorId::stale_slice);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].label, "blocks") << "of the pool that was called";
  EXPECT_EQ(reports_[0].buffer, 0U) << "the block was of another pool";
}

// The spans of a destroyed ring cannot be made inert, so they are reported.
TEST_P(Validation, ARingDestroyedWithSlicesOutIsReported) {
  std::source_location where;
  {
    auto ring = ring_of(4096);
    where = std::source_location::current();
    take(ring.acquire(100));
    put(ring, pattern(64, 1));
  }
  ASSERT_EQ(reports_of(ErrorId::destroyed_with_live_slices), 1U);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[0].label, "vertices");
  EXPECT_LT(reports_[0].begin, reports_[0].end);
  reports_.clear();
  {
    auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2, .label = "blocks"}));
    where = std::source_location::current();
    take(pool.acquire());
  }
  ASSERT_EQ(reports_of(ErrorId::destroyed_with_live_slices), 1U);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[0].label, "blocks");
}

TEST_P(Validation, AViewThatIsUsedAfterItsReleaseIsReported) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 512, .label = "results"}));
  const auto where = std::source_location::current();
  const auto pending = take(ring.acquire(100));
  write_into(pending, pattern(100, 1));
  mark();
  const pmb::ReadView view = take(pending.wait(1s));
  const pmb::ReadView again = take(pending.try_view());
  EXPECT_EQ(copy(view.bytes()), pattern(100, 1));
  const std::uint64_t offset = pending.offset_bytes();
  take(pending.release());
  EXPECT_TRUE(reports_.empty());

  EXPECT_TRUE(view.bytes().empty());
  const auto there = std::source_location::current();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::view_after_release);
  EXPECT_EQ(reports_[0].label, "results");
  EXPECT_EQ(reports_[0].begin, offset);
  EXPECT_EQ(reports_[0].end, offset + 100);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[0].noticed_at.line(), there.line() - 1);
  EXPECT_TRUE(again.bytes().empty());
  EXPECT_EQ(reports_of(ErrorId::view_after_release), 2U) << "each view of the readback";
}

TEST_P(Validation, ViewsEndWithTheirBlockPoolAndRing) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 512}));
  auto pool = take(pmb::BlockPool::create(
      *context_, {.block_bytes = 64, .count = 1, .access = pmb::Access::read, .label = "blocks"}));
  const auto block = take(pool.acquire());
  const auto pending = take(ring.acquire(100));
  const pmb::Ticket ticket = mark();
  const pmb::ReadView released = take(pool.wait_view(block, ticket, 1s));
  EXPECT_EQ(released.bytes().size(), 64U);
  take(pool.release(block));
  EXPECT_TRUE(released.bytes().empty());
  ASSERT_EQ(reports_of(ErrorId::view_after_release), 1U);
  EXPECT_EQ(reports_[0].label, "blocks");

  const auto next = take(pool.acquire());
  const pmb::ReadView of_pool = take(pool.wait_view(next, mark(), 1s));
  const pmb::ReadView of_ring = take(pending.wait(1s));
  pool = {};
  EXPECT_TRUE(of_pool.bytes().empty());
  ring = {};
  EXPECT_TRUE(of_ring.bytes().empty());
  EXPECT_EQ(reports_of(ErrorId::view_after_release), 3U);
}

TEST_P(Validation, CorrectUseIsSilent) {
  auto ring = ring_of(2048);
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 1024}));
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2}));
  for (std::uint64_t turn = 0; turn < 40; ++turn) {
    const Bytes bytes = pattern(300, turn);
    const Slice slice = put(ring, bytes);
    take(ring.cancel(take(ring.acquire(64))));
    const auto read = draw(slice);
    const auto pending = take(readback.acquire(200));
    write_into(pending, pattern(200, turn));
    const auto block = take(pool.acquire());
    take(pool.publish(block, 64));
    const pmb::Ticket ticket = mark();
    take(ring.retire(ticket));
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(200, turn));
    EXPECT_EQ(read->bytes(), bytes);
    take(pending.release());
    take(pool.retire(block, ticket));
  }
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

// One readable block: severity, sentence, object, both places with their stacks, and the section.
TEST(ReportDetails, HasEveryFactOnALineOfItsOwn) {
  void* const inside = reinterpret_cast<void*>(&std::puts);
  void* const frames[] = {inside, nullptr};
  const auto where = std::source_location::current();
  const pmb::Report report = {.id = ErrorId::never_retired,
                              .label = "vertices",
                              .buffer = 7,
                              .begin_bytes = 64,
                              .end_bytes = 128,
                              .acquired_at = where,
                              .noticed_at = where,
                              .numbers = {300},
                              .acquired_stack = frames,
                              .noticed_stack = std::span(frames).first(1)};
  std::vector<std::string> lines;
  std::istringstream text(report.details());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 8U) << report.details();
  EXPECT_EQ(lines[0], "pmb: error PMB-89 never_retired");
  EXPECT_EQ(lines[1].find("  a slice was published 300 marks ago"), 0U) << lines[1];
  EXPECT_EQ(lines[2], "  object   buffer 7 'vertices', bytes 64 to 128");
  const std::string place = std::string(where.file_name()) + ":" + std::to_string(where.line());
  EXPECT_EQ(lines[3].find("  acquired " + place + " in "), 0U) << lines[3];
  EXPECT_EQ(lines[4].find("    #0 "), 0U) << lines[4];
  EXPECT_EQ(lines[5].find("    #1 "), 0U) << lines[5];
  EXPECT_EQ(lines[6].find("  noticed  " + place + " in "), 0U) << lines[6];

  pmb::Report advice = {.id = ErrorId::buffer_moved};
  EXPECT_EQ(advice.details().find("pmb: advice PMB-131 buffer_moved\n"), 0U) << advice.details();
  EXPECT_EQ(advice.details().find("acquired"), std::string::npos) << "an unknown place has no line";
  advice.id = ErrorId::written_after_publish;
  EXPECT_NE(advice.details().find("OpenGL 4.6 core, section 6.3\n"), std::string::npos);
}

TEST(ReportDetails, ADefaultSinkWritesThemToStandardError) {
  const pmb::Report report = {.id = ErrorId::stale_slice, .label = "vertices", .buffer = 7};
  testing::internal::CaptureStderr();
  pmb::print_report(report);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), report.details());
}

TEST_P(Validation, ReportsCarryTheStacksOfBothPlaces) {
  std::size_t acquired = 0;
  std::size_t noticed = 0;
  pmb::Options options = options_of(GetParam().edit, GetParam().model);
  options.validation = [&](const pmb::Report& report) {
    acquired = report.acquired_stack.size();
    noticed = report.noticed_stack.size();
  };
  start(config_of(GetParam().edit), std::move(options));
  {
    auto ring = ring_of(4096);
    take(ring.acquire(64));
  }
  EXPECT_GT(acquired, 2U);
  EXPECT_GT(noticed, 2U);
}

// Results do not depend on whether a sink is set.
TEST_P(Validation, ChangesNoResult) {
  for (const bool listening : {true, false}) {
    const pmb::Options options = options_of(GetParam().edit, GetParam().model);
    start(config_of(GetParam().edit), listening ? validating(options) : options);
    auto ring = ring_of(512);
    const Slice slice = take(ring.acquire(256));
    const Slice other = take(ring.acquire(256));
    EXPECT_EQ(other.offset_bytes(), 256U);
    EXPECT_EQ(id_of(ring.acquire(1)), ErrorId::ring_full_unpublished);
    take(ring.publish(slice, 10));
    EXPECT_EQ(id_of(ring.publish(other, 257)), ErrorId::published_too_much);
    take(ring.cancel(other));
    EXPECT_EQ(take(ring.acquire(64, 1)).offset_bytes(), 256U);
    EXPECT_EQ(id_of(ring.cancel(other)), ErrorId::stale_slice);
    take(ring.retire(mark()));
    EXPECT_EQ(ring.stats().live_slices, 1U);
  }
}

}  // namespace
