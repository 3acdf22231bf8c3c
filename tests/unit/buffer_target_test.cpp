// SPDX-License-Identifier: MIT
// Buffers that pmb queried once, the uses that programs state for them, and how transfers are cut into chunks.
#include "copy/copy_queue.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::BufferTarget;
using pmb::Path;

Bytes part(const Bytes& bytes, std::size_t offset, std::size_t size) {
  return copy(std::span(bytes).subspan(offset, size));
}

class BufferTargets : public PmbPathTest {};
INSTANTIATE_TEST_SUITE_P(Paths, BufferTargets, every_path(), path_name);

TEST_P(BufferTargets, ARequestSeesWhatShadersWroteAndIsRefusedOutside) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint buffer = plain_buffer(1024);
  const auto known = take(BufferTarget::query(*context_, buffer));
  write_on_gpu(buffer, 0, pattern(1024, 1));
  const auto pending = take(ring.request(known, 256, 512));
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), part(pattern(1024, 1), 256, 512));
  take(pending.release());
  EXPECT_EQ(id_of(ring.request(known, 1000, 25)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(known, UINT64_MAX, 2)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(known, 0, 0)), ErrorId::zero_size);
  EXPECT_EQ(id_of(ring.request(BufferTarget(), 0, 1)), ErrorId::not_a_buffer);
  pmb::ReadbackRing none;
  EXPECT_EQ(id_of(none.request(known, 0, 1)), ErrorId::not_mapped);
}

TEST_P(BufferTargets, ARequestOfABufferThatShadersDoNotWriteMakesNoBarrier) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint buffer = plain_buffer(64, pattern(64, 2).data());
  const auto known = take(BufferTarget::query(*context_, buffer, pmb::BufferUse::no_shader_writes));
  fake_->clear_log();
  const auto pending = take(ring.request(known, 0, 64));
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 0U);
  EXPECT_EQ(fake_->calls("glIsBuffer"), 0U);
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 2));
  take(pending.release());
}

TEST_P(BufferTargets, UploadsAndAsynchronousDownloadsTakeThem) {
  const GLuint buffer = plain_buffer(256);
  const auto known = take(BufferTarget::query(*context_, buffer));
  take(pmb::upload(*context_, known, 0, pattern(256, 3)));
  take(take(timeline().mark()).wait(1s));
  const auto pending = take(pmb::download_async(*context_, known, 64, 128));
  Bytes target(128);
  take(pending.copy_to(target, 1s));
  EXPECT_EQ(target, part(pattern(256, 3), 64, 128));
  EXPECT_EQ(id_of(pmb::upload(*context_, known, 200, pattern(64, 1))), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::download_async(*context_, known, 200, 64)), ErrorId::range_outside);
}

TEST_P(BufferTargets, ADownloadOnALostContextFails) {
  if (!context_->limits().reset_notification) GTEST_SKIP() << "this context does not report its loss";
  const GLuint buffer = plain_buffer(64, pattern(64, 5).data());
  const auto known = take(BufferTarget::query(*context_, buffer));
  leaks_expected_ = true;
  fake_->lose_context();
  Bytes target(64);
  EXPECT_EQ(id_of(pmb::download(*context_, known, 0, target)), ErrorId::context_lost);
}

class BufferTargetPlan : public PmbTest {};

class OnNvidia : public PmbTest {
 protected:
  void start_with(std::optional<Path> path) {
    FakeConfig config;
    config.vendor = "NVIDIA Corporation";
    config.version_suffix = "NVIDIA 580.159.03";
    pmb::Options options;
    options.path = path;
    start(config, options);
  }
  /// Calls of glBufferSubData on this buffer that an upload makes.
  std::size_t sub_data_calls(GLuint buffer, pmb::BufferUse use, std::size_t size) {
    const auto known = take(BufferTarget::query(*context_, buffer, use));
    fake_->clear_log();
    take(pmb::upload(*context_, known, 0, pattern(size, size)));
    std::size_t found = 0;
    for (const auto& call : fake_->log_of("glNamedBufferSubData"))
      found += call.values.at(0) == static_cast<std::int64_t>(buffer) ? 1 : 0;
    gl_.Finish();
    EXPECT_EQ(fake_->gpu_bytes(buffer, 0, static_cast<std::int64_t>(size)), pattern(size, size));
    return found;
  }
};

