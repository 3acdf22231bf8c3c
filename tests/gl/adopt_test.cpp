// SPDX-License-Identifier: MIT
// Mappings made by the caller and used by pmb: offsets count from the mapping, and flushes cover exactly the written
// bytes.

#include <algorithm>
#include <string>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;

constexpr std::uint64_t kBufferBytes = 8192;
constexpr std::uint64_t kMapOffset = 1000;
constexpr std::uint64_t kMapBytes = 4000;

// The bytes of the mapping that pmb has flushed, according to its GL calls.
std::vector<bool> flushed_bytes() {
  std::vector<bool> bytes(kMapBytes);
  for (const SpiedCall& call : GlSpy::calls()) {
    if (call.name != "glFlushMappedBufferRange" && call.name != "glFlushMappedNamedBufferRange") continue;
    const std::int64_t begin = call.arguments[1];
    const std::int64_t end = begin + call.arguments[2];
    EXPECT_TRUE(begin >= 0 && begin < end && end <= static_cast<std::int64_t>(kMapBytes))
        << "flush of " << begin << " to " << end << ", relative to the mapping";
    for (std::int64_t i = begin; i < end; ++i) bytes[static_cast<std::size_t>(i)] = true;
  }
  return bytes;
}

class Adopt : public GlTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    GlTest::SetUp();
    if (context_ && !IsSkipped()) PMB_NEEDS_BUFFER_STORAGE();
  }
  TestOptions test_options() const override { return {.options = {.bind_to_edit = GetParam()}, .spy = true}; }

  // A buffer filled with 0xAA; a part of it is mapped with the flags.
  pmb::AdoptedMapping map_part(GLbitfield flags) {
    constexpr GLbitfield kOfMapping = GL_MAP_FLUSH_EXPLICIT_BIT;
    const std::vector<std::byte> initial(kBufferBytes, std::byte{0xAA});
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, kBufferBytes, initial.data(), flags & ~kOfMapping);
    void* const pointer = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, kMapOffset, kMapBytes, flags);
    EXPECT_NE(pointer, nullptr);
    return {.buffer = name,
            .pointer = pointer,
            .offset_bytes = kMapOffset,
            .size_bytes = kMapBytes,
            .label = "adopted"};
  }
  pmb::AdoptedMapping map_for_flushing() {
    return map_part(GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_FLUSH_EXPLICIT_BIT);
  }
};

TEST_P(Adopt, FlushesCoverExactlyTheWrittenBytes) {
  const pmb::AdoptedMapping mapping = map_for_flushing();
  auto buffer = pmb::MappedBuffer::adopt(context(), mapping);
  ASSERT_TRUE(buffer) << buffer.error().message();
  EXPECT_EQ(buffer->offset_bytes(), kMapOffset);
  EXPECT_EQ(buffer->size_bytes(), kMapBytes);
  EXPECT_EQ(buffer->raw_bytes().data(), mapping.pointer);

  struct Range {
    std::uint64_t offset;
    std::uint64_t size;
  };
  // Adjacent, overlapping, empty anywhere, single bytes at both ends.
  constexpr Range kRanges[] = {{0, 1},         {1, 63},   {64, 64},  {100, 200}, {250, 100},        {0, 0},
                               {kMapBytes, 0}, {2000, 0}, {3000, 1}, {3002, 1},  {kMapBytes - 1, 1}};
  std::vector<std::byte> expected(kBufferBytes, std::byte{0xAA});
  std::vector<bool> written(kMapBytes);
  GlSpy::clear();
  std::uint32_t seed = 0;
  for (const Range& range : kRanges) {
    const Bytes bytes = pattern(range.size, ++seed);
    ASSERT_TRUE(buffer->write(range.offset, bytes)) << range.offset;
    for (std::uint64_t i = 0; i < range.size; ++i) {
      expected[kMapOffset + range.offset + i] = bytes[i];
      written[range.offset + i] = true;
    }
  }
  EXPECT_TRUE(flushed_bytes() == written);
  EXPECT_EQ(first_difference(contents(mapping.buffer, 0, kBufferBytes), expected), -1);

  // Through the span, flushed by hand.
  GlSpy::clear();
  std::fill(written.begin(), written.end(), false);
  for (const Range& range : kRanges) {
    for (std::uint64_t i = 0; i < range.size; ++i) {
      buffer->raw_bytes()[range.offset + i] = std::byte{0x55};
      expected[kMapOffset + range.offset + i] = std::byte{0x55};
      written[range.offset + i] = true;
    }
    ASSERT_TRUE(buffer->flush(range.offset, range.size));
  }
  EXPECT_TRUE(flushed_bytes() == written);
  EXPECT_EQ(first_difference(contents(mapping.buffer, 0, kBufferBytes), expected), -1);
}

