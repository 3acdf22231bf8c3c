// SPDX-License-Identifier: MIT
// The paths without mapped buffers: process memory, glBufferSubData at publish, glGetBufferSubData or a short mapping
// when a readback is viewed, and orphaned buffers.
#include "plan/plan_rules.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Path;

/// `count` bytes from `offset` on.
Bytes part_of(const Bytes& bytes, std::uint64_t offset, std::uint64_t count) {
  return copy(std::span(bytes).subspan(offset, count));
}

class PrivateMemory : public PmbTest {
 protected:
  void start_on(Edit edit) { start(config_of(edit), options_of(edit)); }
  pmb::UploadRing ring_of(std::uint64_t capacity) {
    return take(pmb::UploadRing::create(*context_, {.capacity_bytes = capacity}));
  }
  std::size_t calls(const char* bound, const char* named) const {
    return fake_->calls(bound) + fake_->calls(named);
  }
  std::size_t updates() const { return calls("glBufferSubData", "glNamedBufferSubData"); }
  std::size_t reads() const { return calls("glGetBufferSubData", "glGetNamedBufferSubData"); }
  std::size_t maps() const { return calls("glMapBufferRange", "glMapNamedBufferRange"); }
};

TEST_F(PrivateMemory, PublishingUpdatesExactlyTheUsedBytes) {
  for (const Edit edit :
       {Edit::no_storage, Edit::oldest, Edit::oldest_es, Edit::traditional, Edit::orphaned}) {
    start_on(edit);
    auto ring = ring_of(4096);
    take(ring.acquire(100));
    const pmb::Slice slice = take(ring.acquire(100));
    EXPECT_TRUE(slice.copy_from(pattern(100, 1)));
    fake_->clear_log();
    take(ring.publish(slice, 60));
    EXPECT_EQ(updates(), 1U);
    EXPECT_EQ(fake_->total_calls(), context_->limits().direct_state_access ? 1U : 2U)
        << "the binding at most";
    const strict_gl::LoggedCall& call = fake_->log().back();
    const std::size_t at = call.values.size() - 3;
    EXPECT_EQ(call.values[at], static_cast<std::int64_t>(slice.offset_bytes()));
    EXPECT_EQ(call.values[at + 1], 60);
    EXPECT_EQ(maps(), 0U);
    const auto read = draw(slice);
    take(ring.retire(slice, mark()));
    gl_.Finish();
    EXPECT_EQ(read->bytes(), part_of(pattern(100, 1), 0, 60));
  }
}

TEST_F(PrivateMemory, AReadbackIsFetchedOnceAndNotBeforeItsTicket) {
  for (const Edit edit : {Edit::no_storage, Edit::oldest, Edit::traditional}) {
    start_on(edit);
    auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
    const auto pending = take(readback.acquire(64));
    write_into(pending, pattern(64, 7));
    EXPECT_EQ(id_of(pending.try_view()), ErrorId::never_marked);
    const pmb::Ticket ticket = mark();
    fake_->clear_log();
    EXPECT_EQ(id_of(pending.try_view()), ErrorId::not_passed_yet);
    EXPECT_EQ(reads(), 0U);
    take(ticket.wait(1s));
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 7));
    EXPECT_EQ(reads(), 1U);
    // Other threads may be reading the view by now.
    write_into(pending, pattern(64, 8));
    take(mark().wait(1s));
    EXPECT_EQ(copy(take(pending.try_view()).bytes()), pattern(64, 7));
    EXPECT_EQ(reads(), 1U);
    take(pending.release());
  }
}

TEST_F(PrivateMemory, AnEsContextReadsThroughAShortMapping) {
  start_on(Edit::oldest_es);
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint source = plain_buffer(256, pattern(256, 3).data());
  for (const std::uint64_t offset : {0U, 100U}) {
    const auto pending = take(readback.request(source, offset, 100));
    mark();
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), part_of(pattern(256, 3), offset, 100));
    EXPECT_EQ(fake_->mapped_buffers(), 0U);
    take(pending.release());
  }
  EXPECT_EQ(fake_->calls("glGetBufferSubData"), 0U) << "OpenGL ES has none";
  EXPECT_EQ(maps(), 2U);
}

