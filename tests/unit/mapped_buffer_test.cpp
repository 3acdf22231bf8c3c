// SPDX-License-Identifier: MIT
// Mapped buffers: flags, reading and writing, flush arithmetic, adoption, and inertness.
#include <thread>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::MappedBuffer;

class MappedBufferTest : public PmbTest {};
class MappedBufferPath : public PmbPathTest {
 protected:
  std::vector<strict_gl::LoggedCall> flushes() const {
    const bool by_name = GetParam().edit == Edit::by_name;
    return fake_->log_of(by_name ? "glFlushMappedNamedBufferRange" : "glFlushMappedBufferRange");
  }
  const char* storage_call() const {
    return GetParam().edit == Edit::by_name ? "glNamedBufferStorage"
           : GetParam().edit == Edit::es    ? "glBufferStorageEXT"
                                            : "glBufferStorage";
  }
  const char* map_call() const {
    return GetParam().edit == Edit::by_name ? "glMapNamedBufferRange" : "glMapBufferRange";
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, MappedBufferPath, every_mapped_path(), path_name);

class FlushPath : public MappedBufferPath {};
INSTANTIATE_TEST_SUITE_P(Paths, FlushPath, every_flushing_path(), path_name);

// GL receives and reports the planned flags. The flush flag is used only at map time.
TEST_P(MappedBufferPath, GlReportsTheExactFlags) {
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    fake_->clear_log();
    const auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 100, .access = access}));
    const pmb::Plan& plan = buffer.plan();
    EXPECT_EQ(plan.model, GetParam().model);
    EXPECT_EQ(fake_->log_of(storage_call()).at(0).values.back(),
              static_cast<std::int64_t>(plan.storage_flags));
    EXPECT_EQ(fake_->log_of(map_call()).at(0).values.back(), static_cast<std::int64_t>(plan.map_flags));
    gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer.buffer());
    GLint flags = 0;
    gl_.GetBufferParameteriv(GL_COPY_READ_BUFFER, GL_BUFFER_STORAGE_FLAGS, &flags);
    EXPECT_EQ(static_cast<std::uint32_t>(flags), plan.storage_flags);
    gl_.GetBufferParameteriv(GL_COPY_READ_BUFFER, GL_BUFFER_ACCESS_FLAGS, &flags);
    EXPECT_EQ(static_cast<std::uint32_t>(flags), plan.map_flags);
    EXPECT_EQ(plan.storage_flags & GL_MAP_FLUSH_EXPLICIT_BIT, 0U);
    EXPECT_EQ((plan.map_flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0, explicit_flush() && access != Access::read);
  }
}

// Every mapping that GL permits is adopted or refused with a typed error, even where GL checks nothing.
TEST_F(MappedBufferTest, AdoptsEveryPublishableMappingAndRefusesTheRest) {
  for (const bool no_error : {false, true}) {
    FakeConfig config;
    config.no_error_context = no_error;
    start(config);
    for (std::uint32_t bits = 0; bits < 32; ++bits) {
      const auto pick = [&](std::uint32_t bit, GLbitfield flag) {
        return (bits >> bit & 1U) != 0 ? flag : 0;
      };
      const GLbitfield flags = pick(0, GL_MAP_READ_BIT) | pick(1, GL_MAP_WRITE_BIT) |
                               pick(2, GL_MAP_PERSISTENT_BIT) | pick(3, GL_MAP_COHERENT_BIT) |
                               pick(4, GL_MAP_FLUSH_EXPLICIT_BIT);
      const bool reads = (flags & GL_MAP_READ_BIT) != 0;
      const bool writes = (flags & GL_MAP_WRITE_BIT) != 0;
      const bool persistent = (flags & GL_MAP_PERSISTENT_BIT) != 0;
      const bool coherent = (flags & GL_MAP_COHERENT_BIT) != 0;
      const bool flushes = (flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0;
      const bool granted = (reads || writes) && (!coherent || persistent) && (!flushes || writes);
      if (!granted) continue;
      const auto own = map_own(256, 64, 128, flags);
      fake_->clear_violations();
      ASSERT_NE(own.pointer, nullptr) << pmb::flag_names(flags);
      const auto adopted = MappedBuffer::adopt(*context_, own);
      const bool publishable = persistent && !(coherent && flushes) && (!writes || coherent || flushes);
      EXPECT_EQ(id_of(adopted), publishable ? ErrorId::none : ErrorId::adopted_unpublishable)
          << pmb::flag_names(flags);
      if (!adopted) continue;
      EXPECT_EQ(adopted->plan().map_flags, flags);
      EXPECT_EQ(adopted->plan().model, coherent ? Model::coherent : Model::explicit_flush);
    }
  }
}

TEST_F(MappedBufferTest, AdoptedNumbersMustMatchGl) {
  start();
  const auto own = map_own(256, 64, 128, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT);
  auto wrong = own;
  wrong.offset_bytes = 0;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::adopted_not_mapped);
  wrong = own;
  wrong.size_bytes = 129;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::adopted_not_mapped);
  wrong = own;
  wrong.pointer = static_cast<std::byte*>(own.pointer) + 1;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::adopted_not_mapped);
  wrong = own;
  wrong.pointer = nullptr;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::adopted_not_mapped);
  wrong = own;
  wrong.buffer = 4711;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::not_a_buffer);
  wrong = own;
  wrong.size_bytes = 0;
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, wrong)), ErrorId::zero_size);
}