TEST_F(OnNvidia, OnlySmallUploadOnlyBuffersAreWrittenByGlBufferSubData) {
  for (const std::optional<Path> path : {std::optional<Path>(), std::optional(Path::traditional)}) {
    start_with(path);
    const GLuint small = plain_buffer(64 << 10);
    EXPECT_EQ(sub_data_calls(small, pmb::BufferUse::upload_only, 4096), 1U);
    EXPECT_EQ(sub_data_calls(small, pmb::BufferUse::upload_only, 64 << 10), 1U);
    EXPECT_EQ(sub_data_calls(small, pmb::BufferUse::any, 4096), 0U);
    EXPECT_EQ(sub_data_calls(small, pmb::BufferUse::no_shader_writes, 4096), 0U);
    const GLuint large = plain_buffer(65 << 10);
    EXPECT_EQ(sub_data_calls(large, pmb::BufferUse::upload_only, 4096), 0U)
        << "longer uploads into it are copies, which glBufferSubData would overtake";
  }
}

TEST_F(OnNvidia, OnlySmallDownloadOnlyBuffersAreReadByGlGetBufferSubData) {
  for (const std::optional<Path> path : {std::optional<Path>(), std::optional(Path::traditional)}) {
    start_with(path);
    const auto reads = [&](std::size_t size, pmb::BufferUse use) {
      const GLuint buffer = plain_buffer(size, pattern(size, 1).data());
      const auto known = take(BufferTarget::query(*context_, buffer, use));
      fake_->clear_log();
      Bytes target(64);
      take(pmb::download(*context_, known, 0, target));
      EXPECT_EQ(target, part(pattern(size, 1), 0, 64));
      std::size_t found = 0;
      for (const auto& call : fake_->log_of("glGetNamedBufferSubData"))
        found += call.values.at(0) == static_cast<std::int64_t>(buffer) ? 1 : 0;
      return found;
    };
    EXPECT_EQ(reads(4096, pmb::BufferUse::download_only), 1U);
    EXPECT_EQ(reads(4096, pmb::BufferUse::any), 0U);
    EXPECT_EQ(reads(4096, pmb::BufferUse::upload_only), 0U);
    EXPECT_EQ(reads(64 << 10, pmb::BufferUse::download_only), 0U) << "the whole buffer would move";
  }
}

TEST_F(OnNvidia, ABufferThatGlBufferSubDataWritesGetsNoCopiesWhateverThePlanSays) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.version_suffix = "NVIDIA 580.159.03";
  pmb::Options options;
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->up.steps = {{.up_to_bytes = 1024, .path = Path::traditional}, {.chunk_bytes = 64 << 10}};
  start(config, options);
  const GLuint buffer = plain_buffer(64 << 10);
  EXPECT_EQ(sub_data_calls(buffer, pmb::BufferUse::upload_only, 512), 1U);
  EXPECT_EQ(sub_data_calls(buffer, pmb::BufferUse::upload_only, 32 << 10), 1U);
}

// Only uploads can leave stale data in the caches of readers.
TEST_F(OnNvidia, ReadersAfterGlBufferSubDataNeedABarrierAndDownloadsNeedNone) {
  start_with({});
  const GLuint buffer = plain_buffer(4096);
  const auto known = take(BufferTarget::query(*context_, buffer, pmb::BufferUse::no_shader_writes));
  Bytes target(4096);
  fake_->clear_log();
  take(pmb::download(*context_, known, 0, target));
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 0U);
  take(pmb::upload(*context_, known, 0, target));
  const auto barriers = fake_->log_of("glMemoryBarrier");
  ASSERT_EQ(barriers.size(), 1U);
  EXPECT_EQ(static_cast<GLbitfield>(barriers.front().values.at(0)), GLbitfield{GL_ALL_BARRIER_BITS});
}

TEST_F(OnNvidia, ADownloadOnlyBufferIsNeverWrittenByGlBufferSubData) {
  start_with({});
  const GLuint buffer = plain_buffer(4096);
  EXPECT_EQ(sub_data_calls(buffer, pmb::BufferUse::download_only, 4096), 0U);
}

