// SPDX-License-Identifier: MIT
// upload() and download(), compared byte for byte with glBufferSubData and glGetBufferSubData.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"
#include "gl_spy.hpp"
#include "support/timeline_facts.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;

class Transfer : public EveryVariant {
 protected:
  void sub_data(GLuint buffer, std::uint64_t offset, std::span<const std::byte> bytes) {
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl_.BufferSubData(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset),
                      static_cast<GLsizeiptr>(bytes.size()), bytes.data());
  }

  // Storage that glBufferSubData may not write.
  void expect_immutable_buffer_is_fine() {
    GLuint buffer = 0;
    gl_.GenBuffers(1, &buffer);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, 4096, nullptr, 0);
    const Bytes bytes = pattern(4000, 3);
    ASSERT_TRUE(pmb::upload(context(), buffer, 33, bytes));
    Bytes found(4000);
    ASSERT_TRUE(pmb::download(context(), buffer, 33, found));
    EXPECT_EQ(first_difference(found, bytes), -1);
  }

  // Both methods of uploading, into two buffers with equal bytes, and both methods of reading each.
  void expect_same_as_gl(std::uint64_t buffer_size, std::uint64_t offset, std::uint64_t size) {
    SCOPED_TRACE(std::to_string(size) + " bytes at " + std::to_string(offset) + " of " +
                 std::to_string(buffer_size));
    const Bytes initial = pattern(buffer_size, 1);
    const GLuint theirs = plain_buffer(buffer_size, initial.data());
    const GLuint ours = plain_buffer(buffer_size, initial.data());
    const Bytes bytes = pattern(size, static_cast<std::uint32_t>(offset + 2 * size));
    sub_data(theirs, offset, bytes);
    const auto uploaded = pmb::upload(context(), ours, offset, bytes);
    ASSERT_TRUE(uploaded) << uploaded.error().message();
    const Bytes wanted = contents(theirs, 0, buffer_size);
    EXPECT_EQ(first_difference(contents(ours, 0, buffer_size), wanted), -1);

    // Guards on both sides of the target detect stray writes.
    Bytes target(size + 2, std::byte{0x77});
    const auto downloaded = pmb::download(context(), ours, offset, std::span(target).subspan(1, size));
    ASSERT_TRUE(downloaded) << downloaded.error().message();
    EXPECT_EQ(first_difference(std::span(target).subspan(1, size), bytes), -1);
    EXPECT_EQ(target.front(), std::byte{0x77});
    EXPECT_EQ(target.back(), std::byte{0x77});
    gl_.DeleteBuffers(1, &theirs);
    gl_.DeleteBuffers(1, &ours);
    expect_no_gl_error();
  }
};

TEST_P(Transfer, EverySizeAndOffsetMatchesGl) {
  struct Case {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t behind;  // bytes of the buffer behind the range
  };
  constexpr Case kCases[] = {
      {0, 1, 0},
      {1, 1, 1},
      {3, 2, 5},
      {7, 63, 1},
      {63, 65, 63},
      {61, 4095, 3},
      {4097, 4097, 1},
      {1, 65537, 13},
      {12345, kMiB - 1, 7},
      {1, 2 * kMiB - 1, 1},
      {0, 2 * kMiB, 0},
      {5, 2 * kMiB + 1, 5},
      {11, 8 * kMiB + 3, 17},
      {4099, 20 * kMiB, 4099},
  };
  for (const Case& c : kCases) expect_same_as_gl(c.offset + c.size + c.behind, c.offset, c.size);
}

TEST_P(Transfer, ManySmallTransfersInARowKeepTheirOrder) {
  constexpr std::uint64_t kSize = 10000;
  const GLuint buffer = plain_buffer(kSize);
  Bytes expected(kSize);
  ASSERT_TRUE(pmb::upload(context(), buffer, 0, expected));
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::uint64_t offset = i * 2654435761u % kSize;
    const Bytes bytes = pattern(1 + i % std::min<std::uint64_t>(300, kSize - offset), i);
    ASSERT_TRUE(pmb::upload(context(), buffer, offset, bytes));
    std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<std::ptrdiff_t>(offset));
    if (i % 400 == 0) {
      Bytes found(kSize);
      ASSERT_TRUE(pmb::download(context(), buffer, 0, found));
      ASSERT_EQ(first_difference(found, expected), -1) << "after " << i;
    }
  }
  EXPECT_EQ(first_difference(contents(buffer, 0, kSize), expected), -1);
}

