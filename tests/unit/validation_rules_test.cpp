// SPDX-License-Identifier: MIT
// Rules of validation about bytes beside a slice, views, waits, capacities, threads, and mappings that other code ends.
#include <thread>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Slice;
using pmb::UploadRing;

constexpr std::uint64_t kGuarded = 64 << 10;  // the least capacity of a ring with guards

class ValidationRules : public PmbPathTest {
 protected:
  void SetUp() override {
    start(config_of(GetParam().edit), validating(options_of(GetParam().edit, GetParam().model)));
  }
  void start_with(std::chrono::nanoseconds long_wait) {
    pmb::Options options = options_of(GetParam().edit, GetParam().model);
    options.long_wait = long_wait;
    start(config_of(GetParam().edit), validating(std::move(options)));
  }
  UploadRing ring_of(std::uint64_t capacity) {
    return take(UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "vertices"}));
  }
  void expect_only(ErrorId id) const {
    for (const Seen& seen : reports_) EXPECT_EQ(seen.id, id) << seen.message;
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, ValidationRules, every_path(), path_name);

class ValidationOfWaits : public ValidationRules {};
INSTANTIATE_TEST_SUITE_P(Paths, ValidationOfWaits, every_waiting_path(), path_name);

TEST_P(ValidationRules, ASliceThatIsNeverPublishedIsReportedAfterManyMarks) {
  auto ring = ring_of(4096);
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(64));
  for (int frame = 0; frame < 255; ++frame) mark();
  EXPECT_TRUE(reports_.empty());
  for (int frame = 0; frame < 10; ++frame) mark();
  ASSERT_EQ(reports_of(ErrorId::never_published), 1U) << "once";
  EXPECT_EQ(reports_[0].begin, slice.offset_bytes());
  EXPECT_EQ(reports_[0].end, slice.offset_bytes() + 64);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  take(ring.cancel(slice));
  auto readbacks = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 512}));
  const auto held = take(readbacks.acquire(64));
  for (int frame = 0; frame < 300; ++frame) mark();
  take(held.release());
  expect_only(ErrorId::never_published);
}

// A whole number of cache lines leaves no gap before the next slice, but for the guard.
TEST_P(ValidationRules, AByteWrittenPastTheEndIsReportedAndTheNeighbourKeepsItsBytes) {
  auto ring = ring_of(kGuarded);
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(64));
  const Slice neighbour = take(ring.acquire(64));
  const std::uint64_t end = slice.offset_bytes() + 64;
  EXPECT_TRUE(neighbour.copy_from(pattern(64, 2)));
  EXPECT_TRUE(slice.copy_from(pattern(64, 1)));
  slice.raw_bytes().data()[64] ^= std::byte{1};
  take(ring.publish(neighbour, 64));
  EXPECT_TRUE(reports_.empty());
  const auto there = std::source_location::current();
  take(ring.publish(slice, 64));
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::overrun);
  EXPECT_EQ(reports_[0].label, "vertices");
  EXPECT_EQ(reports_[0].begin, end);
  EXPECT_EQ(reports_[0].end, end + 1);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[0].noticed_at.line(), there.line() + 1);
  const auto read = draw(neighbour);
  take(ring.retire(mark()));
  gl_.Finish();
  EXPECT_EQ(read->bytes(), pattern(64, 2));
  EXPECT_EQ(reports_.size(), 1U) << "once";
}

TEST_P(ValidationRules, AnOverrunIsReportedAtTheMarkTheCancelAndTheReclaim) {
  auto ring = ring_of(4096);
  const auto overrun = [](const Slice& slice) { slice.raw_bytes().data()[103] ^= std::byte{1}; };
  const Slice open = take(ring.acquire(100));
  overrun(open);
  mark();
  EXPECT_EQ(reports_of(ErrorId::overrun), 1U);
  take(ring.cancel(open));

  const Slice cancelled = take(ring.acquire(100));
  overrun(cancelled);
  take(ring.cancel(cancelled));
  ASSERT_EQ(reports_of(ErrorId::overrun), 2U);
  EXPECT_EQ(reports_[1].end - reports_[1].begin, 1U);

  const Slice published = put(ring, pattern(100, 1));
  std::byte* const first = ring.mapped_buffer().raw_bytes().data() + published.offset_bytes();
  take(ring.retire(published, mark()));
  first[101] ^= std::byte{1};
  take(mark().wait(1s));
  take(ring.acquire(64));
  EXPECT_EQ(reports_of(ErrorId::overrun), 3U);
  expect_only(ErrorId::overrun);
}

