// SPDX-License-Identifier: MIT
//
// The strict fake GL is strict about memory: which bytes a mapping, a copy and a shader may see, and when.
#include <cstring>
#include <limits>

#include "strict_gl_fixture.hpp"

namespace {

using strict_gl::Bytes;
using strict_gl::bytes_of;
using strict_gl::copy_of;
using strict_gl::filled;

// --- coherent and non-coherent mappings ---

TEST_F(StrictGl, ACoherentMappingIsTheGpusMemory) {
  const GLbitfield flags = kPersistentRead | GL_MAP_COHERENT_BIT;
  const GLuint buffer = storage(4, flags);
  const std::byte* const bytes = map(buffer, 0, 4, flags);
  fake_->shader_write(buffer, 0, bytes_of({1, 2, 3, 4}));
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xA5));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), bytes_of({1, 2, 3, 4}));
}

TEST_F(StrictGl, AMissingFlushLeavesTheGpuWithOldBytes) {
  const GLuint buffer = storage(8, kPersistentWrite);
  std::byte* const bytes = map(buffer, 0, 8, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  std::memset(bytes, 7, 8);
  gl_.FlushMappedNamedBufferRange(buffer, 0, 4);
  const auto read = fake_->shader_read(buffer, 0, 8);
  finish_with_fence();
  EXPECT_EQ(read->bytes(), bytes_of({7, 7, 7, 7, 0xA5, 0xA5, 0xA5, 0xA5}));
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, TheFlushOffsetCountsFromTheMapping) {
  const GLuint buffer = storage(256, kPersistentWrite);
  std::byte* const bytes = map(buffer, 128, 64, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  std::memset(bytes, 1, 64);
  gl_.FlushMappedNamedBufferRange(buffer, 128, 64);
  expect_refused(GL_INVALID_VALUE, "relative to the buffer: past the end of the mapping");
  EXPECT_EQ(fake_->gpu_bytes(buffer, 128, 64), filled(64, 0xA5));
  gl_.FlushMappedNamedBufferRange(buffer, 16, 4);
  EXPECT_EQ(fake_->gpu_bytes(buffer, 128 + 15, 6), bytes_of({0xA5, 1, 1, 1, 1, 0xA5}));
  gl_.FlushMappedNamedBufferRange(buffer, 63, 2);
  expect_refused(GL_INVALID_VALUE, "one byte past the end");
}

TEST_F(StrictGl, FlushingAStaleNeighbourOverwritesBytesOfTheGpu) {
  const GLbitfield flags = kPersistentWrite | GL_MAP_READ_BIT;
  const GLuint buffer = storage(8, flags);
  std::byte* const bytes = map(buffer, 0, 8, flags | GL_MAP_FLUSH_EXPLICIT_BIT);
  fake_->shader_write(buffer, 4, filled(4, 9));
  gl_.Finish();
  std::memset(bytes, 1, 4);
  gl_.FlushMappedNamedBufferRange(buffer, 0, 8);
  EXPECT_EQ(fake_->gpu_bytes(buffer), bytes_of({1, 1, 1, 1, 0xCD, 0xCD, 0xCD, 0xCD}));
}

TEST_F(StrictGl, AFlushReachesReadersIssuedBefore) {
  const GLuint buffer = storage(4, kPersistentWrite);
  std::byte* const bytes = map(buffer, 0, 4, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  std::memset(bytes, 1, 4);
  gl_.FlushMappedNamedBufferRange(buffer, 0, 4);
  const auto read = fake_->shader_read(buffer, 0, 4);
  std::memset(bytes, 2, 4);
  gl_.FlushMappedNamedBufferRange(buffer, 0, 4);
  gl_.Finish();
  EXPECT_EQ(read->bytes(), filled(4, 2));
}

// The right order and the four wrong ones: no barrier, barrier after the fence, no fence, no wait.
TEST_F(StrictGl, NonCoherentReadbackNeedsBarrierThenFenceThenWait) {
  const GLuint buffer = storage(4, kPersistentRead);
  const std::byte* const bytes = map(buffer, 0, 4, kPersistentRead);
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD));

  fake_->server_write(buffer, 0, filled(4, 1));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD)) << "no barrier";
  constexpr GLbitfield kOthers = 0xBFEF;  // all bits of GL 4.6 except CLIENT_MAPPED_BUFFER
  gl_.MemoryBarrier(kOthers);
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD)) << "every other barrier";

  fake_->server_write(buffer, 0, filled(4, 2));
  const GLsync before_barrier = fence();
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  gl_.Flush();
  wait(before_barrier);
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD)) << "barrier after the fence";

  const GLsync not_waited_for = fence();
  gl_.Flush();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD)) << "no wait";
  wait(not_waited_for);
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 2)) << "the right order";

  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  fake_->server_write(buffer, 0, filled(4, 3));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 2)) << "barrier before the write";
}

