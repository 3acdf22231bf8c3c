// SPDX-License-Identifier: MIT
//
// The strict fake GL is strict about contexts and the order of commands. Each rule is broken here once, which changes
// bytes or is reported; and each legal order works.
#include <cstring>

#include "strict_gl_fixture.hpp"

namespace {

using strict_gl::Bytes;
using strict_gl::bytes_of;
using strict_gl::FakeConfig;
using strict_gl::FakeGl;
using strict_gl::filled;

// --- entry points and contexts ---

TEST_F(StrictGl, GladLoadsAFullCoreContext) {
  EXPECT_TRUE(gl_.VERSION_4_6);
  EXPECT_TRUE(gl_.ARB_buffer_storage);
  EXPECT_NE(gl_.MapNamedBufferRange, nullptr);
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, GladLoadsAnEsContext) {
  FakeConfig config;
  config.es = true;
  config.major = 3;
  config.minor = 2;
  config.extensions = {"GL_EXT_buffer_storage"};
  FakeGl es(config);
  es.make_current();
  GladGLContext gles{};
  ASSERT_NE(gladLoadGLES2ContextUserPtr(&gles, &strict_gl::get_proc_address_user, nullptr), 0);
  GLuint buffer = 0;
  gles.GenBuffers(1, &buffer);
  gles.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gles.BufferStorageEXT(GL_COPY_WRITE_BUFFER, 64, nullptr, kPersistentWrite);
  strict_gl::expect_clean(es);
  auto* const get_sub_data =
      reinterpret_cast<PFNGLGETBUFFERSUBDATAPROC>(strict_gl::get_proc_address("glGetBufferSubData"));
  ASSERT_NE(get_sub_data, nullptr);
  int word = 0;
  get_sub_data(GL_COPY_WRITE_BUFFER, 0, 4, &word);
  EXPECT_TRUE(es.violated("glGetBufferSubData"));
}

TEST_F(StrictGl, APointerWithoutTheVersionIsRefused) {
  FakeConfig config;
  config.minor = 3;
  config.extensions = {"GL_KHR_debug"};
  start(config);
  auto* const buffer_storage =
      reinterpret_cast<PFNGLBUFFERSTORAGEPROC>(strict_gl::get_proc_address("glBufferStorage"));
  GLuint buffer = 0;
  gl_.GenBuffers(1, &buffer);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  buffer_storage(GL_COPY_WRITE_BUFFER, 64, nullptr, GL_MAP_WRITE_BIT);
  expect_refused(GL_INVALID_OPERATION, "glBufferStorage on 4.3");
  gl_.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  expect_refused(GL_INVALID_VALUE, "the client mapped barrier on 4.3");
}

TEST_F(StrictGl, UnknownNamesAreTrapsOrNullAsConfigured) {
  EXPECT_NE(strict_gl::get_proc_address("glNoSuchThing"), nullptr);
  EXPECT_DEATH(strict_gl::get_proc_address("glNoSuchThing")(), "does not have");
  FakeConfig config;
  config.unknown_names_null = true;
  FakeGl other(config);
  other.make_current();
  EXPECT_EQ(strict_gl::get_proc_address("glNoSuchThing"), nullptr);
}

TEST_F(StrictGl, ACallWithoutAContextIsCountedAndDoesNothing) {
  strict_gl::reset_calls_without_context();
  FakeGl::release_current();
  EXPECT_EQ(FakeGl::current(), nullptr);
  EXPECT_EQ(fence(), nullptr);
  EXPECT_EQ(map(1, 0, 1, GL_MAP_READ_BIT), nullptr);
  EXPECT_EQ(strict_gl::calls_without_context(), 2U);
  fake_->make_current();
  EXPECT_EQ(FakeGl::current(), fake_->identity());
  gl_.Flush();
  EXPECT_EQ(strict_gl::calls_without_context(), 2U);
  strict_gl::reset_calls_without_context();
}

// --- order ---

TEST_F(StrictGl, AFenceNeverSignalsUnflushedWork) {
  const GLuint buffer = storage(16, 0);
  const auto read = fake_->shader_read(buffer, 0, 16);
  const GLsync sync = fence();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(gl_.ClientWaitSync(sync, 0, 0), static_cast<GLenum>(GL_TIMEOUT_EXPIRED));
  }
  EXPECT_EQ(gl_.ClientWaitSync(sync, 0, kLong), static_cast<GLenum>(GL_TIMEOUT_EXPIRED));
  EXPECT_FALSE(read->executed());
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_CONDITION_SATISFIED));
  EXPECT_TRUE(read->executed());
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_ALREADY_SIGNALED));
}