// The tail that a publish gives back belongs to the next slice.
TEST_P(ValidationRules, BytesOfTheNextSliceAreNoOverrun) {
  auto ring = ring_of(kGuarded);
  const Slice shortened = take(ring.acquire(256));
  EXPECT_TRUE(shortened.fill(std::byte{1}));
  take(ring.publish(shortened, 10));
  const Slice next = take(ring.acquire(1024, 1));
  EXPECT_LT(next.offset_bytes(), shortened.offset_bytes() + 256);
  EXPECT_TRUE(next.fill(std::byte{2}));
  take(ring.publish(next, 1024));
  take(ring.retire(mark()));
  mark();
  EXPECT_TRUE(reports_.empty()) << reports_[0].message;
}

// Guards take nothing of the capacity.
TEST_P(ValidationRules, AGuardedRingTakesAsMuchAsOneWithoutValidation) {
  auto ring = ring_of(kGuarded);
  EXPECT_EQ(ring.stats().capacity_bytes, kGuarded);
  EXPECT_EQ(ring.stats().held_bytes, kGuarded);
  EXPECT_EQ(id_of(ring.acquire(kGuarded + 1)), ErrorId::exceeds_ring);
  take(ring.cancel(take(ring.acquire(kGuarded, 1))));
  std::vector<Slice> slices;
  for (std::uint64_t i = 0; i < kGuarded / 64; ++i) slices.push_back(take(ring.acquire(64, 1)));
  for (const Slice& slice : slices) take(ring.cancel(slice));
  for (int lap = 0; lap < 40; ++lap) {
    put(ring, pattern(kGuarded / 3, 1), 1);
    take(ring.retire(mark()));
  }
  EXPECT_TRUE(reports_.empty()) << reports_[0].message;
}

TEST_P(ValidationRules, BytesWrittenIntoAViewAreReported) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 1024, .label = "results"}));
  const auto where = std::source_location::current();
  const auto pending = take(ring.acquire(100));
  write_into(pending, pattern(100, 1));
  mark();
  const auto bytes = take(pending.wait(1s)).bytes();
  const_cast<std::byte&>(bytes[7]) ^= std::byte{1};
  const_cast<std::byte&>(bytes[9]) ^= std::byte{1};
  const std::uint64_t offset = pending.offset_bytes();
  take(pending.release());
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::view_written);
  EXPECT_EQ(reports_[0].begin, offset + 7);
  EXPECT_EQ(reports_[0].end, offset + 10);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
}

TEST_P(ValidationRules, ABufferThatOtherCodeEndsIsReportedAndInert) {
  auto ring = ring_of(4096);
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2, .label = "blocks"}));
  const auto block = take(pool.acquire());
  const Slice slice = put(ring, pattern(64, 1));
  const GLuint names[] = {slice.buffer(), block.buffer()};
  if (is_private()) {
    gl_.DeleteBuffers(2, names);
  } else {
    for (const GLuint name : names) {
      gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
      gl_.UnmapBuffer(GL_COPY_WRITE_BUFFER);
    }
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
    own_buffers_.assign(std::begin(names), std::end(names));
  }
  const auto where = std::source_location::current();
  take(timeline().mark());
  ASSERT_EQ(reports_of(ErrorId::unmapped_by_others), 2U);
  for (const Seen& seen : reports_) {
    EXPECT_EQ(seen.noticed_at.line(), where.line() + 1);
    EXPECT_TRUE(seen.label == "vertices" || seen.label == "blocks") << seen.label;
  }
  reports_.clear();
  EXPECT_EQ(id_of(ring.acquire(64)), ErrorId::stale_slice);
  EXPECT_FALSE(slice.is_live());
  EXPECT_EQ(id_of(pool.publish(block, 64)), ErrorId::stale_slice);
  EXPECT_FALSE(ring.mapped_buffer().is_mapped());
  mark();
  EXPECT_EQ(reports_of(ErrorId::unmapped_by_others), 0U) << "once";
}