TEST_F(PrivateMemory, FailedFetchesAreTypedErrorsAndCanBeRepeated) {
  start_on(Edit::oldest_es);
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const auto pending = take(readback.acquire(64));
  write_into(pending, pattern(64, 1));
  mark();
  fake_->script("glMapBufferRange", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(pending.wait(1s)), ErrorId::map_answered_null);
  fake_->script("glUnmapBuffer", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(pending.wait(1s)), ErrorId::unmap_lost_data);
  write_into(pending, pattern(64, 1));
  take(mark().wait(1s));
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 1));
  take(pending.release());
}

TEST_F(PrivateMemory, AFetchOnALostContextFails) {
  start_on(Edit::traditional);
  leaks_expected_ = true;
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const auto pending = take(readback.acquire(64));
  write_into(pending, pattern(64, 1));
  take(mark().wait(1s));
  fake_->lose_context();
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::context_lost);
  EXPECT_FALSE(pending.is_live());
}

TEST_F(PrivateMemory, AnOrphanedRingNeverWaits) {
  start_on(Edit::orphaned);
  auto ring = ring_of(1024);
  std::vector<std::pair<std::shared_ptr<strict_gl::GpuRead>, Bytes>> draws;
  for (std::uint64_t frame = 0; frame < 50; ++frame) {
    for (std::uint64_t part = 0; part < 3; ++part) {
      const Bytes bytes = pattern(200, frame * 3 + part);
      draws.emplace_back(draw(put(ring, bytes)), bytes);
    }
    take(ring.retire(mark()));
  }
  EXPECT_EQ(ring.stats().waits, 0U);
  EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U) << "nothing is even asked";
  gl_.Finish();
  for (const auto& [read, bytes] : draws) ASSERT_EQ(read->bytes(), bytes);
}

TEST_F(PrivateMemory, OrphaningKeepsWhatIsStillLent) {
  start_on(Edit::orphaned);
  auto ring = ring_of(1024);
  fake_->clear_log();
  const pmb::Slice kept = put(ring, pattern(200, 1));
  put_and_retire(ring, pattern(200, 2));
  put_and_retire(ring, pattern(200, 3));
  const pmb::Slice filling = take(ring.acquire(128));
  EXPECT_EQ(id_of(ring.acquire(300)), ErrorId::ring_full_unretired);
  EXPECT_EQ(fake_->calls("glNamedBufferData"), 0U);
  const auto read = draw(kept);
  take(ring.cancel(filling));
  take(ring.retire(kept, mark()));
  // Slices retired singly: the ring knows only at its next lap that all are retired.
  put(ring, pattern(900, 4), 1);
  EXPECT_EQ(fake_->calls("glNamedBufferData"), 1U);
  gl_.Finish();
  EXPECT_EQ(read->bytes(), pattern(200, 1));
  EXPECT_EQ(ring.stats().waits, 0U);
  take(ring.retire(mark()));
}

// Also after a single slice, and before the ring is full: the driver gives storage that no draw reads.
TEST_F(PrivateMemory, ARingWhoseSlicesAreAllRetiredStartsInNewStorage) {
  start_on(Edit::orphaned);
  auto ring = ring_of(1024);
  put(ring, pattern(200, 1));
  take(ring.retire(mark()));
  fake_->clear_log();
  EXPECT_EQ(put(ring, pattern(200, 2)).offset_bytes(), 0U);
  EXPECT_EQ(fake_->calls("glNamedBufferData"), 1U);
  take(ring.retire(mark()));
}

// A hint by which drivers choose memory.
TEST_F(PrivateMemory, TheUsageOfABufferFollowsItsAccess) {
  start_on(Edit::traditional);
  const auto usage_of = [&](Access access) {
    fake_->clear_log();
    take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1, .access = access}));
    const auto calls = fake_->log_of("glNamedBufferData");
    return calls.size() == 1 ? static_cast<GLenum>(calls.front().values.at(3)) : GLenum{0};
  };
  EXPECT_EQ(usage_of(Access::sequential_write), GLenum{GL_STREAM_DRAW});
  EXPECT_EQ(usage_of(Access::read), GLenum{GL_STREAM_READ});
  EXPECT_EQ(usage_of(Access::bidirectional), GLenum{GL_DYNAMIC_COPY});
}