TEST_F(StrictGl, AnExecutedBarrierStillNeedsAFenceAfterIt) {
  const GLuint buffer = storage(4, kPersistentRead);
  const std::byte* const bytes = map(buffer, 0, 4, kPersistentRead);
  fake_->server_write(buffer, 0, filled(4, 1));
  const GLsync before_barrier = fence();
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  Bytes seen(4);
  gl_.GetNamedBufferSubData(buffer, 0, 4, seen.data());
  EXPECT_EQ(fake_->queued_commands(), 0U);
  wait(before_barrier);
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xCD));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 1));
}

TEST_F(StrictGl, ABarrierShowsTheBytesBeforeItAndNoLaterOnes) {
  const GLuint buffer = storage(4, kPersistentRead);
  const std::byte* const bytes = map(buffer, 0, 4, kPersistentRead);
  fake_->server_write(buffer, 0, filled(4, 1));
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  fake_->server_write(buffer, 0, filled(4, 2));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 1));
}

TEST_F(StrictGl, EveryServerWriteNeedsTheBarrierOnANonCoherentMapping) {
  const GLuint source = storage(4, 0, filled(4, 1).data());
  const GLuint buffer = storage(16, kPersistentRead | GL_DYNAMIC_STORAGE_BIT);
  const std::byte* const bytes = map(buffer, 0, 16, kPersistentRead);
  const std::uint8_t two = 2;
  gl_.CopyNamedBufferSubData(source, buffer, 0, 0, 4);
  gl_.ClearNamedBufferSubData(buffer, GL_R8, 4, 4, GL_RED, GL_UNSIGNED_BYTE, &two);
  gl_.NamedBufferSubData(buffer, 8, 4, filled(4, 3).data());
  fake_->shader_write(buffer, 12, filled(4, 4));
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 16), filled(16, 0xCD));
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  finish_with_fence();
  EXPECT_EQ(copy_of(bytes, 16), bytes_of({1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4}));
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, WriteOnlyMemoryReadsAsPoison) {
  const GLuint buffer = storage(4, kPersistentWrite, filled(4, 1).data());
  const std::byte* const bytes = map(buffer, 0, 4, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  EXPECT_EQ(copy_of(bytes, 4), filled(4, 0xEE));
}

TEST_F(StrictGl, AReadableMappingShowsTheBytesAtMapTime) {
  const GLuint buffer = storage(4, kPersistentRead, filled(4, 6).data());
  EXPECT_EQ(copy_of(map(buffer, 0, 4, kPersistentRead), 4), filled(4, 6));
}

TEST_F(StrictGl, PointerMinusOffsetHasExactlyTheMinimumAlignment) {
  const GLuint buffer = storage(512, kPersistentWrite);
  for (const GLintptr offset : {0, 1, 63, 64, 65, 200}) {
    const std::byte* const bytes = map(buffer, offset, 8, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
    EXPECT_EQ((reinterpret_cast<std::uintptr_t>(bytes) - static_cast<std::uintptr_t>(offset)) % 64, 0U);
    gl_.UnmapNamedBuffer(buffer);
  }
}

// --- traditional mapping ---

TEST_F(StrictGl, ATraditionalMappingPublishesAtUnmap) {
  GLuint buffer = 0;
  gl_.CreateBuffers(1, &buffer);
  gl_.NamedBufferData(buffer, 8, filled(8, 1).data(), GL_STREAM_DRAW);
  std::byte* bytes = map(buffer, 2, 4, GL_MAP_WRITE_BIT);
  bytes[1] = std::byte{5};
  EXPECT_EQ(fake_->gpu_bytes(buffer), filled(8, 1));
  EXPECT_EQ(gl_.UnmapNamedBuffer(buffer), GL_TRUE);
  EXPECT_EQ(fake_->gpu_bytes(buffer), bytes_of({1, 1, 1, 5, 1, 1, 1, 1}));
  bytes = map(buffer, 0, 4, GL_MAP_WRITE_BIT | GL_MAP_INVALIDATE_RANGE_BIT);
  bytes[0] = std::byte{9};
  gl_.UnmapNamedBuffer(buffer);
  EXPECT_EQ(fake_->gpu_bytes(buffer), bytes_of({9, 0xEE, 0xEE, 0xEE, 1, 1, 1, 1}));
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, OrphaningKeepsTheOldStoreForQueuedReaders) {
  GLuint buffer = 0;
  gl_.CreateBuffers(1, &buffer);
  gl_.NamedBufferData(buffer, 4, filled(4, 1).data(), GL_STREAM_DRAW);
  const auto read = fake_->shader_read(buffer, 0, 4);
  gl_.NamedBufferData(buffer, 4, filled(4, 2).data(), GL_STREAM_DRAW);
  gl_.Finish();
  EXPECT_EQ(read->bytes(), filled(4, 1));
  const auto unsynchronized = fake_->shader_read(buffer, 0, 4);
  std::memset(map(buffer, 0, 4, GL_MAP_WRITE_BIT | GL_MAP_UNSYNCHRONIZED_BIT), 3, 4);
  gl_.UnmapNamedBuffer(buffer);
  gl_.Finish();
  EXPECT_EQ(unsynchronized->bytes(), filled(4, 3)) << "unsynchronized means it";
}

TEST_F(StrictGl, StalePointersFaultAfterUnmapAndDelete) {
  const GLbitfield coherent = kPersistentWrite | GL_MAP_COHERENT_BIT;
  for (const GLbitfield flags : {coherent, kPersistentWrite}) {
    const GLuint buffer = storage(64, flags);
    volatile std::byte* const unmapped = map(buffer, 0, 64, flags);
    gl_.UnmapNamedBuffer(buffer);
    EXPECT_DEATH(unmapped[0] = std::byte{1}, "");
    volatile std::byte* const deleted = map(buffer, 0, 64, flags);
    const auto read = fake_->shader_read(buffer, 0, 64);
    gl_.DeleteBuffers(1, &buffer);
    EXPECT_DEATH(deleted[0] = std::byte{1}, "");
    gl_.Finish();
    EXPECT_TRUE(read->executed()) << "the GPU keeps what it still reads";
  }
}

// --- shader stores ---

TEST_F(StrictGl, ShaderStoresAreInvisibleToCopiesUntilTheBufferUpdateBarrier) {
  const GLuint source = storage(4, 0, filled(4, 1).data());
  const GLuint target = storage(4, 0);
  fake_->shader_write(source, 0, filled(4, 2));
  gl_.CopyNamedBufferSubData(source, target, 0, 0, 4);
  const auto next_draw = fake_->shader_read(source, 0, 4);
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(target), filled(4, 1)) << "no barrier";
  EXPECT_EQ(next_draw->bytes(), filled(4, 2));

  Bytes seen(4);
  gl_.GetNamedBufferSubData(source, 0, 4, seen.data());
  EXPECT_EQ(seen, filled(4, 1)) << "no barrier";
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  gl_.GetNamedBufferSubData(source, 0, 4, seen.data());
  EXPECT_EQ(seen, filled(4, 1)) << "another barrier";

  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  gl_.CopyNamedBufferSubData(source, target, 0, 0, 4);
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(target), filled(4, 2));
}