constexpr const char* kMoved =
    "Buffer performance warning: Buffer object {} (bound to GL_PIXEL_PACK_BUFFER, usage hint is "
    "GL_STREAM_READ) is being "
    "copied/moved from VIDEO memory to HOST memory.";

std::string moved(GLuint buffer) {
  std::string text = kMoved;
  return text.replace(text.find("{}"), 2, std::to_string(buffer));
}

class DriverMessages : public PmbTest {
 protected:
  /// A context that starts to validate where debug output is enabled.
  void start_listening() {
    start();
    gl_.Enable(GL_DEBUG_OUTPUT);
    context_.emplace(take(open(validating())));
  }
};

TEST_F(DriverMessages, ABufferThatTheDriverMovedIsReportedOnceByName) {
  start_listening();
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 4096, .label = "vertices"}));
  const GLuint buffer = ring.mapped_buffer().buffer();
  const GLuint own = plain_buffer(64);
  fake_->say(moved(buffer));
  fake_->say(moved(buffer));
  fake_->say(moved(own));
  fake_->say(
      "Buffer detailed info: Buffer object 999 will use VIDEO memory as the source for buffer object "
      "operations.");
  EXPECT_TRUE(reports_.empty()) << "a driver may speak on any thread";
  const auto where = std::source_location::current();
  take(timeline().mark());
  ASSERT_EQ(reports_.size(), 2U);
  EXPECT_EQ(reports_[0].id, ErrorId::buffer_moved);
  EXPECT_EQ(reports_[0].label, "vertices");
  EXPECT_EQ(reports_[0].end, 4096U);
  EXPECT_EQ(reports_[0].noticed_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[1].buffer, own) << "a buffer of the program";
  fake_->say(moved(buffer));
  mark();
  EXPECT_EQ(reports_.size(), 2U);
}

TEST_F(DriverMessages, TheCallbackOfTheProgramStaysAndOursGoesWithTheContext) {
  const auto callback = [&] {
    void* function = nullptr;
    gl_.GetPointerv(GL_DEBUG_CALLBACK_FUNCTION, &function);
    return function;
  };
  start_listening();
  EXPECT_NE(callback(), nullptr);
  context_.reset();
  EXPECT_EQ(callback(), nullptr);

  start();
  context_.emplace(take(open(validating())));
  EXPECT_EQ(callback(), nullptr) << "debug output is disabled";
  gl_.Enable(GL_DEBUG_OUTPUT);
  context_.emplace(take(open()));
  EXPECT_EQ(callback(), nullptr) << "no validation";
  const auto theirs = [](GLenum, GLenum, GLuint, GLenum, GLsizei, const GLchar*, const void*) {};
  const GLDEBUGPROC program = theirs;
  gl_.DebugMessageCallback(program, nullptr);
  context_.emplace(take(open(validating())));
  context_.reset();
  EXPECT_EQ(callback(), reinterpret_cast<void*>(program));
}

TEST_P(ValidationOfWaits, ALongWaitIsReportedOnceAPlace) {
  start_with(0ns);
  auto ring = ring_of(512);
  std::source_location where;
  for (int frame = 0; frame < 5; ++frame) {
    where = std::source_location::current();
    const Slice slice = take(ring.acquire(512, 1));
    take(ring.publish(slice, 512));
    take(ring.retire(slice, mark()));
  }
  ASSERT_EQ(reports_of(ErrorId::long_wait), 1U);
  EXPECT_EQ(reports_[0].noticed_at.line(), where.line() + 1);
  EXPECT_EQ(reports_[0].label, "vertices");
  const auto other = std::source_location::current();
  take(ring.acquire(512, 1));
  ASSERT_EQ(reports_of(ErrorId::long_wait), 2U);
  EXPECT_EQ(reports_[1].noticed_at.line(), other.line() + 1);
}

