// SPDX-License-Identifier: MIT
// Upload rings on a real driver: slices at the device's limits, bytes that arrive, and the behaviour of a
// full ring.

#include <numeric>
#include <string>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::Status;

class Upload : public EveryVariant {
 protected:
  pmb::UploadRing make_ring(std::uint64_t capacity, std::uint32_t max_slices = 0) {
    auto ring = pmb::UploadRing::create(
        context(), {.capacity_bytes = capacity, .label = "ring", .max_slices = max_slices});
    EXPECT_TRUE(ring) << ring.error().message();
    return ring ? std::move(*ring) : pmb::UploadRing();
  }
};

// Offsets are multiples of what was asked, pointers follow the offsets, and no two slices share
// a cache line.
TEST_P(Upload, SlicesAreAlignedAsRequestedAndShareNoCacheLine) {
  auto ring = make_ring(1 << 20);
  std::vector<std::uint64_t> alignments(128);
  std::iota(alignments.begin(), alignments.end(), 1);
  for (const std::uint64_t more : {256u, 4096u, 12u, 20u, 28u, 36u, 1000u, 65536u})
    alignments.push_back(more);
  const auto base = reinterpret_cast<std::uintptr_t>(ring.mapped_buffer().raw_bytes().data());
  EXPECT_EQ(base % 64, 0u);
  std::uint64_t free_line = 0;
  for (const std::uint64_t alignment : alignments) {
    const auto slice = ring.acquire(alignment % 97 + 1, alignment);
    ASSERT_TRUE(slice) << slice.error().message();
    EXPECT_EQ(slice->offset_bytes() % alignment, 0u) << alignment;
    EXPECT_GE(slice->offset_bytes() / 64, free_line) << alignment;
    free_line = (slice->offset_bytes() + slice->size_bytes() + 63) / 64;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slice->raw_bytes().data()), base + slice->offset_bytes());
    ASSERT_TRUE(slice->fill(std::byte{1}));
    ASSERT_TRUE(ring.publish(*slice, slice->size_bytes()));
  }
  ASSERT_TRUE(ring.retire(mark()));
}

// Alignment 0 suits every kind of indexed binding, at the device's own limits.
TEST_P(Upload, DefaultAlignmentSuitsEveryIndexedBinding) {
  auto ring = make_ring(1 << 20);
  const pmb::Limits& limits = context().limits();
  const bool has_texture_range = gl_.TexBufferRange != nullptr;
  GLuint texture = 0;
  gl_.GenTextures(1, &texture);
  if (has_texture_range) gl_.BindTexture(GL_TEXTURE_BUFFER, texture);
  for (int i = 0; i < 20; ++i) {
    const auto slice = ring.acquire(static_cast<std::uint64_t>(16 + 48 * i));
    ASSERT_TRUE(slice);
    EXPECT_EQ(slice->offset_bytes() % limits.uniform_offset_alignment, 0u);
    EXPECT_EQ(slice->offset_bytes() % limits.storage_offset_alignment, 0u);
    EXPECT_EQ(slice->offset_bytes() % limits.texture_offset_alignment, 0u);
    ASSERT_TRUE(slice->fill(std::byte{7}));
    ASSERT_TRUE(ring.publish(*slice, slice->size_bytes()));
    const auto offset = static_cast<GLintptr>(slice->offset_bytes());
    gl_.BindBufferRange(GL_UNIFORM_BUFFER, 0, slice->buffer(), offset, 16);
    if (limits.compute) gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, slice->buffer(), offset, 16);
    if (has_texture_range) gl_.TexBufferRange(GL_TEXTURE_BUFFER, GL_R32UI, slice->buffer(), offset, 16);
    expect_no_gl_error();
  }
  ASSERT_TRUE(ring.retire(mark()));
}