TEST_F(MappedBufferTest, AnAdoptedMappingStillBelongsToTheCaller) {
  start();
  const auto own = map_own(256, 0, 256, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT);
  {
    auto adopted = take(MappedBuffer::adopt(*context_, own));
    EXPECT_EQ(context_->mapped_bytes(), 0U) << "not pmb's memory";
    take(adopted.destroy());
    EXPECT_FALSE(adopted.is_mapped());
  }
  EXPECT_EQ(fake_->mapped_buffers(), 1U);
  EXPECT_EQ(fake_->calls("glDeleteBuffers"), 0U);
}

TEST_P(MappedBufferPath, WritesReachTheGpuExactly) {
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256}));
  const Bytes bytes = pattern(63, 1);
  take(buffer.write(65, bytes));
  const auto read = fake_->shader_read(buffer.buffer(), 65, 63);
  take(mark().wait(1s));
  EXPECT_EQ(read->bytes(), bytes);
  EXPECT_EQ(flushes().size(), explicit_flush() ? 1U : 0U);
  EXPECT_EQ(id_of(buffer.write(200, bytes)), ErrorId::range_outside);
  EXPECT_EQ(id_of(buffer.write(UINT64_MAX, bytes)), ErrorId::range_outside);
  take(buffer.write(256, {}));
}

TEST_P(MappedBufferPath, NothingToWriteOrFlushNeedsNoGl) {
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256}));
  fake_->clear_log();
  std::thread([&] {
    EXPECT_TRUE(buffer.write(0, {}));
    EXPECT_TRUE(buffer.flush(256, 0));
  }).join();
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_P(MappedBufferPath, ReadsOnlyAfterTheTicket) {
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256, .access = Access::bidirectional}));
  const Bytes result = pattern(100, 2);
  fake_->shader_write(buffer.buffer(), 10, result);
  const pmb::Ticket ticket = mark();
  Bytes target = filled(100, 0);
  EXPECT_EQ(id_of(buffer.read(10, target, ticket)), ErrorId::not_passed_yet);
  EXPECT_EQ(target, filled(100, 0)) << "nothing was copied";
  EXPECT_EQ(id_of(buffer.read(10, target, {})), ErrorId::stale_ticket);
  take(ticket.wait(1s));
  fake_->clear_log();
  // Nothing can have passed meanwhile that matters to this read.
  const pmb::Ticket later = mark();
  take(buffer.read(10, target, ticket));
  EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U);
  EXPECT_EQ(target, result);
  take(later.wait(1s));
  EXPECT_EQ(id_of(buffer.read(200, target, ticket)), ErrorId::range_outside);
}