TEST_F(StrictGl, ShaderStoresAreInvisibleToMapsUntilTheBufferUpdateBarrier) {
  const GLuint buffer = storage(8, GL_MAP_READ_BIT, filled(8, 1).data());
  fake_->shader_write(buffer, 2, filled(3, 2));
  EXPECT_EQ(copy_of(map(buffer, 0, 8, GL_MAP_READ_BIT), 8), filled(8, 1));
  gl_.UnmapNamedBuffer(buffer);
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  EXPECT_EQ(copy_of(map(buffer, 0, 8, GL_MAP_READ_BIT), 8), bytes_of({1, 1, 2, 2, 2, 1, 1, 1}));
}

TEST_F(StrictGl, ACopyOverShaderStoresIsVisibleAndTheRestStaysHidden) {
  const GLuint buffer = storage(8, 0, filled(8, 1).data());
  const GLuint source = storage(1, 0, filled(1, 9).data());
  fake_->shader_write(buffer, 2, filled(4, 2));
  gl_.CopyNamedBufferSubData(source, buffer, 0, 3, 1);
  Bytes seen(8);
  gl_.GetNamedBufferSubData(buffer, 0, 8, seen.data());
  EXPECT_EQ(seen, bytes_of({1, 1, 1, 9, 1, 1, 1, 1}));
  EXPECT_EQ(fake_->gpu_bytes(buffer), bytes_of({1, 1, 2, 9, 2, 2, 1, 1}));
  fake_->shader_write(buffer, 0, filled(8, 3));
  gl_.GetNamedBufferSubData(buffer, 0, 8, seen.data());
  EXPECT_EQ(seen, bytes_of({1, 1, 1, 9, 1, 1, 1, 1}));
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  gl_.GetNamedBufferSubData(buffer, 0, 8, seen.data());
  EXPECT_EQ(seen, filled(8, 3));
}