TEST_F(StrictGl, APollRightAfterTheFlushMayExpireOnce) {
  const GLsync sync = fence();
  gl_.Flush();
  EXPECT_EQ(gl_.ClientWaitSync(sync, 0, 0), static_cast<GLenum>(GL_TIMEOUT_EXPIRED));
  EXPECT_EQ(gl_.ClientWaitSync(sync, 0, 0), static_cast<GLenum>(GL_ALREADY_SIGNALED));
  fake_->set_polls_until_done(0);
  const GLsync next = fence();
  GLint status = 0;
  gl_.GetSynciv(next, GL_SYNC_STATUS, 1, nullptr, &status);
  EXPECT_EQ(status, GL_UNSIGNALED);
  gl_.Flush();
  gl_.GetSynciv(next, GL_SYNC_STATUS, 1, nullptr, &status);
  EXPECT_EQ(status, GL_SIGNALED);
}

TEST_F(StrictGl, FlushAloneRunsNothing) {
  const GLuint buffer = storage(16, 0);
  const auto read = fake_->shader_read(buffer, 0, 16);
  EXPECT_EQ(fake_->unflushed_commands(), 1U);
  gl_.Flush();
  EXPECT_EQ(fake_->unflushed_commands(), 0U);
  EXPECT_FALSE(read->executed());
  gl_.Finish();
  EXPECT_TRUE(read->executed());
}

TEST_F(StrictGl, AWaitRunsOnlyTheCommandsBeforeItsFence) {
  const GLuint buffer = storage(16, 0);
  const auto before = fake_->shader_read(buffer, 0, 16);
  const GLsync sync = fence();
  const auto behind = fake_->shader_read(buffer, 0, 16);
  wait(sync);
  EXPECT_TRUE(before->executed());
  EXPECT_FALSE(behind->executed());
}

TEST_F(StrictGl, OverwritingBeforeTheWaitCorruptsTheQueuedReader) {
  const GLuint buffer = storage(4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::byte* const bytes = map(buffer, 0, 4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::memset(bytes, 1, 4);
  const auto read = fake_->shader_read(buffer, 0, 4);
  std::memset(bytes, 2, 4);
  finish_with_fence();
  EXPECT_EQ(read->bytes(), filled(4, 2));

  std::memset(bytes, 3, 4);
  const auto right = fake_->shader_read(buffer, 0, 4);
  finish_with_fence();
  std::memset(bytes, 4, 4);
  EXPECT_EQ(right->bytes(), filled(4, 3));
}

TEST_F(StrictGl, AFenceBeforeTheReaderDoesNotProtectIt) {
  const GLuint buffer = storage(4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::byte* const bytes = map(buffer, 0, 4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::memset(bytes, 1, 4);
  const GLsync too_early = fence();
  const auto read = fake_->shader_read(buffer, 0, 4);
  wait(too_early);
  std::memset(bytes, 2, 4);
  gl_.Finish();
  EXPECT_EQ(read->bytes(), filled(4, 2));
}

TEST_F(StrictGl, ASynchronousReadRunsOnlyCommandsOnItsBuffer) {
  const GLuint source = storage(4, 0, bytes_of({1, 2, 3, 4}).data());
  const GLuint target = storage(4, 0);
  gl_.CopyNamedBufferSubData(source, target, 0, 0, 4);
  const auto behind = fake_->shader_read(source, 0, 4);
  Bytes seen(4);
  gl_.GetNamedBufferSubData(target, 0, 4, seen.data());
  EXPECT_EQ(seen, bytes_of({1, 2, 3, 4}));
  EXPECT_FALSE(behind->executed());
}

// --- scripts and loss ---

TEST_F(StrictGl, AnyCallCanBeScripted) {
  fake_->script("glMapNamedBufferRange", 2, strict_gl::return_zero());
  fake_->script("glNamedBufferStorage", 3, strict_gl::fail_with(GL_OUT_OF_MEMORY));
  fake_->script("glFenceSync", 1, strict_gl::return_zero().for_ever());
  const GLuint first = storage(4, kPersistentRead);
  const GLuint second = storage(4, kPersistentRead);
  EXPECT_NE(map(first, 0, 4, kPersistentRead), nullptr);
  EXPECT_EQ(map(second, 0, 4, kPersistentRead), nullptr);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR)) << "null without an error";
  EXPECT_NE(map(second, 0, 4, kPersistentRead), nullptr);
  const GLuint third = storage(4, kPersistentRead);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_OUT_OF_MEMORY));
  gl_.NamedBufferStorage(third, 4, nullptr, 0);
  expect_refused(GL_INVALID_OPERATION, "the name stays immutable");
  EXPECT_EQ(fence(), nullptr);
  EXPECT_EQ(fence(), nullptr);
  fake_->clear_script();
  EXPECT_NE(fence(), nullptr);
}