TEST_P(Upload, GreatestUniformAndStorageBlocksFitAsOneSlice) {
  const std::uint64_t uniform = context().limits().max_uniform_block;
  ASSERT_GE(uniform, 16384u);
  auto ring = make_ring(2 * uniform);
  const auto slice = ring.acquire(uniform);
  ASSERT_TRUE(slice) << slice.error().message();
  ASSERT_TRUE(slice->fill(std::byte{3}));
  ASSERT_TRUE(ring.publish(*slice, uniform));
  gl_.BindBufferRange(GL_UNIFORM_BUFFER, 0, slice->buffer(), static_cast<GLintptr>(slice->offset_bytes()),
                      static_cast<GLsizeiptr>(uniform));
  expect_no_gl_error();
  EXPECT_EQ(contents(slice->buffer(), slice->offset_bytes() + uniform - 1, 1)[0], std::byte{3});
  ASSERT_TRUE(ring.retire(mark()));
}

// Compute shaders read the written bytes from slices over many laps.
TEST_P(Upload, ComputeShadersReadTheWrittenBytesOverManyLaps) {
  PMB_NEEDS_COMPUTE();
  const GLuint program = make_compute_program(gl_, R"(
    layout(local_size_x = 64) in;
    layout(std430, binding = 0) readonly buffer Source { uint source[]; };
    layout(std430, binding = 1) writeonly buffer Target { uint target[]; };
    uniform uint first;
    void main() { target[first + gl_GlobalInvocationID.x] = source[gl_GlobalInvocationID.x] * 3u + 1u; }
  )");
  gl_.UseProgram(program);
  const GLint first = gl_.GetUniformLocation(program, "first");
  constexpr std::uint32_t kWords = 64;
  constexpr std::uint32_t kSlices = 500;
  const GLuint target = plain_buffer(kSlices * kWords * sizeof(std::uint32_t));
  gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, target);
  auto ring = make_ring(16 * 1024);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < kSlices; ++i) {
    const auto slice = ring.acquire<std::uint32_t>(kWords + i % 50);
    ASSERT_TRUE(slice) << slice.error().message();
    for (std::uint32_t word = 0; word < kWords; ++word) {
      ASSERT_TRUE(slice->store(word, i * 100000 + word));
      expected.push_back((i * 100000 + word) * 3 + 1);
    }
    ASSERT_TRUE(ring.publish(*slice, kWords * sizeof(std::uint32_t)));
    gl_.Uniform1ui(first, i * kWords);
    gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, slice->buffer(),
                        static_cast<GLintptr>(slice->offset_bytes()), kWords * sizeof(std::uint32_t));
    gl_.DispatchCompute(1, 1, 1);
    if (i % 5 == 4) {
      ASSERT_TRUE(ring.retire(mark()));
    }
  }
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  const auto wanted = std::as_bytes(std::span(expected));
  EXPECT_EQ(first_difference(contents(target, 0, wanted.size()), wanted), -1);
  EXPECT_EQ(ring.stats().acquired, kSlices);
  const bool flushes = GetParam().model == pmb::Model::explicit_flush || configuration().is_private();
  EXPECT_EQ(ring.stats().flushes, flushes ? kSlices : 0u);
}

TEST_P(Upload, ARequestThatCanNeverFitIsTooLargeAtOnce) {
  auto ring = make_ring(4096);
  for (const std::uint64_t size :
       {std::uint64_t{4097}, std::uint64_t{1} << 40, UINT64_MAX, UINT64_MAX - 63}) {
    for (const std::uint64_t alignment : {0u, 1u, 64u}) {
      const auto slice = ring.acquire(size, alignment);
      ASSERT_FALSE(slice);
      EXPECT_EQ(slice.error().id, ErrorId::exceeds_ring);
      const auto tried = ring.try_acquire(size, alignment);
      ASSERT_FALSE(tried);
      EXPECT_EQ(tried.error().status, Status::too_large);
    }
  }
  const auto nothing = ring.acquire(0);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().id, ErrorId::zero_size);
  EXPECT_TRUE(ring.acquire(4096, 1)) << "a refusal must not use up room";
  ring = pmb::UploadRing();
  if (GetParam().validate) expect_reports({pmb::ErrorId::destroyed_with_live_slices});
}