TEST_P(MappedBufferPath, TheWrongDirectionIsRefusedAndReported) {
  start_validating();
  auto up = take(MappedBuffer::create(*context_, {.size_bytes = 256, .label = "up"}));
  auto down =
      take(MappedBuffer::create(*context_, {.size_bytes = 256, .access = Access::read, .label = "down"}));
  Bytes bytes(16);
  EXPECT_EQ(id_of(up.read(0, bytes, mark())), ErrorId::not_readable);
  EXPECT_EQ(id_of(down.write(32, bytes)), ErrorId::not_writable);
  EXPECT_EQ(id_of(down.flush(0, 16)), ErrorId::not_writable);
  ASSERT_EQ(reports_.size(), 3U);
  EXPECT_EQ(reports_[0].id, ErrorId::not_readable);
  EXPECT_EQ(reports_[1].id, ErrorId::not_writable);
  EXPECT_EQ(reports_[1].label, "down");
  EXPECT_EQ(reports_[1].begin, 32U);
  EXPECT_EQ(reports_[1].end, 48U);
}

// On an adopted mapping that starts at 128, the offsets passed to GL count from the mapping.
TEST_P(FlushPath, FlushOffsetsCountFromTheMapping) {
  const auto own =
      map_own(1024, 128, 512, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_FLUSH_EXPLICIT_BIT);
  auto adopted = take(MappedBuffer::adopt(*context_, own));
  EXPECT_EQ(adopted.offset_bytes(), 128U);
  const Bytes bytes = pattern(512, 3);
  std::copy(bytes.begin(), bytes.end(), adopted.raw_bytes().begin());
  fake_->clear_log();
  take(adopted.flush(0, 64));   // the first bytes
  take(adopted.flush(64, 64));  // adjacent
  take(adopted.flush(96, 64));  // overlapping
  take(adopted.flush(300, 0));  // empty
  take(adopted.flush(512, 0));  // empty at the very end
  take(adopted.flush(511, 1));  // the last byte
  EXPECT_EQ(id_of(adopted.flush(512, 1)), ErrorId::range_outside);
  EXPECT_EQ(id_of(adopted.flush(500, 13)), ErrorId::range_outside);
  EXPECT_EQ(id_of(adopted.flush(1, UINT64_MAX)), ErrorId::range_outside);
  ASSERT_EQ(flushes().size(), 4U);
  const std::int64_t expected[4][2] = {{0, 64}, {64, 64}, {96, 64}, {511, 1}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(flushes()[i].values[1], expected[i][0]);
    EXPECT_EQ(flushes()[i].values[2], expected[i][1]);
  }
  const Bytes gpu = fake_->gpu_bytes(own.buffer);
  for (std::size_t at = 0; at < gpu.size(); ++at) {
    const bool flushed = (at >= 128 && at < 128 + 160) || at == 128 + 511;
    ASSERT_EQ(gpu[at], flushed ? bytes[at - 128] : strict_gl::kNewGpuPoison) << at;
  }
}

TEST_P(MappedBufferPath, ARingOnAnAdoptedMappingFlushesWhereItsSlicesLie) {
  const GLbitfield flags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT |
                           (explicit_flush() ? GL_MAP_FLUSH_EXPLICIT_BIT : GL_MAP_COHERENT_BIT);
  const auto own = map_own(4096, 100, 3000, flags);
  auto ring = take(pmb::UploadRing::create_on(*context_, take(MappedBuffer::adopt(*context_, own))));
  for (std::uint64_t turn = 0; turn < 20; ++turn) {
    const Bytes bytes = pattern(300 + turn * 7, turn);
    const pmb::Slice slice = put(ring, bytes, 12);
    EXPECT_EQ(slice.offset_bytes() % 12, 0U) << "counted from the start of the GL buffer";
    EXPECT_GE(slice.offset_bytes(), 100U);
    EXPECT_LE(slice.offset_bytes() + slice.size_bytes(), 3100U);
    const auto read = draw(slice);
    take(ring.retire(mark()));
    gl_.Finish();
    ASSERT_EQ(read->bytes(), bytes) << turn;
  }
}