TEST_F(OnNvidia, ALongDownloadOnTheTraditionalPathIsExact) {
  start_with(Path::traditional);
  constexpr std::size_t kSize = (5 << 20) + 77;
  const GLuint buffer = plain_buffer(kSize, pattern(kSize, 4).data());
  Bytes target(kSize);
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_TRUE(target == pattern(kSize, 4));
}

// A measured plan may use the raw GL call again from some size on.
TEST_F(BufferTargetPlan, EveryStepOfThePlanIsFollowed) {
  pmb::Options options;
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->up.steps = {{.up_to_bytes = 1024, .path = Path::traditional},
                             {.up_to_bytes = 4096, .chunk_bytes = 64 << 10},
                             {.path = Path::traditional, .chunk_bytes = 64 << 10}};
  start({}, std::move(options));
  const GLuint buffer = plain_buffer(16384);
  const auto known = take(BufferTarget::query(*context_, buffer));
  for (const auto& [size, updates] : {std::pair{1024, 1U}, {4096, 0U}, {8192, 1U}}) {
    const Bytes bytes = pattern(static_cast<std::size_t>(size), 3);
    fake_->clear_log();
    take(pmb::upload(*context_, known, 0, bytes));
    EXPECT_EQ(fake_->calls("glNamedBufferSubData"), updates) << size;
    fake_->clear_log();
    take(pmb::upload(*context_, buffer, 0, bytes));
    EXPECT_EQ(fake_->calls("glNamedBufferSubData"), updates) << size << " by name";
  }
}

class Chunks : public PmbTest {
 protected:
  static constexpr std::size_t kSize = 3 << 20;
  void start_chunked() {
    pmb::Options options;
    const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
    options.transfer = transfer_plan;
    for (pmb::TransferDirection* direction : {&transfer_plan->up, &transfer_plan->down}) {
      direction->steps = {{.chunk_bytes = 512 << 10}};
      direction->ring_bytes = 2 << 20;
    }
    start({}, std::move(options));
  }
};

TEST_F(Chunks, ADownloadInChunksMakesOneBarrierAndSeesShaderWrites) {
  start_chunked();
  const GLuint buffer = plain_buffer(kSize);
  fake_->shader_write(buffer, 0, pattern(kSize, 1));
  Bytes target(kSize);
  fake_->clear_log();
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_TRUE(target == pattern(kSize, 1));
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 1U);
  EXPECT_EQ(fake_->calls("glCopyNamedBufferSubData"), kSize / (512 << 10));
}

TEST_F(Chunks, OfAnUploadGrow) {
  start_chunked();
  const GLuint buffer = plain_buffer(kSize);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 0, pattern(kSize, 2)));
  std::int64_t before = 0;
  std::int64_t total = 0;
  for (const auto& call : fake_->log_of("glCopyNamedBufferSubData")) {
    const std::int64_t size = call.values.at(4);
    total += size;
    if (total < static_cast<std::int64_t>(kSize)) {
      EXPECT_GE(size, before);
    }
    before = size;
  }
  EXPECT_EQ(total, static_cast<std::int64_t>(kSize));
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer) == pattern(kSize, 2));
}

TEST(ChunkLengths, CoverEveryByteOnceAndNeverExceedThePlan) {
  for (const std::uint64_t chunk : {64U << 10U, 128U << 10U, 1U << 20U, 4U << 20U}) {
    for (const std::uint64_t size : {1U, 63U, 65U << 10U, 131073U, 1U << 20U, 8294400U, 67108864U}) {
      std::uint64_t up = 0;
      std::uint64_t chunks = 0;
      for (; up < size; ++chunks) {
        const std::uint64_t length = pmb::detail::upload_chunk(chunk, up, size - up);
        ASSERT_GT(length, 0U);
        ASSERT_LE(length, chunk);
        up += length;
      }
      EXPECT_EQ(up, size);
      EXPECT_LE(chunks, size / chunk + 5) << size << " bytes in chunks of " << chunk;
      std::uint64_t down = 0;
      for (chunks = 0; down < size; ++chunks) {
        const std::uint64_t length = pmb::detail::download_chunk(chunk, size - down);
        ASSERT_GT(length, 0U);
        ASSERT_LE(length, chunk);
        down += length;
      }
      EXPECT_EQ(down, size);
      EXPECT_LE(chunks, size / chunk + 8) << size << " bytes in chunks of " << chunk;
    }
  }
}

}  // namespace