TEST_F(PrivateMemory, TransfersUseOnlyTheTraditionalCalls) {
  start_on(Edit::no_storage);
  const GLuint buffer = plain_buffer(256);
  const Bytes bytes = pattern(100, 5);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 10, bytes));
  EXPECT_EQ(updates(), 1U);
  Bytes found(100);
  take(pmb::download(*context_, buffer, 10, found));
  EXPECT_EQ(found, bytes);
  EXPECT_EQ(reads(), 1U);
  EXPECT_EQ(fake_->calls("glFenceSync"), 0U);
  EXPECT_EQ(fake_->calls("glGenBuffers"), 0U);
}

TEST_F(PrivateMemory, ImmutableBuffersThatTakeNoUpdateAreCopiedInto) {
  start_on(Edit::traditional);
  const Bytes bytes = pattern(64, 5);
  for (const GLbitfield flags : {GLbitfield{0}, static_cast<GLbitfield>(GL_DYNAMIC_STORAGE_BIT)}) {
    GLuint name = 0;
    gl_.CreateBuffers(1, &name);
    gl_.NamedBufferStorage(name, 64, nullptr, flags);
    own_buffers_.push_back(name);
    fake_->clear_log();
    take(pmb::upload(*context_, name, 0, bytes));
    EXPECT_EQ(calls("glCopyBufferSubData", "glCopyNamedBufferSubData"), flags == 0 ? 1U : 0U);
    Bytes found(64);
    take(pmb::download(*context_, name, 0, found));
    EXPECT_EQ(found, bytes);
  }
}

TEST_F(PrivateMemory, ShaderStoresAreFetchedAfterTheirBarrier) {
  start_on(Edit::no_storage);
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const auto pending = take(readback.acquire(64));
  fake_->shader_write(pending.buffer(), static_cast<std::int64_t>(pending.offset_bytes()), pattern(64, 9));
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 9));
  take(pending.release());
}

TEST_F(PrivateMemory, MobileDriversOrphanUploadsUnlessToldNotTo) {
  FakeConfig config = config_of(Edit::es);
  config.vendor = "ARM";
  config.renderer = "Mali-G78";
  start(config);
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).path, Path::orphaned);
  EXPECT_EQ(take(context_->plan(Access::read, 64)).path, Path::direct);
  static_cast<void>(ring_of(1024));
  EXPECT_EQ(maps(), 0U);
  EXPECT_TRUE(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})) << "mapped by its nature";
  pmb::Options options;
  options.disabled_quirks = {"mobile_orphaning"};
  start(config, options);
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).path, Path::direct);
}

TEST_F(PrivateMemory, APlanSaysThatPublishingCopies) {
  start_on(Edit::no_storage);
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    const pmb::Plan plan = take(context_->plan(access, 64));
    EXPECT_EQ(plan.path, Path::traditional);
    EXPECT_EQ(plan.model, Model::explicit_flush);
    EXPECT_EQ(plan.storage_flags | plan.map_flags, 0U);
  }
  start_on(Edit::orphaned);
  EXPECT_EQ(take(context_->plan(Access::read, 64)).path, Path::traditional)
      << "what the GPU wrote would go with the old storage";
}

TEST_F(PrivateMemory, OutOfMemoryIsTypedAndLeavesNothing) {
  start_on(Edit::no_storage);
  fake_->set_total_memory_bytes(1 << 20);
  const auto ring = pmb::UploadRing::create(*context_, {.capacity_bytes = 2 << 20});
  EXPECT_EQ(id_of(ring), ErrorId::storage_failed);
  EXPECT_STREQ(ring.error().gl_call, "glBufferData");
  EXPECT_EQ(fake_->live_buffers(), 0U);
  EXPECT_TRUE(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
}

}  // namespace