TEST_P(Adopt, RangesPastTheEndAreRefusedAndChangeNothing) {
  const pmb::AdoptedMapping mapping = map_for_flushing();
  auto buffer = pmb::MappedBuffer::adopt(context(), mapping);
  ASSERT_TRUE(buffer);
  GlSpy::clear();
  const Bytes bytes(16, std::byte{1});
  for (const std::uint64_t offset : {kMapBytes - 15, kMapBytes, kMapBytes + 1, kBufferBytes, UINT64_MAX,
                                     UINT64_MAX - 15, UINT64_MAX - kMapOffset}) {
    const auto written = buffer->write(offset, bytes);
    ASSERT_FALSE(written) << offset;
    EXPECT_EQ(written.error().id, ErrorId::range_outside);
    const auto flushed = buffer->flush(offset, 16);
    ASSERT_FALSE(flushed) << offset;
    EXPECT_EQ(flushed.error().id, ErrorId::range_outside);
  }
  const auto endless = buffer->flush(16, UINT64_MAX - 8);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().id, ErrorId::range_outside);
  EXPECT_EQ(GlSpy::names(), "");
  const Bytes untouched(kBufferBytes, std::byte{0xAA});
  EXPECT_EQ(first_difference(contents(mapping.buffer, 0, kBufferBytes), untouched), -1);
}

// A ring on a part of a buffer: offsets of slices count from the buffer, those of flushes from the mapping. No byte
// outside the slices changes.
TEST_P(Adopt, RingOnAnOffsetMappingStaysInsideIt) {
  const pmb::AdoptedMapping mapping = map_for_flushing();
  auto buffer = pmb::MappedBuffer::adopt(context(), mapping);
  ASSERT_TRUE(buffer);
  auto ring = pmb::UploadRing::create_on(context(), std::move(*buffer));
  ASSERT_TRUE(ring) << ring.error().message();
  std::vector<std::byte> expected(kBufferBytes, std::byte{0xAA});
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint64_t size = 1 + i * 37 % 700;
    const std::uint64_t used = size - size / 3;
    const std::uint64_t alignment = 1 + i % 70;
    const auto slice = ring->acquire(size, alignment);
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_GE(slice->offset_bytes(), kMapOffset);
    ASSERT_LE(slice->offset_bytes() + size, kMapOffset + kMapBytes);
    EXPECT_EQ(slice->offset_bytes() % alignment, 0u);
    const Bytes bytes = pattern(used, i);
    ASSERT_TRUE(slice->copy_from(bytes));
    GlSpy::clear();
    ASSERT_TRUE(ring->publish(*slice, used));
    std::vector<bool> written(kMapBytes);
    const std::uint64_t begin = slice->offset_bytes() - kMapOffset;
    std::fill_n(written.begin() + static_cast<std::ptrdiff_t>(begin), used, true);
    ASSERT_TRUE(flushed_bytes() == written);
    std::copy(bytes.begin(), bytes.end(),
              expected.begin() + static_cast<std::ptrdiff_t>(slice->offset_bytes()));
    ASSERT_EQ(first_difference(contents(mapping.buffer, 0, kBufferBytes), expected), -1) << "slice " << i;
    ASSERT_TRUE(ring->retire(mark()));
  }
}

TEST_P(Adopt, UnsuitableMappingsAreRefused) {
  const pmb::AdoptedMapping good = map_for_flushing();
  const auto expect_refused = [&](pmb::AdoptedMapping mapping, ErrorId id) {
    const auto adopted = pmb::MappedBuffer::adopt(context(), mapping);
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error().id, id) << adopted.error().message();
  };
  auto wrong = good;
  wrong.buffer = 0;
  expect_refused(wrong, ErrorId::not_a_buffer);
  wrong = good;
  wrong.buffer = 987654;
  expect_refused(wrong, ErrorId::not_a_buffer);
  wrong = good;
  wrong.pointer = nullptr;
  expect_refused(wrong, ErrorId::adopted_not_mapped);
  wrong = good;
  wrong.pointer = static_cast<std::byte*>(good.pointer) + 1;
  expect_refused(wrong, ErrorId::adopted_not_mapped);
  wrong = good;
  wrong.offset_bytes += 1;
  expect_refused(wrong, ErrorId::adopted_not_mapped);
  wrong = good;
  wrong.size_bytes -= 1;
  expect_refused(wrong, ErrorId::adopted_not_mapped);
  wrong = good;
  wrong.size_bytes = 0;
  expect_refused(wrong, ErrorId::zero_size);
  wrong = good;
  wrong.buffer = plain_buffer(kBufferBytes);
  expect_refused(wrong, ErrorId::adopted_not_mapped);
  expect_no_gl_error();
}