TEST_F(StrictGl, WaitsCanBeScripted) {
  const GLsync sync = fence();
  fake_->script("glClientWaitSync", 1, strict_gl::wait_failed(GL_INVALID_OPERATION));
  fake_->script("glClientWaitSync", 2, strict_gl::return_zero());
  fake_->script("glClientWaitSync", 3, strict_gl::timeout_expired().for_ever());
  fake_->script("glGetSynciv", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_WAIT_FAILED));
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_INVALID_OPERATION));
  EXPECT_EQ(wait(sync), 0U);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(wait(sync), static_cast<GLenum>(GL_TIMEOUT_EXPIRED));
  GLint status = GL_SIGNALED;
  gl_.GetSynciv(sync, GL_SYNC_STATUS, 1, nullptr, &status);
  EXPECT_EQ(status, GL_UNSIGNALED);
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, AScriptedUnmapLosesTheBytes) {
  const GLuint buffer = storage(4, GL_MAP_WRITE_BIT, filled(4, 1).data());
  std::memset(map(buffer, 0, 4, GL_MAP_WRITE_BIT), 2, 4);
  fake_->script("glUnmapNamedBuffer", 1, strict_gl::return_zero());
  EXPECT_EQ(gl_.UnmapNamedBuffer(buffer), GL_FALSE);
  EXPECT_EQ(fake_->mapped_buffers(), 0U);
  EXPECT_EQ(fake_->gpu_bytes(buffer), filled(4, 0xA5));
}

TEST_F(StrictGl, AfterTheLossFencesSignalAndOtherCallsFail) {
  const GLuint buffer = storage(4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::byte* const bytes = map(buffer, 0, 4, kPersistentWrite | GL_MAP_COHERENT_BIT);
  const auto read = fake_->shader_read(buffer, 0, 4);
  const GLsync sync = fence();
  EXPECT_EQ(gl_.GetGraphicsResetStatus(), static_cast<GLenum>(GL_NO_ERROR));
  fake_->script("glClientWaitSync", 1, strict_gl::lose_the_context());
  EXPECT_EQ(wait(sync), 0U) << "0 is none of the four answers";
  EXPECT_TRUE(fake_->lost());
  EXPECT_EQ(wait(sync), 0U);
  fake_->set_lost_wait_answer(strict_gl::LostWaitAnswer::already_signaled);
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_ALREADY_SIGNALED));
  GLint status = 0;
  gl_.GetSynciv(sync, GL_SYNC_STATUS, 1, nullptr, &status);
  EXPECT_EQ(status, GL_SIGNALED);
  EXPECT_FALSE(read->executed());
  EXPECT_EQ(gl_.GetGraphicsResetStatus(), static_cast<GLenum>(GL_GUILTY_CONTEXT_RESET));
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_CONTEXT_LOST));
  EXPECT_EQ(fence(), nullptr);
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_CONTEXT_LOST));
  bytes[0] = std::byte{1};
  gl_.DeleteBuffers(1, &buffer);
  EXPECT_EQ(fake_->live_buffers(), 1U);
  strict_gl::expect_clean(*fake_);
}

TEST_F(StrictGl, WithoutNotificationTheLossIsSilent) {
  FakeConfig config;
  config.reset_notification_strategy = GL_NO_RESET_NOTIFICATION;
  start(config);
  GLint strategy = 0;
  gl_.GetIntegerv(GL_RESET_NOTIFICATION_STRATEGY, &strategy);
  EXPECT_EQ(strategy, GL_NO_RESET_NOTIFICATION);
  fake_->lose_context();
  EXPECT_EQ(gl_.GetGraphicsResetStatus(), static_cast<GLenum>(GL_NO_ERROR));
}