TEST_P(Transfer, ImmutableBuffersAreFineEvenWithoutDynamicStorage) {
  PMB_NEEDS_BUFFER_STORAGE();
  expect_immutable_buffer_is_fine();
}

// The source is reusable on return, and draws issued before the upload see the old bytes.
TEST_P(Transfer, DrawsIssuedBeforeSeeTheOldBytesAndLaterOnesTheNew) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kRows = 16;
  const SlowRows rows(gl_, kRows, 1500);
  std::vector<std::uint32_t> words(SlowRows::kWords, 1000);
  const GLuint buffer = plain_buffer(SlowRows::kBytes, words.data());
  for (std::uint32_t row = 0; row < kRows; ++row) {
    rows.draw(buffer, 0, static_cast<int>(row));
    std::fill(words.begin(), words.end(), 1001 + row);
    ASSERT_TRUE(pmb::upload(context(), buffer, 0, std::as_bytes(std::span(words))));
    std::fill(words.begin(), words.end(), 77);
  }
  const auto pixels = rows.pixels();
  for (std::uint32_t row = 0; row < kRows; ++row) {
    EXPECT_EQ(pixels[row * SlowRows::kWidth], 1000 + row);
    EXPECT_EQ(pixels[row * SlowRows::kWidth + SlowRows::kWidth - 1], 1000 + row);
  }
}

// A download is ordered after earlier shader stores, without a barrier by the caller.
TEST_P(Transfer, DownloadsSeeFragmentShaderWrites) {
  PMB_NEEDS_LATE_SHADERS();
  const SlowCounter counter(gl_, 1500);
  std::vector<std::uint32_t> counts(32);
  const GLuint buffer = plain_buffer(counts.size() * 4, counts.data());
  for (std::uint32_t round = 1; round <= 5; ++round) {
    counter.draw(buffer, 0, 32);
    ASSERT_TRUE(pmb::download(context(), buffer, 0, std::as_writable_bytes(std::span(counts))));
    EXPECT_EQ(counts, std::vector<std::uint32_t>(32, round * SlowCounter::kFragments / 32));
  }
}

TEST_P(Transfer, InvalidTransfersAreRefusedAndChangeNothing) {
  const Bytes initial = pattern(1000, 1);
  const GLuint buffer = plain_buffer(1000, initial.data());
  const Bytes bytes = pattern(10, 2);
  Bytes target(10, std::byte{0x33});
  const auto expect_both = [&](GLuint name, std::uint64_t offset, ErrorId id) {
    const auto uploaded = pmb::upload(context(), name, offset, bytes);
    ASSERT_FALSE(uploaded) << offset;
    EXPECT_EQ(uploaded.error().id, id);
    const auto downloaded = pmb::download(context(), name, offset, target);
    ASSERT_FALSE(downloaded) << offset;
    EXPECT_EQ(downloaded.error().id, id);
  };
  for (const std::uint64_t offset : {std::uint64_t{991}, std::uint64_t{1000}, UINT64_MAX, UINT64_MAX - 9})
    expect_both(buffer, offset, ErrorId::range_outside);
  expect_both(0, 0, ErrorId::not_a_buffer);
  expect_both(987654, 0, ErrorId::not_a_buffer);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, 16, GL_MAP_WRITE_BIT);
  expect_both(buffer, 500, ErrorId::source_is_mapped);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl_.UnmapBuffer(GL_COPY_WRITE_BUFFER);
  EXPECT_EQ(first_difference(contents(buffer, 0, 1000), initial), -1);
  EXPECT_EQ(target, Bytes(10, std::byte{0x33}));
  expect_no_gl_error();
}

// A persistently mapped buffer may be copied to and from while it is mapped.
TEST_P(Transfer, PersistentlyMappedBuffersAreFine) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto mapped =
      pmb::MappedBuffer::create(context(), {.size_bytes = 5000, .access = pmb::Access::bidirectional});
  ASSERT_TRUE(mapped);
  const Bytes bytes = pattern(5000, 9);
  ASSERT_TRUE(pmb::upload(context(), mapped->buffer(), 0, bytes));
  const pmb::Ticket ticket = mark();
  wait(ticket);
  Bytes found(5000);
  ASSERT_TRUE(mapped->read(0, found, ticket));
  EXPECT_EQ(first_difference(found, bytes), -1);
}

