// SPDX-License-Identifier: MIT
// Faults that show only if the GPU runs late: bytes reused too early, and results read too early. Fragment shaders that
// access a storage buffer run late on every driver, software renderers included.

#include <algorithm>
#include <cstring>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;

// Enough rounds that a draw takes far longer than the CPU needs between two draws.
constexpr std::uint32_t kSlow = 1500;
// Enough that it takes longer than a driver call, for results that are read at once.
constexpr std::uint32_t kVerySlow = 20000;

// The words of upload `number`; no two uploads have a word in common.
std::vector<std::uint32_t> words_of(std::uint32_t number) {
  std::vector<std::uint32_t> words(SlowRows::kWords);
  for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = number * 1000 + i;
  return words;
}

// How many of the first `rows` rows differ from upload `first_number + row`.
int wrong_rows(const std::vector<std::uint32_t>& pixels, int rows, std::uint32_t first_number) {
  int wrong = 0;
  for (int row = 0; row < rows; ++row) {
    const auto words = words_of(first_number + static_cast<std::uint32_t>(row));
    if (!std::equal(words.begin(), words.end(), pixels.begin() + row * SlowRows::kWidth)) ++wrong;
  }
  return wrong;
}

// Skips fixtures if no shader runs late.
template <class Fixture>
class Late : public Fixture {
 protected:
  void SetUp() override {
    Fixture::SetUp();
    if (this->context_ && !this->IsSkipped()) PMB_NEEDS_LATE_SHADERS();
  }
};

class LateReader : public Late<EveryVariant> {};

// The CPU refills at once. Only the wait of the ring for its fence keeps it away from bytes in use.
TEST_P(LateReader, RingNeverLendsBytesThatADrawStillReads) {
  constexpr int kFrames = 12;
  const SlowRows rows(gl_, kFrames, kSlow);
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 2 * SlowRows::kBytes, .label = "two"});
  ASSERT_TRUE(ring) << ring.error().message();

  for (std::uint32_t run = 0; run < 20; ++run) {
    for (int frame = 0; frame < kFrames; ++frame) {
      const auto words = words_of(run * kFrames + static_cast<std::uint32_t>(frame));
      const auto slice = ring->acquire(SlowRows::kBytes);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->copy_from(std::as_bytes(std::span(words))));
      ASSERT_TRUE(ring->publish(*slice, SlowRows::kBytes));
      rows.draw(slice->buffer(), slice->offset_bytes(), frame);
      ASSERT_TRUE(ring->retire(mark()));
    }
    ASSERT_EQ(wrong_rows(rows.pixels(), kFrames, run * kFrames), 0) << "in run " << run;
  }
  // With orphaning there is never a wait.
  const std::uint64_t waits = ring->stats().waits + ring->stats().would_blocks;
  EXPECT_EQ(waits == 0, configuration().path == pmb::Path::orphaned) << waits;
}

// Uploads that use the raw GL update, as the program's promise allows, never overtake earlier draws and copies that
// read the old bytes.
TEST_F(GlTest, ReadersBeforeAnUpdateSeeTheOldBytes) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kRows = 64;
  for (const GLenum usage : {GLenum{GL_STREAM_DRAW}, GLenum{GL_STATIC_DRAW}, GLenum{GL_DYNAMIC_DRAW}}) {
    const bool no_shader_writes = usage != GL_DYNAMIC_DRAW;
    const SlowRows rows(gl_, kRows, kSlow / 10);
    GLuint buffer = 0;
    gl_.GenBuffers(1, &buffer);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(SlowRows::kBytes), nullptr, usage);
    const GLuint copies = plain_buffer(kRows * SlowRows::kBytes);
    const auto known = pmb::BufferTarget::query(
        context(), buffer,
        no_shader_writes ? pmb::BufferUse::upload_only_no_shader_writes : pmb::BufferUse::upload_only);
    ASSERT_TRUE(known);
    for (std::uint32_t batch = 0; batch < 4; ++batch) {
      for (int i = 0; i < kRows; ++i) {
        const auto words = words_of(batch * kRows + static_cast<std::uint32_t>(i));
        ASSERT_TRUE(pmb::upload(context(), *known, 0, std::as_bytes(std::span(words))));
        rows.draw(buffer, 0, i);
        gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer);
        gl_.BindBuffer(GL_COPY_WRITE_BUFFER, copies);
        gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0,
                              static_cast<GLintptr>(static_cast<std::uint64_t>(i) * SlowRows::kBytes),
                              static_cast<GLsizeiptr>(SlowRows::kBytes));
      }
      EXPECT_EQ(wrong_rows(rows.pixels(), kRows, batch * kRows), 0)
          << (no_shader_writes ? "no barrier" : "with a barrier");
      const Bytes copied = contents(copies, 0, kRows * SlowRows::kBytes);
      std::vector<std::uint32_t> words(copied.size() / 4);
      std::memcpy(words.data(), copied.data(), copied.size());
      EXPECT_EQ(wrong_rows(words, kRows, batch * kRows), 0) << "of the copies";
    }
    gl_.DeleteBuffers(1, &buffer);
  }
}