// --- logs and state ---

TEST_F(StrictGl, CallsAreCountedAndLoggedInOrder) {
  const GLuint buffer = storage(64, kPersistentWrite);
  fake_->clear_log();
  map(buffer, 0, 64, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  gl_.FlushMappedNamedBufferRange(buffer, 8, 16);
  gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer);
  ASSERT_EQ(fake_->log().size(), 3U);
  EXPECT_EQ(fake_->log_of("glFlushMappedNamedBufferRange").at(0).values,
            (std::vector<std::int64_t>{static_cast<std::int64_t>(buffer), 8, 16}));
  EXPECT_EQ(fake_->log()[2].args, "GL_COPY_READ_BUFFER, " + std::to_string(buffer));
  EXPECT_EQ(fake_->calls("glBindBuffer"), 1U);
  EXPECT_EQ(fake_->calls("glGetError"), 0U);
  EXPECT_EQ(fake_->total_calls(), 3U);
}

TEST_F(StrictGl, TheStateSnapshotNamesEveryChange) {
  const GLuint buffer = storage(64, 0);
  const strict_gl::StateSnapshot before = fake_->state_snapshot();
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
  EXPECT_NE(before, fake_->state_snapshot());
  EXPECT_NE(before.diff(fake_->state_snapshot()).find("GL_PIXEL_PACK_BUFFER: 0 -> 1"), std::string::npos);
  EXPECT_EQ(fake_->bound_buffer(GL_PIXEL_PACK_BUFFER), buffer);
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  EXPECT_EQ(before, fake_->state_snapshot());
}

TEST_F(StrictGl, AnInjectedErrorStaysPendingUntilGetError) {
  fake_->inject_error(GL_INVALID_ENUM);
  storage(64, 0);
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_INVALID_ENUM));
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_INVALID_ENUM));
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
}

// --- share groups ---

TEST_F(StrictGl, AnotherContextsFenceMustBeFlushedThere) {
  FakeGl other({}, &*fake_);
  const GLuint buffer = storage(4, kPersistentRead | GL_MAP_COHERENT_BIT);
  const auto read = fake_->shader_read(buffer, 0, 4);
  const GLsync sync = fence();
  other.make_current();
  EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_TIMEOUT_EXPIRED))
      << "the flush bit acts in its own context only";
  gl_.WaitSync(sync, 0, GL_TIMEOUT_IGNORED);
  const auto behind = other.shader_read(buffer, 0, 4);
  const GLsync own = fence();
  EXPECT_EQ(wait(own), static_cast<GLenum>(GL_TIMEOUT_EXPIRED)) << "stalled behind the unflushed fence";
  fake_->make_current();
  gl_.Flush();
  other.make_current();
  EXPECT_EQ(wait(own), static_cast<GLenum>(GL_CONDITION_SATISFIED));
  EXPECT_TRUE(read->executed());
  EXPECT_TRUE(behind->executed());
  EXPECT_EQ(other.live_buffers(), 1U);
}

TEST_F(StrictGl, AFenceCoversOnlyItsOwnContext) {
  FakeGl other({}, &*fake_);
  const GLuint buffer = storage(4, 0);
  const auto read = fake_->shader_read(buffer, 0, 4);
  gl_.Flush();
  other.make_current();
  finish_with_fence();
  EXPECT_FALSE(read->executed());
}

TEST_F(StrictGl, TheInstantModeRunsAndSignalsAtOnce) {
  FakeConfig config;
  config.instant = true;
  start(config);
  const GLuint buffer = storage(4, kPersistentWrite);
  std::memset(map(buffer, 0, 4, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT), 1, 4);
  gl_.FlushMappedNamedBufferRange(buffer, 0, 4);
  EXPECT_EQ(fake_->shader_read(buffer, 0, 4)->bytes(), filled(4, 1));
  EXPECT_EQ(gl_.ClientWaitSync(fence(), 0, 0), static_cast<GLenum>(GL_ALREADY_SIGNALED));
  EXPECT_EQ(fake_->total_calls(), 0U);
  EXPECT_TRUE(fake_->log().empty());
}

}  // namespace