TEST_P(MappedBufferPath, DestroyedAndMovedFromBuffersAreInertAndReported) {
  start_validating();
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256, .label = "first"}));
  MappedBuffer moved = std::move(buffer);
  Bytes bytes(16);
  EXPECT_FALSE(buffer.is_mapped());
  EXPECT_TRUE(buffer.raw_bytes().empty());
  EXPECT_EQ(buffer.buffer(), 0U);
  EXPECT_EQ(id_of(buffer.write(0, bytes)), ErrorId::not_mapped);
  EXPECT_EQ(id_of(buffer.read(0, bytes, {})), ErrorId::not_mapped);
  EXPECT_EQ(id_of(buffer.flush(0, 1)), ErrorId::not_mapped);
  EXPECT_EQ(id_of(buffer.destroy()), ErrorId::not_mapped);
  EXPECT_EQ(reports_of(ErrorId::not_mapped), 4U);
  EXPECT_EQ(reports_[0].label, "first");
  auto& self = moved;
  moved = std::move(self);
  EXPECT_TRUE(moved.is_mapped()) << "moving onto itself changes nothing";
  take(moved.destroy());
  EXPECT_EQ(id_of(moved.destroy()), ErrorId::not_mapped);
  EXPECT_EQ(id_of(moved.write(0, bytes)), ErrorId::not_mapped);
  EXPECT_EQ(fake_->live_buffers(), 0U);
  const MappedBuffer empty;
  EXPECT_FALSE(empty.is_mapped());
  EXPECT_EQ(empty.size_bytes(), 0U);
}

TEST_P(MappedBufferPath, PrefaultingTouchesEveryPageAndChangesNothingVisible) {
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 3 * 4096, .prefault = true}));
  EXPECT_EQ(buffer.raw_bytes()[4096], std::byte{0});
  auto readable =
      take(MappedBuffer::create(*context_, {.size_bytes = 4096, .access = Access::read, .prefault = true}));
  EXPECT_TRUE(readable.is_mapped());
}

TEST_F(MappedBufferTest, TheOldContextNeedsTheBarrierForNonCoherentReads) {
  FakeConfig config;
  config.major = 3;
  config.minor = 3;
  config.extensions = {"GL_ARB_buffer_storage"};
  start(config);
  EXPECT_FALSE(context_->limits().memory_barrier);
  EXPECT_EQ(id_of(MappedBuffer::create(
                *context_, {.size_bytes = 64, .access = Access::read, .model = Model::explicit_flush})),
            ErrorId::barrier_missing);
  EXPECT_EQ(fake_->total_calls(), 0U);
  EXPECT_TRUE(MappedBuffer::create(*context_, {.size_bytes = 64, .access = Access::read}));
  const auto own = map_own(64, 0, 64, GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT);
  EXPECT_EQ(id_of(MappedBuffer::adopt(*context_, own)), ErrorId::barrier_missing);
}

// NVIDIA's flush alone leaves older bytes in the shaders' caches.
TEST_F(MappedBufferTest, ABarrierFollowsEveryFlushOnNvidia) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.version_suffix = "NVIDIA 580.159.03";
  for (const bool on : {true, false}) {
    pmb::Options options;
    options.model = Model::explicit_flush;
    if (!on) options.disabled_quirks = {"nvidia_flush_barrier"};
    start(config, options);
    auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256}));
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
    fake_->clear_log();
    take(buffer.write(3, pattern(64, 1)));
    put_and_retire(ring, pattern(64, 1));
    ASSERT_EQ(fake_->calls("glMemoryBarrier"), on ? 2U : 0U);
    if (!on) continue;
    EXPECT_EQ(fake_->log().at(0).name, "glFlushMappedNamedBufferRange");
    EXPECT_EQ(fake_->log().at(1).name, "glMemoryBarrier");
    EXPECT_EQ(static_cast<GLbitfield>(fake_->log().at(1).values.at(0)), GLbitfield{GL_ALL_BARRIER_BITS});
  }
}

}  // namespace