// If the fence preceded the last draw, the second batch would overwrite the first.
TEST_P(LateReader, UploadingSixtyFourAndThenDrawingSixtyFourShowsNoWrongRow) {
  constexpr int kBatch = 64;
  const SlowRows rows(gl_, kBatch, kSlow / 10);
  // One batch and a half: a batch must wait for half of the one before.
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 96 * SlowRows::kBytes, .label = "batch"});
  ASSERT_TRUE(ring) << ring.error().message();

  int wrong = 0;
  for (std::uint32_t batch = 0; batch < 8; ++batch) {
    std::vector<pmb::Slice> slices;
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      const auto words = words_of(batch * kBatch + i);
      const auto slice = ring->acquire(SlowRows::kBytes);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->copy_from(std::as_bytes(std::span(words))));
      ASSERT_TRUE(ring->publish(*slice, SlowRows::kBytes));
      slices.push_back(*slice);
    }
    // The rows of the previous batch are read only after this batch was written.
    if (batch > 0) wrong += wrong_rows(rows.pixels(), kBatch, (batch - 1) * kBatch);
    for (int i = 0; i < kBatch; ++i) {
      const pmb::Slice& slice = slices[static_cast<std::size_t>(i)];
      rows.draw(slice.buffer(), slice.offset_bytes(), i);
    }
    ASSERT_TRUE(ring->retire(mark()));
  }
  EXPECT_EQ(wrong, 0);
}

PMB_EVERY_VARIANT(LateReader);

class LateShader : public Late<GlTest> {};

// The control of the two tests above: the same draws without a wait are wrong, so those tests can fail.
TEST_F(LateShader, OverwritingWithoutAFenceCorruptsRows) {
  PMB_NEEDS_BUFFER_STORAGE();
  constexpr int kFrames = 24;
  constexpr int kRounds = 20;
  const SlowRows rows(gl_, kFrames, kSlow);
  auto buffer = pmb::MappedBuffer::create(context(), {.size_bytes = 2 * 256, .model = pmb::Model::coherent});
  ASSERT_TRUE(buffer) << buffer.error().message();
  int wrong = 0;
  // A machine that stops this thread in the wrong moments may draw one round correctly.
  for (std::uint32_t round = 0; round < kRounds && wrong == 0; ++round) {
    for (int frame = 0; frame < kFrames; ++frame) {
      const auto words = words_of(round * kFrames + static_cast<std::uint32_t>(frame));
      const std::uint64_t offset = frame % 2 == 0 ? 0 : 256;
      ASSERT_TRUE(buffer->write(offset, std::as_bytes(std::span(words))));
      rows.draw(buffer->buffer(), offset, frame);
      gl_.Flush();
    }
    wrong = wrong_rows(rows.pixels(), kFrames, round * kFrames);
  }
  if (software()) {
    EXPECT_GT(wrong, 0);
  }
  RecordProperty("wrong_rows", wrong);
}

// A write through a kept span after the publish is reported.
TEST_F(LateShader, WritingAPublishedSliceThroughAKeptSpanIsReported) {
  const SlowRows rows(gl_, 2, kSlow);
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 4096, .label = "kept"});
  ASSERT_TRUE(ring);
  const auto first = ring->acquire(256);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->fill(std::byte{1}));
  ASSERT_TRUE(ring->publish(*first, 256));
  const auto slice = ring->acquire(256);
  const auto acquired_line = std::source_location::current().line() - 1;
  ASSERT_TRUE(slice);
  const std::span<std::byte> kept = slice->raw_bytes();
  const auto words = words_of(7);
  ASSERT_TRUE(slice->copy_from(std::as_bytes(std::span(words))));
  ASSERT_TRUE(ring->publish(*slice, 256));
  rows.draw(slice->buffer(), slice->offset_bytes(), 0);
  rows.draw(slice->buffer(), slice->offset_bytes(), 1);
  kept[16] ^= std::byte{0xFF};
  kept[47] ^= std::byte{0xFF};
  const auto ticket = timeline().mark();
  const auto noticed_line = std::source_location::current().line() - 1;
  ASSERT_TRUE(ticket);

  const auto reports = take_reports();
  ASSERT_EQ(reports.size(), 1u);
  const pmb::Report& report = reports[0].report;
  EXPECT_EQ(report.id, pmb::ErrorId::written_after_publish);
  EXPECT_EQ(reports[0].label, "kept");
  EXPECT_EQ(report.buffer, slice->buffer());
  EXPECT_EQ(report.begin_bytes, slice->offset_bytes() + 16);
  EXPECT_EQ(report.end_bytes, slice->offset_bytes() + 48);
  EXPECT_EQ(report.acquired_at.line(), acquired_line);
  EXPECT_EQ(report.noticed_at.line(), noticed_line);
  ASSERT_TRUE(ring->retire(*ticket));
  wait(*ticket);
}