TEST_F(StrictGl, CopiesNeedNoBarrierBetweenThem) {
  const GLuint first = storage(4, 0, filled(4, 1).data());
  const GLuint second = storage(4, 0);
  const GLuint third = storage(4, 0);
  gl_.CopyNamedBufferSubData(first, second, 0, 0, 4);
  gl_.CopyNamedBufferSubData(second, third, 0, 0, 4);
  const auto draw = fake_->shader_read(third, 0, 4);
  gl_.Finish();
  EXPECT_EQ(draw->bytes(), filled(4, 1));
}

TEST_F(StrictGl, ShaderCopiesAndAtomicsTakeEffectWhenTheyRun) {
  const GLuint source = storage(4, 0, bytes_of({1, 0, 0, 0}).data());
  const GLuint target = storage(4, 0, filled(4, 0).data());
  fake_->shader_copy(source, 0, target, 0, 4);
  fake_->shader_atomic_add(target, 0, 41);
  EXPECT_EQ(fake_->gpu_bytes(target), filled(4, 0));
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(target), bytes_of({42, 0, 0, 0}));
}

// --- memory ---

TEST_F(StrictGl, OutOfMemoryLeavesTheNameImmutableAndEmpty) {
  fake_->set_total_memory_bytes(100);
  const GLuint first = storage(64, 0);
  const GLuint refused = storage(64, 0);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_OUT_OF_MEMORY));
  GLint immutable = 0;
  GLint size = -1;
  gl_.GetNamedBufferParameteriv(refused, GL_BUFFER_IMMUTABLE_STORAGE, &immutable);
  gl_.GetNamedBufferParameteriv(refused, GL_BUFFER_SIZE, &size);
  EXPECT_EQ(immutable, GL_TRUE);
  EXPECT_EQ(size, 0);
  strict_gl::expect_clean(*fake_);
  gl_.DeleteBuffers(1, &first);
  EXPECT_EQ(fake_->memory_in_use_bytes(), 0);
  gl_.NamedBufferStorage(refused, 64, nullptr, 0);
  expect_refused(GL_INVALID_OPERATION, "the same name again");
  storage(64, 0);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR));
}

TEST_F(StrictGl, HugeBuffersAreCheapAndTheNarrowQuerySaturates) {
  const GLsizeiptr sizes[] = {(GLsizeiptr{2} << 30) - 1, GLsizeiptr{2} << 30, GLsizeiptr{3} << 30};
  for (const GLsizeiptr size : sizes) {
    const GLuint buffer = storage(size, kPersistentWrite);
    std::byte* const bytes = map(buffer, 0, size, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
    ASSERT_NE(bytes, nullptr);
    bytes[size - 1] = std::byte{1};
    gl_.FlushMappedNamedBufferRange(buffer, size - 1, 1);
    EXPECT_EQ(fake_->gpu_bytes(buffer, size - 1, 1), filled(1, 1));
    GLint64 wide = 0;
    GLint narrow = 0;
    gl_.GetNamedBufferParameteri64v(buffer, GL_BUFFER_SIZE, &wide);
    gl_.GetNamedBufferParameteriv(buffer, GL_BUFFER_SIZE, &narrow);
    EXPECT_EQ(wide, size);
    EXPECT_EQ(narrow, std::numeric_limits<GLint>::max());
    gl_.DeleteBuffers(1, &buffer);
  }
  strict_gl::expect_clean(*fake_);
}

}  // namespace