PMB_EVERY_VARIANT(Transfer);

// The plan of this driver, and large copies on threads of a callback.
class PlannedTransfer : public Transfer {
 protected:
  TestOptions test_options() const override {
    TestOptions wanted = Transfer::test_options();
    wanted.options.transfer.reset();
    return wanted;
  }
};

TEST_P(PlannedTransfer, EverySizeMatchesGl) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4097}, kMiB + 1, 9 * kMiB + 77})
    expect_same_as_gl(size + 70, 33, size);
}

TEST_P(PlannedTransfer, ImmutableBuffersWithoutDynamicStorageTakeTheRing) {
  PMB_NEEDS_BUFFER_STORAGE();
  expect_immutable_buffer_is_fine();
  expect_no_gl_error();
}

PMB_EVERY_VARIANT(PlannedTransfer);

class ThreadedTransfer : public Transfer {
 protected:
  TestOptions test_options() const override {
    TestOptions wanted = Transfer::test_options();
    const auto transfer_plan = std::make_shared<pmb::TransferPlan>(*wanted.options.transfer);
    wanted.options.transfer = transfer_plan;
    for (pmb::TransferDirection* direction : {&transfer_plan->up, &transfer_plan->down})
      direction->steps = {{.chunk_bytes = kMiB / 4, .threads = 3}};
    wanted.options.copy_threads = 3;
    wanted.options.parallel_for = [](std::size_t count, const auto& body) {
      std::vector<std::jthread> helpers;
      for (std::size_t i = 1; i < count; ++i) helpers.emplace_back(body, i);
      body(0);
    };
    return wanted;
  }
};

TEST_P(ThreadedTransfer, LargeTransfersMatchGl) {
  for (const std::uint64_t size : {kMiB / 4 + 1, 3 * kMiB + 5, 20 * kMiB + 77})
    expect_same_as_gl(size + 70, 33, size);
}

PMB_EVERY_VARIANT(ThreadedTransfer);

// Memory use stays that of the rings for any number of transfers, and fences stay few.
TEST_F(GlTest, TransfersRetainOnlyTheirRings) {
  const GLuint buffer = plain_buffer(3 * kMiB);
  const Bytes bytes = pattern(3 * kMiB, 5);
  Bytes found(3 * kMiB);
  std::uint64_t mapped = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pmb::upload(context(), buffer, 0, bytes));
    ASSERT_TRUE(pmb::download(context(), buffer, 0, found));
    ASSERT_EQ(first_difference(found, bytes), -1);
    if (i == 0) mapped = context().mapped_bytes();
    EXPECT_EQ(context().mapped_bytes(), mapped);
    EXPECT_LE(pmb::test::live_fences(context()), pmb::Timeline::kMaxFences);
  }
}

// NVIDIA's glBufferSubData overtakes them (docs/drivers.md); pmb's uploads do not, on any path.
TEST_F(GlTest, UploadsOverwriteEarlierGpuCopies) {
  for (const std::uint64_t size : {kMiB / 1024, kMiB / 256, kMiB / 16, kMiB / 8, kMiB / 4, kMiB, 4 * kMiB}) {
    const GLuint buffer = plain_buffer(size);
    for (std::uint32_t turn = 0; turn < 3; ++turn) {
      put(buffer, 0, pattern(size, 50 + turn));
      const Bytes bytes = pattern(size, 60 + turn);
      ASSERT_TRUE(pmb::upload(context(), buffer, 0, bytes));
      EXPECT_EQ(first_difference(contents(buffer, 0, size), bytes), -1) << size << " bytes, turn " << turn;
    }
    gl_.DeleteBuffers(1, &buffer);
  }
}