// This includes a write after the mark while the GPU may still read.
TEST_F(LateShader, WritingARetiredSliceThroughAKeptSpanIsReported) {
  const SlowRows rows(gl_, 1, kSlow);
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 256, .label = "late"});
  ASSERT_TRUE(ring);
  const auto slice = ring->acquire(256);
  ASSERT_TRUE(slice);
  const std::span<std::byte> kept = slice->raw_bytes();
  ASSERT_TRUE(slice->fill(std::byte{1}));
  ASSERT_TRUE(ring->publish(*slice, 256));
  const std::uint64_t offset = slice->offset_bytes();
  rows.draw(slice->buffer(), offset, 0);
  ASSERT_TRUE(ring->retire(mark()));
  kept[200] = std::byte{2};
  ASSERT_TRUE(ring->acquire(256));
  const auto reports = take_reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].report.id, pmb::ErrorId::written_after_publish);
  EXPECT_EQ(reports[0].label, "late");
  EXPECT_EQ(reports[0].report.begin_bytes, offset + 200);
  EXPECT_EQ(reports[0].report.end_bytes, offset + 201);
  ring = pmb::UploadRing();
  expect_reports({pmb::ErrorId::destroyed_with_live_slices});
}

class LateWriter : public Late<EveryVariant> {};

// Counts of fragment shaders in mapped memory are refused before the ticket, and exact after it.
TEST_P(LateWriter, FragmentCountsAreRefusedBeforeTheTicketAndExactAfterIt) {
  const SlowCounter counter(gl_, kVerySlow);
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = 1 << 16, .label = "counts"});
  ASSERT_TRUE(ring) << ring.error().message();
  for (int run = 0; run < 5; ++run) {
    const auto pending = ring->acquire(sizeof(std::uint32_t));
    ASSERT_TRUE(pending) << pending.error().message();
    put(pending->buffer(), pending->offset_bytes(), Bytes(sizeof(std::uint32_t)));
    counter.draw(pending->buffer(), pending->offset_bytes());

    const auto unmarked = pending->try_view();
    ASSERT_FALSE(unmarked) << "bytes were handed over with no fence behind their writer";
    EXPECT_EQ(unmarked.error().id, ErrorId::never_marked);
    if (GetParam().validate) expect_reports({pmb::ErrorId::never_marked});

    mark();
    std::uint32_t count = 0;
    for (auto view = pending->try_view();; view = pending->wait(kPatience)) {
      if (view) {
        std::memcpy(&count, view->bytes().data(), sizeof count);
        break;
      }
      // A fast GPU may have finished already; otherwise the read is refused.
      ASSERT_EQ(view.error().id, ErrorId::not_passed_yet) << view.error().message();
    }
    EXPECT_EQ(count, SlowCounter::kFragments) << "in run " << run;
    ASSERT_TRUE(pending->release());
  }
}

TEST_P(LateWriter, MappedBufferReadsCountsOnlyAfterTheTicket) {
  PMB_NEEDS_BUFFER_STORAGE();
  const SlowCounter counter(gl_, kVerySlow);
  auto buffer = pmb::MappedBuffer::create(
      context(), {.size_bytes = 256, .access = pmb::Access::bidirectional, .label = "counter"});
  ASSERT_TRUE(buffer) << buffer.error().message();
  const std::vector<std::uint32_t> zeros(64);
  ASSERT_TRUE(buffer->write(0, std::as_bytes(std::span(zeros))));
  counter.draw(buffer->buffer(), 0, 64);
  const pmb::Ticket ticket = mark();

  std::vector<std::uint32_t> counts(64, 0xFFFFFFFFu);
  const auto target = std::as_writable_bytes(std::span(counts));
  const auto early = buffer->read(0, target, ticket);
  if (!early) {
    EXPECT_EQ(early.error().id, ErrorId::not_passed_yet);
    EXPECT_EQ(counts, std::vector<std::uint32_t>(64, 0xFFFFFFFFu)) << "a refused read copied bytes";
    wait(ticket);
    ASSERT_TRUE(buffer->read(0, target, ticket));
  }
  EXPECT_EQ(counts, std::vector<std::uint32_t>(64, SlowCounter::kFragments / 64));
}

PMB_EVERY_VARIANT(LateWriter);

// The control of the tests above: without a fence the counts are too small.
TEST_F(LateShader, CountsReadWithoutAFenceAreTooSmall) {
  PMB_NEEDS_BUFFER_STORAGE();
  const SlowCounter counter(gl_, kVerySlow);
  auto buffer = pmb::MappedBuffer::create(
      context(), {.size_bytes = 64, .access = pmb::Access::bidirectional, .model = pmb::Model::coherent});
  ASSERT_TRUE(buffer);
  std::uint32_t early = SlowCounter::kFragments;
  for (int round = 0; round < 20 && early == SlowCounter::kFragments; ++round) {
    const std::uint32_t zero = 0;
    ASSERT_TRUE(buffer->write(0, std::as_bytes(std::span(&zero, 1))));
    counter.draw(buffer->buffer(), 0);
    std::memcpy(&early, buffer->raw_bytes().data(), sizeof early);
    wait_for_gpu();
  }
  if (software()) {
    EXPECT_LT(early, SlowCounter::kFragments);
  }
}

}  // namespace
}  // namespace gl_test
