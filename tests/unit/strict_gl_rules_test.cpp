// SPDX-License-Identifier: MIT
//
// The strict fake GL reports every illegal call.
#include <limits>

#include "strict_gl_fixture.hpp"

namespace {

using strict_gl::Bytes;
using strict_gl::FakeConfig;
using strict_gl::filled;

// --- legality ---

TEST_F(StrictGl, IllegalStorageIsRefused) {
  struct Row {
    GLsizeiptr size;
    GLbitfield flags;
    GLenum error;
  };
  const Row rows[] = {
      {0, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {-1, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {4, GL_MAP_PERSISTENT_BIT, GL_INVALID_VALUE},
      {4, GL_MAP_WRITE_BIT | GL_MAP_COHERENT_BIT, GL_INVALID_VALUE},
      {4, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT, GL_INVALID_VALUE},
      {4, kPersistentWrite | GL_MAP_UNSYNCHRONIZED_BIT, GL_INVALID_VALUE},
      {4, 0x8000, GL_INVALID_VALUE},
  };
  GLuint buffer = 0;
  gl_.CreateBuffers(1, &buffer);
  for (const Row& row : rows) {
    gl_.NamedBufferStorage(buffer, row.size, nullptr, row.flags);
    expect_refused(row.error, "storage");
  }
  gl_.NamedBufferStorage(buffer, 4, nullptr, GL_CLIENT_STORAGE_BIT | kPersistentRead | GL_MAP_COHERENT_BIT);
  strict_gl::expect_clean(*fake_);
  gl_.NamedBufferStorage(buffer, 4, nullptr, GL_MAP_READ_BIT);
  expect_refused(GL_INVALID_OPERATION, "immutable already");
  gl_.NamedBufferData(buffer, 4, nullptr, GL_STREAM_DRAW);
  expect_refused(GL_INVALID_OPERATION, "immutable already");
  gl_.NamedBufferSubData(buffer, 0, 4, filled(4, 1).data());
  expect_refused(GL_INVALID_OPERATION, "no DYNAMIC_STORAGE");
  gl_.NamedBufferStorage(77, 4, nullptr, 0);
  expect_refused(GL_INVALID_OPERATION, "no such buffer");
}

TEST_F(StrictGl, IllegalMappingIsRefused) {
  struct Row {
    GLintptr offset;
    GLsizeiptr length;
    GLbitfield access;
    GLenum error;
  };
  const Row rows[] = {
      {0, 0, GL_MAP_READ_BIT, GL_INVALID_OPERATION},
      {0, 65, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {60, 5, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {-1, 4, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {0, -4, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {std::numeric_limits<GLintptr>::max(), 4, GL_MAP_READ_BIT, GL_INVALID_VALUE},
      {0, 4, 0, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_PERSISTENT_BIT, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_READ_BIT | 0x8000, GL_INVALID_VALUE},
      {0, 4, GL_MAP_READ_BIT | GL_DYNAMIC_STORAGE_BIT, GL_INVALID_VALUE},
      {0, 4, GL_MAP_READ_BIT | GL_MAP_INVALIDATE_RANGE_BIT, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_READ_BIT | GL_MAP_INVALIDATE_BUFFER_BIT, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_READ_BIT | GL_MAP_UNSYNCHRONIZED_BIT, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_READ_BIT | GL_MAP_FLUSH_EXPLICIT_BIT, GL_INVALID_OPERATION},
      {0, 4, GL_MAP_WRITE_BIT, GL_INVALID_OPERATION},
      {0, 4, kPersistentRead | GL_MAP_COHERENT_BIT, GL_INVALID_OPERATION},
  };
  const GLuint buffer = storage(64, kPersistentRead);
  for (const Row& row : rows) {
    EXPECT_EQ(map(buffer, row.offset, row.length, row.access), nullptr);
    expect_refused(row.error, "map");
  }
  EXPECT_NE(map(buffer, 0, 64, kPersistentRead), nullptr);
  EXPECT_EQ(map(buffer, 0, 64, kPersistentRead), nullptr);
  expect_refused(GL_INVALID_OPERATION, "mapped already");
  gl_.FlushMappedNamedBufferRange(buffer, 0, 4);
  expect_refused(GL_INVALID_OPERATION, "no FLUSH_EXPLICIT");
  EXPECT_EQ(gl_.UnmapNamedBuffer(buffer), GL_TRUE);
  EXPECT_EQ(gl_.UnmapNamedBuffer(buffer), GL_FALSE);
  expect_refused(GL_INVALID_OPERATION, "not mapped");
}

TEST_F(StrictGl, CoherentWithFlushExplicitIsLegalButReported) {
  const GLuint buffer = storage(64, kPersistentWrite | GL_MAP_COHERENT_BIT);
  EXPECT_NE(map(buffer, 0, 64, kPersistentWrite | GL_MAP_COHERENT_BIT | GL_MAP_FLUSH_EXPLICIT_BIT), nullptr);
  EXPECT_TRUE(fake_->violated("FLUSH_EXPLICIT"));
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR));
}

TEST_F(StrictGl, CommandsOnATraditionallyMappedBufferAreRefused) {
  const GLuint buffer = storage(64, GL_MAP_READ_BIT | GL_DYNAMIC_STORAGE_BIT);
  const GLuint other = storage(64, 0);
  map(buffer, 0, 64, GL_MAP_READ_BIT);
  Bytes four(4);
  gl_.NamedBufferSubData(buffer, 0, 4, four.data());
  expect_refused(GL_INVALID_OPERATION, "sub data");
  gl_.GetNamedBufferSubData(buffer, 0, 4, four.data());
  expect_refused(GL_INVALID_OPERATION, "get sub data");
  gl_.CopyNamedBufferSubData(buffer, other, 0, 0, 4);
  expect_refused(GL_INVALID_OPERATION, "copy from");
  gl_.CopyNamedBufferSubData(other, buffer, 0, 0, 4);
  expect_refused(GL_INVALID_OPERATION, "copy to");
  gl_.ClearNamedBufferSubData(buffer, GL_R8, 0, 4, GL_RED, GL_UNSIGNED_BYTE, nullptr);
  expect_refused(GL_INVALID_OPERATION, "clear");
  EXPECT_FALSE(fake_->shader_read(buffer, 0, 4)->executed());
  EXPECT_TRUE(fake_->violated("shader_read"));
}

TEST_F(StrictGl, CopiesOutOfRangeOrWithOverlapAreRefused) {
  const GLuint buffer = storage(64, 0);
  const GLuint other = storage(32, 0);
  gl_.CopyNamedBufferSubData(buffer, buffer, 0, 15, 16);
  expect_refused(GL_INVALID_VALUE, "overlap");
  gl_.CopyNamedBufferSubData(buffer, other, 0, 17, 16);
  expect_refused(GL_INVALID_VALUE, "past the end of the target");
  gl_.CopyNamedBufferSubData(other, buffer, 17, 0, 16);
  expect_refused(GL_INVALID_VALUE, "past the end of the source");
  gl_.CopyNamedBufferSubData(buffer, 99, 0, 0, 4);
  expect_refused(GL_INVALID_OPERATION, "no such buffer");
  gl_.CopyNamedBufferSubData(buffer, buffer, 0, 16, 16);
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, DeletedSyncsAreReported) {
  const GLsync sync = fence();
  EXPECT_EQ(fake_->live_syncs(), 1U);
  gl_.DeleteSync(sync);
  gl_.DeleteSync(nullptr);
  EXPECT_EQ(fake_->live_syncs(), 0U);
  strict_gl::expect_clean(*fake_);
  gl_.DeleteSync(sync);
  expect_refused(GL_INVALID_VALUE, "deleted twice");
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_WAIT_FAILED));
  expect_refused(GL_INVALID_VALUE, "waited for after its death");
}

TEST_F(StrictGl, UnknownAndDoublyDeletedBuffersAreReported) {
  GLuint reserved = 0;
  gl_.GenBuffers(1, &reserved);
  gl_.NamedBufferStorage(reserved, 4, nullptr, 0);
  expect_refused(GL_INVALID_OPERATION, "reserved, but never bound");
  gl_.DeleteBuffers(1, &reserved);
  strict_gl::expect_clean(*fake_);
  gl_.DeleteBuffers(1, &reserved);
  EXPECT_TRUE(fake_->violated("glDeleteBuffers"));
  fake_->clear_violations();
  gl_.BindBuffer(GL_ARRAY_BUFFER, reserved);
  expect_refused(GL_INVALID_OPERATION, "bound after its death");
}

TEST_F(StrictGl, ANoErrorContextReportsMisuseWithoutAGlError) {
  FakeConfig config;
  config.no_error_context = true;
  start(config);
  GLint flags = 0;
  gl_.GetIntegerv(GL_CONTEXT_FLAGS, &flags);
  EXPECT_EQ(flags & 0x8, 0x8);
  gl_.NamedBufferStorage(5, 4, nullptr, 0);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR));
  EXPECT_TRUE(fake_->violated("glNamedBufferStorage"));
}

TEST_F(StrictGl, IndexedRangesObeyTheAlignments) {
  const GLuint buffer = storage(1024, 0);
  gl_.BindBufferRange(GL_UNIFORM_BUFFER, 0, buffer, 64, 64);
  expect_refused(GL_INVALID_VALUE, "uniform alignment 256");
  gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, 8, 64);
  expect_refused(GL_INVALID_VALUE, "shader storage alignment 16");
  gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, 1008, 64);
  expect_refused(GL_NO_ERROR, "past the end: legal, undefined when used");
  gl_.BindBufferRange(GL_UNIFORM_BUFFER, 3, buffer, 256, 64);
  strict_gl::expect_clean(*fake_);
  EXPECT_EQ(fake_->state_snapshot().values.at("GL_UNIFORM_BUFFER[3].offset"), 256);
  GLint64 start_bytes = 0;
  gl_.GetInteger64i_v(GL_UNIFORM_BUFFER_START, 3, &start_bytes);
  EXPECT_EQ(start_bytes, 256);
}

}  // namespace