TEST_P(Upload, ARingFullOfUnretiredSlicesReportsItAtOnceAndNamesTheRule) {
  auto ring = make_ring(4096);
  std::vector<pmb::Slice> slices;
  for (int i = 0; i < 4; ++i) {
    const auto slice = ring.acquire(1024);
    ASSERT_TRUE(slice);
    ASSERT_TRUE(slice->fill(std::byte{1}));
    ASSERT_TRUE(ring.publish(*slice, 1024));
    slices.push_back(*slice);
  }
  // The mark passed, but no retire said that the ticket follows the last reader.
  wait_for_gpu();
  for (const auto& full : {ring.acquire(64), ring.try_acquire(64)}) {
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().id, ErrorId::ring_full_unretired);
    EXPECT_EQ(full.error().status, Status::would_block);
    EXPECT_EQ(full.error().numbers[0], 1024u);
    EXPECT_EQ(full.error().numbers[1], 0u);
  }
  if (GetParam().validate) expect_reports({ErrorId::ring_full_unretired});
  EXPECT_EQ(ring.stats().would_blocks, 2u);
  // Retiring the second of four frees no room while the first is live; retiring the first does.
  const pmb::Ticket ticket = mark();
  ASSERT_TRUE(ring.retire(slices[1], ticket));
  EXPECT_FALSE(ring.acquire(64));
  ASSERT_TRUE(ring.retire(slices[0], ticket));
  const auto room = ring.acquire(2048, 64);
  ASSERT_TRUE(room) << room.error().message();
  EXPECT_EQ(room->offset_bytes(), 0u);
  ASSERT_TRUE(ring.cancel(*room));
  ASSERT_TRUE(ring.retire(mark()));
}

TEST_P(Upload, AFullRingWaitsForDrawsInFlightAndTryDoesNot) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kDraws = 16;
  const SlowRows rows(gl_, kDraws, 4000);
  auto ring = make_ring(2 * SlowRows::kBytes);
  const bool refuses = software() && configuration().path != pmb::Path::orphaned;
  // A machine that stops this thread in the wrong moments may complete every draw of one round in time.
  const int rounds = refuses ? 20 : 1;
  std::uint64_t refused = 0;
  for (int round = 0; round < rounds && refused == 0; ++round) {
    for (int i = 0; i < kDraws; ++i) {
      auto slice = ring.try_acquire(SlowRows::kBytes);
      if (!slice) {
        EXPECT_EQ(slice.error().id, ErrorId::ring_full_in_flight);
        ++refused;
        slice = ring.acquire(SlowRows::kBytes);
      }
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->fill(static_cast<std::byte>(round + i)));
      ASSERT_TRUE(ring.publish(*slice, SlowRows::kBytes));
      rows.draw(slice->buffer(), slice->offset_bytes(), i);
      ASSERT_TRUE(ring.retire(mark()));
    }
    const auto pixels = rows.pixels();
    for (int i = 0; i < kDraws; ++i) {
      const auto byte = static_cast<std::uint32_t>(round + i);
      EXPECT_EQ(pixels[static_cast<std::size_t>(i * SlowRows::kWidth)], byte * 0x01010101u)
          << "round " << round;
    }
  }
  EXPECT_EQ(ring.stats().would_blocks, refused);
  EXPECT_LE(ring.stats().waits, refused);
  if (configuration().path == pmb::Path::orphaned) {
    EXPECT_EQ(refused, 0u);
  } else if (refuses) {
    EXPECT_GT(refused, 0u);
  }
}