// A mapping is adopted once: two adoptions would flush and wait independently.
TEST_P(Adopt, MappingsThatPmbUsesAlreadyAreRefused) {
  const pmb::AdoptedMapping mapping = map_for_flushing();
  auto first = pmb::MappedBuffer::adopt(context(), mapping);
  ASSERT_TRUE(first);
  const auto second = pmb::MappedBuffer::adopt(context(), mapping);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, ErrorId::already_adopted);
  EXPECT_EQ(second.error().status, pmb::Status::refused);
  auto created = pmb::MappedBuffer::create(context(), {.size_bytes = 256});
  ASSERT_TRUE(created);
  const auto third = pmb::MappedBuffer::adopt(context(), {.buffer = created->buffer(),
                                                          .pointer = created->raw_bytes().data(),
                                                          .size_bytes = created->size_bytes()});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().id, ErrorId::already_adopted);
  // After its release it may be adopted again.
  ASSERT_TRUE(first->destroy());
  EXPECT_TRUE(pmb::MappedBuffer::adopt(context(), mapping));
}

TEST_P(Adopt, DestroyingKeepsTheMappingOfTheCaller) {
  const pmb::AdoptedMapping mapping =
      map_part(GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT);
  {
    auto buffer = pmb::MappedBuffer::adopt(context(), mapping);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(buffer->plan().model, pmb::Model::coherent);
    EXPECT_EQ(context().mapped_bytes(), 0u) << "memory of the caller's is not booked";
    GlSpy::clear();
    ASSERT_TRUE(buffer->destroy());
    EXPECT_EQ(GlSpy::count("glUnmapBuffer") + GlSpy::count("glUnmapNamedBuffer"), 0u);
    EXPECT_FALSE(buffer->is_mapped());
  }
  EXPECT_EQ(parameter(mapping.buffer, GL_BUFFER_MAPPED), 1u);
  static_cast<std::byte*>(mapping.pointer)[0] = std::byte{0x42};
  EXPECT_EQ(contents(mapping.buffer, kMapOffset, 1)[0], std::byte{0x42});
}

// GL aligns pointers: a mapping at an offset starts that many bytes after an aligned address.
TEST_P(Adopt, EveryOffsetHasTheAlignmentThatGlPromises) {
  const std::uint64_t alignment = context().limits().map_alignment;
  // OpenGL ES promises no alignment.
  if (!context().limits().gles) {
    EXPECT_GE(alignment, 64u);
  }
  GLuint name = 0;
  gl_.GenBuffers(1, &name);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
  constexpr GLbitfield kFlags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
  gl_.BufferStorage(GL_COPY_WRITE_BUFFER, 512, nullptr, kFlags);
  Bytes expected(512);
  for (std::uint64_t offset = 0; offset < 128; ++offset) {
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    void* const pointer =
        gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset), 200, kFlags);
    ASSERT_NE(pointer, nullptr);
    EXPECT_EQ((reinterpret_cast<std::uintptr_t>(pointer) - offset) % alignment, 0u);
    auto buffer = pmb::MappedBuffer::adopt(
        context(), {.buffer = name, .pointer = pointer, .offset_bytes = offset, .size_bytes = 200});
    ASSERT_TRUE(buffer) << buffer.error().message();
    const Bytes bytes = pattern(3, static_cast<std::uint32_t>(offset));
    ASSERT_TRUE(buffer->write(1, bytes));
    std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<std::ptrdiff_t>(offset) + 1);
    ASSERT_TRUE(buffer->destroy());
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.UnmapBuffer(GL_COPY_WRITE_BUFFER);
  }
  EXPECT_EQ(first_difference(contents(name, 1, 130), std::span(expected).subspan(1, 130)), -1);
}