// Updates by the raw GL call, as the program's promise allows, are ordered with each other and with their readers.
TEST_F(GlTest, UpdatesOfBuffersThatAreOnlyUpdatedStayInOrder) {
  for (const std::uint64_t size : {std::uint64_t{256}, kMiB / 1024, kMiB / 64, kMiB / 16}) {
    const GLuint buffer = plain_buffer(size);
    const auto known = pmb::BufferTarget::query(context(), buffer, pmb::BufferUse::upload_only);
    ASSERT_TRUE(known);
    for (std::uint32_t turn = 0; turn < 16; ++turn) {
      ASSERT_TRUE(pmb::upload(context(), *known, 0, pattern(size, 70 + turn)));
      Bytes bytes = pattern(size, 90 + turn);
      ASSERT_TRUE(pmb::upload(context(), *known, 0, bytes));
      const Bytes half = pattern(size / 2, turn);
      ASSERT_TRUE(pmb::upload(context(), *known, size / 4, half));
      std::copy(half.begin(), half.end(), bytes.begin() + static_cast<std::ptrdiff_t>(size / 4));
      EXPECT_EQ(first_difference(contents(buffer, 0, size), bytes), -1) << size << " bytes, turn " << turn;
    }
    gl_.DeleteBuffers(1, &buffer);
  }
}

// Dispatches see the update before them and no other, whatever the buffer's usage.
TEST_F(GlTest, DispatchesSeeTheUpdateBeforeThemAndNoOther) {
  PMB_NEEDS_COMPUTE();
  constexpr std::uint32_t kTurns = 200;
  const GLuint program = make_compute_program(gl_, R"(
    layout(local_size_x = 1) in;
    layout(std430, binding = 0) readonly buffer Source { uint words[]; };
    layout(std430, binding = 1) writeonly buffer Target { uint seen[]; };
    uniform uint turn;
    void main() { seen[turn] = words[7]; }
  )");
  gl_.UseProgram(program);
  for (const GLenum usage : {GLenum{GL_STREAM_DRAW}, GLenum{GL_STATIC_DRAW}, GLenum{GL_DYNAMIC_DRAW}}) {
    const GLuint seen = plain_buffer(kTurns * 4);
    GLuint buffer = 0;
    gl_.GenBuffers(1, &buffer);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, 4096, nullptr, usage);
    const auto known =
        pmb::BufferTarget::query(context(), buffer, pmb::BufferUse::upload_only_no_shader_writes);
    ASSERT_TRUE(known);
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer);
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, seen);
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      const std::vector<std::uint32_t> words(1024, turn + 1000);
      ASSERT_TRUE(pmb::upload(context(), *known, 0, std::as_bytes(std::span(words))));
      gl_.Uniform1ui(gl_.GetUniformLocation(program, "turn"), turn);
      gl_.DispatchCompute(1, 1, 1);
    }
    gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    const Bytes bytes = contents(seen, 0, kTurns * 4);
    int wrong = 0;
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      std::uint32_t word = 0;
      std::memcpy(&word, bytes.data() + 4 * turn, 4);
      wrong += word == turn + 1000 ? 0 : 1;
    }
    EXPECT_EQ(wrong, 0) << "usage " << usage;
    gl_.DeleteBuffers(1, &buffer);
    gl_.DeleteBuffers(1, &seen);
  }
  gl_.DeleteProgram(program);
}

// Small buffers that GL never updates may be read by the raw GL call.
TEST_F(GlTest, ReadsOfNeverUpdatedBuffersSeeEveryEarlierCopy) {
  for (const std::uint64_t size : {std::uint64_t{256}, kMiB / 1024, kMiB / 64}) {
    const GLuint buffer = plain_buffer(size);
    const auto known = pmb::BufferTarget::query(context(), buffer, pmb::BufferUse::download_only);
    ASSERT_TRUE(known);
    Bytes found(size);
    for (std::uint32_t turn = 0; turn < 16; ++turn) {
      const Bytes bytes = pattern(size, 110 + turn);
      put(buffer, 0, bytes);
      ASSERT_TRUE(pmb::download(context(), *known, 0, found));
      EXPECT_EQ(first_difference(found, bytes), -1) << size << " bytes, turn " << turn;
      const Bytes next = pattern(size, 130 + turn);
      ASSERT_TRUE(pmb::upload(context(), *known, 0, next));
      ASSERT_TRUE(pmb::download(context(), *known, 0, found));
      EXPECT_EQ(first_difference(found, next), -1) << size << " bytes, turn " << turn;
    }
    gl_.DeleteBuffers(1, &buffer);
  }
}

}  // namespace
}  // namespace gl_test