TEST_P(ValidationOfWaits, AShortWaitIsNoMisuse) {
  start_with(1h);
  auto ring = ring_of(512);
  for (int frame = 0; frame < 5; ++frame) put_and_retire(ring, pattern(512, 1), 1);
  EXPECT_GT(ring.stats().waits, 0U);
  EXPECT_TRUE(reports_.empty());
}

TEST_P(ValidationOfWaits, ARingThatIsTooSmallIsReportedAtItsEndWithTheSizeToUse) {
  {
    auto ring = ring_of(4096);
    for (int frame = 0; frame < 300; ++frame) put_and_retire(ring, pattern(4096, 1), 1);
    EXPECT_EQ(reports_of(ErrorId::ring_too_small), 0U);
  }
  ASSERT_EQ(reports_of(ErrorId::ring_too_small), 1U);
  EXPECT_NE(reports_[0].message.find("capacity_bytes = 65536"), std::string::npos) << reports_[0].message;
  expect_only(ErrorId::ring_too_small);
}

TEST_P(ValidationOfWaits, ARingThatWaitsRarelyIsNotTooSmall) {
  {
    auto ring = ring_of(4096);
    for (int frame = 0; frame < 20; ++frame) put_and_retire(ring, pattern(4096, 1), 1);
    EXPECT_GT(ring.stats().waits, 10U);
    for (int frame = 0; frame < 300; ++frame) {
      put_and_retire(ring, pattern(64, 1));
      take(mark().wait(1s));
    }
  }
  EXPECT_TRUE(reports_.empty()) << reports_[0].message;
}

TEST_P(ValidationRules, ARingThatIsTooLargeIsReportedAtItsEndWithTheSizeToUse) {
  for (const std::uint64_t capacity : {8U << 20U, 256U << 10U}) {
    auto ring = ring_of(capacity);
    for (int frame = 0; frame < 300; ++frame) {
      put_and_retire(ring, pattern(1024, 1));
      take(mark().wait(1s));
    }
  }
  ASSERT_EQ(reports_of(ErrorId::ring_too_large), 1U) << "not of the second, which is a few times too large";
  EXPECT_EQ(reports_[0].end, 8U << 20U);
  EXPECT_NE(reports_[0].message.find("capacity_bytes = 65536"), std::string::npos) << reports_[0].message;
  expect_only(ErrorId::ring_too_large);
}

TEST_P(ValidationRules, RingsOfTransfersAreNotTheProgramsToSize) {
  const GLuint buffer = plain_buffer(64);
  for (int i = 0; i < 600; ++i) {
    take(pmb::upload(*context_, buffer, 0, pattern(64, 1)));
    Bytes back(64);
    take(pmb::download(*context_, buffer, 0, back));
  }
  context_.reset();
  EXPECT_TRUE(reports_.empty()) << reports_[0].message;
}

TEST_P(ValidationRules, PiecesOfTwoThreadsInOneCacheLineAreReported) {
  auto ring = ring_of(8192);
  const auto take_from_two = [&](std::uint64_t size, std::uint64_t alignment) {
    const pmb::Arena arena = take(ring.lend(2048));
    EXPECT_TRUE(arena.take(size, alignment));
    std::thread([&] { EXPECT_TRUE(arena.take(size, alignment)); }).join();
    take(ring.publish(arena));
  };
  take_from_two(64, 64);
  take_from_two(16, 64);
  take_from_two(64, 4);
  EXPECT_TRUE(reports_.empty()) << "whole lines";
  {
    const pmb::Arena arena = take(ring.lend(2048));
    EXPECT_TRUE(arena.take(16, 4));
    EXPECT_TRUE(arena.take(16, 4));
    take(ring.publish(arena));
  }
  EXPECT_TRUE(reports_.empty()) << "one thread";
  take_from_two(16, 4);
  ASSERT_EQ(reports_of(ErrorId::false_sharing), 1U);
  EXPECT_EQ(reports_[0].label, "vertices");
  take(ring.retire(mark()));
}

}  // namespace