// A readback ring on a part of a caller's buffer, for many laps.
TEST_P(Adopt, ReadbacksArriveInACallersMapping) {
  for (const GLbitfield model : {GLbitfield{GL_MAP_COHERENT_BIT}, GLbitfield{0}}) {
    if (model == 0 && !context().limits().memory_barrier) continue;
    const pmb::AdoptedMapping mapping = map_part(GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT | model);
    auto buffer = pmb::MappedBuffer::adopt(context(), mapping);
    ASSERT_TRUE(buffer) << buffer.error().message();
    auto ring = pmb::ReadbackRing::create_on(context(), std::move(*buffer));
    ASSERT_TRUE(ring) << ring.error().message();
    const Bytes bytes = pattern(kBufferBytes, 5);
    const GLuint source = plain_buffer(kBufferBytes, bytes.data());
    for (std::uint64_t i = 0; i < 100; ++i) {
      const std::uint64_t offset = i * 61;
      const std::uint64_t size = 1 + i * 37 % 1900;
      const auto pending = ring->request(source, offset, size);
      ASSERT_TRUE(pending) << pending.error().message();
      EXPECT_GE(pending->offset_bytes(), kMapOffset);
      EXPECT_LE(pending->offset_bytes() + size, kMapOffset + kMapBytes);
      mark();
      const auto view = pending->wait(kPatience);
      ASSERT_TRUE(view) << view.error().message();
      ASSERT_EQ(first_difference(view->bytes(), std::span(bytes).subspan(offset, size)), -1) << i;
      const auto* const at = static_cast<const std::byte*>(mapping.pointer);
      EXPECT_TRUE(view->bytes().data() >= at && view->bytes().data() + size <= at + kMapBytes);
      ASSERT_TRUE(pending->release());
    }
    // Bytes before and after the mapping belong to the caller.
    const Bytes untouched(kMapOffset, std::byte{0xAA});
    EXPECT_EQ(first_difference(contents(mapping.buffer, 0, kMapOffset), untouched), -1);
    const std::uint64_t end = kMapOffset + kMapBytes;
    EXPECT_EQ(first_difference(contents(mapping.buffer, end, kMapOffset), untouched), -1);
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Adopt, testing::Bool(), [](const testing::TestParamInfo<bool>& variant) {
  return variant.param ? "ByBinding" : "ByName";
});

// Fences made by the caller retire slices and blocks as fences of pmb do, on mapped and on private memory.
class CallersFences : public EveryVariant {
 protected:
  pmb::Ticket adopt_fence() {
    const auto ticket = timeline().adopt(gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0));
    EXPECT_TRUE(ticket) << ticket.error().message();
    return ticket.value_or(pmb::Ticket());
  }
  // The GPU copies from a slice or block; returns the bytes.
  void copy(GLuint from, std::uint64_t offset, GLuint to) {
    gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, to);
    gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset), 0, 1000);
  }
};

TEST_P(CallersFences, RetireSlicesThroughManyLaps) {
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 4096, .label = "ring"});
  ASSERT_TRUE(ring) << ring.error().message();
  const GLuint target = plain_buffer(1000);
  pmb::Ticket last;
  for (std::uint32_t lap = 0; lap < 100; ++lap) {
    const Bytes bytes = pattern(1000, lap);
    const auto slice = ring->acquire(1000);
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_TRUE(slice->copy_from(bytes));
    ASSERT_TRUE(ring->publish(*slice, 1000));
    if (lap > 0) {
      EXPECT_FALSE(ring->retire(*slice, last)) << "a fence made before the publish was taken";
      if (GetParam().validate) expect_reports({pmb::ErrorId::ticket_too_old});
    }
    copy(slice->buffer(), slice->offset_bytes(), target);
    last = adopt_fence();
    ASSERT_TRUE(ring->retire(*slice, last));
    ASSERT_EQ(first_difference(contents(target, 0, 1000), bytes), -1) << "in lap " << lap;
  }
  wait(last);
  EXPECT_TRUE(last.passed());
}

TEST_P(CallersFences, RetireBlocksThroughManyRounds) {
  auto pool = pmb::BlockPool::create(
      context(), {.block_bytes = 1000, .count = 2, .access = pmb::Access::sequential_write, .label = "pool"});
  ASSERT_TRUE(pool) << pool.error().message();
  const GLuint target = plain_buffer(1000);
  for (std::uint32_t round = 0; round < 20; ++round) {
    const Bytes bytes = pattern(1000, round);
    const auto block = pool->acquire();
    ASSERT_TRUE(block) << block.error().message();
    std::copy(bytes.begin(), bytes.end(), block->raw_bytes().begin());
    ASSERT_TRUE(pool->publish(*block, 1000));
    copy(block->buffer(), 0, target);
    ASSERT_TRUE(pool->retire(*block, adopt_fence()));
    ASSERT_EQ(first_difference(contents(target, 0, 1000), bytes), -1) << "in round " << round;
  }
}

PMB_EVERY_VARIANT(CallersFences);

}  // namespace
}  // namespace gl_test