TEST_P(Upload, AShortWaitTimesOutAndLeavesTheRingUsable) {
  PMB_NEEDS_LATE_SHADERS();
  const SlowRows rows(gl_, 1, 20000);
  auto created = pmb::UploadRing::create(
      context(), {.capacity_bytes = SlowRows::kBytes, .timeout = std::chrono::nanoseconds(0)});
  ASSERT_TRUE(created);
  pmb::UploadRing& ring = *created;
  const auto slice = ring.acquire(SlowRows::kBytes);
  ASSERT_TRUE(slice);
  ASSERT_TRUE(slice->fill(std::byte{9}));
  ASSERT_TRUE(ring.publish(*slice, SlowRows::kBytes));
  rows.draw(slice->buffer(), slice->offset_bytes(), 0);
  const pmb::Ticket ticket = mark();
  ASSERT_TRUE(ring.retire(ticket));
  auto next = ring.acquire(SlowRows::kBytes);
  if (!next) {
    EXPECT_EQ(next.error().id, ErrorId::wait_timed_out);
    EXPECT_EQ(next.error().status, Status::timed_out);
    wait(ticket);
    next = ring.acquire(SlowRows::kBytes);
  }
  // When the bytes are lent again, the draw must be complete.
  ASSERT_TRUE(next) << next.error().message();
  ASSERT_TRUE(next->fill(std::byte{8}));
  ASSERT_TRUE(ring.cancel(*next));
  EXPECT_EQ(rows.pixels()[0], 0x09090909u);
}

TEST_P(Upload, AFullRingNamesTheSliceThatWasNeverPublished) {
  auto ring = make_ring(1 << 16, 4);
  std::vector<pmb::Slice> slices;
  for (int i = 0; i < 4; ++i) {
    const auto slice = ring.acquire(64, 1);
    ASSERT_TRUE(slice) << slice.error().message();
    slices.push_back(*slice);
  }
  const auto fifth = ring.acquire(64, 1);
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().id, ErrorId::ring_full_unpublished);
  EXPECT_EQ(fifth.error().status, Status::would_block);
  if (GetParam().validate) expect_reports({ErrorId::ring_full_unpublished});
  for (const pmb::Slice& slice : slices) ASSERT_TRUE(ring.cancel(slice));
  const auto again = ring.acquire(64, 1);
  ASSERT_TRUE(again) << again.error().message();
  ASSERT_TRUE(ring.cancel(*again));
}

PMB_EVERY_VARIANT(Upload);

// The hot path makes no GL call while there is room, beyond the flush of an explicit model.
TEST_F(GlTest, TheHotPathOfARingCallsGlOnlyToFlush) {
  PMB_NEEDS_MAPPED_RINGS();
  for (const pmb::Model model : {pmb::Model::coherent, pmb::Model::explicit_flush}) {
    open({.validate = false, .spy = true});
    auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 1 << 16, .model = model});
    ASSERT_TRUE(ring);
    const pmb::Ticket before = mark();
    GlSpy::clear();
    std::vector<pmb::Slice> slices;
    for (int i = 0; i < 100; ++i) {
      const auto slice = ring->acquire(100);
      ASSERT_TRUE(slice);
      ASSERT_TRUE(slice->fill(std::byte{1}));
      ASSERT_TRUE(ring->publish(*slice, 100));
      slices.push_back(*slice);
    }
    EXPECT_FALSE(ring->retire(before));
    const std::size_t flushes = model == pmb::Model::explicit_flush ? 100 : 0;
    const std::size_t by_name = GlSpy::count("glFlushMappedNamedBufferRange");
    const std::size_t by_binding = GlSpy::count("glFlushMappedBufferRange");
    EXPECT_EQ(by_name + by_binding, flushes) << GlSpy::names();
    EXPECT_EQ(GlSpy::count("glBindBuffer"), by_binding);
    // If a quirk requires it, a barrier follows each flush.
    const std::size_t barriers = GlSpy::count("glMemoryBarrier");
    EXPECT_EQ(barriers, has_quirk("nvidia_flush_barrier") ? flushes : 0);
    EXPECT_EQ(GlSpy::calls().size(), by_name + 2 * by_binding + barriers);
    const pmb::Ticket ticket = mark();
    GlSpy::clear();
    for (const pmb::Slice& slice : slices) ASSERT_TRUE(ring->retire(slice, ticket));
    EXPECT_EQ(GlSpy::names(), "");
  }
}

}  // namespace
}  // namespace gl_test
