// SPDX-License-Identifier: MIT
// upload() and download(): right bytes at every size, ordered after shader stores, and usable after failures.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;

constexpr std::size_t kPlanChunk = std::size_t{2} << 20;

/// Everything through rings of four pieces, with threads that a callback lends where there are any.
pmb::TransferPlan through_rings(std::uint32_t threads = 1) {
  pmb::TransferPlan plan;
  for (pmb::TransferDirection* way : {&plan.up, &plan.down}) {
    way->steps = {{.chunk_bytes = kPlanChunk, .threads = threads}};
    way->ring_bytes = 4 * kPlanChunk;
  }
  return plan;
}

class Transfer : public PmbPathTest {
 protected:
  void SetUp() override { restart({}); }
  void restart(pmb::Options options) {
    const pmb::Options path = options_of(GetParam().edit, GetParam().model);
    options.bind_to_edit = path.bind_to_edit;
    options.model = path.model;
    options.path = path.path;
    if (!options.transfer) options.transfer = std::make_shared<pmb::TransferPlan>(through_rings());
    start(config_of(GetParam().edit), std::move(options));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, Transfer, every_path(), path_name);

/// The paths on which transfers use mapped rings with their own fences.
class TransferRing : public Transfer {};
INSTANTIATE_TEST_SUITE_P(Paths, TransferRing, every_mapped_path(), path_name);

TEST_P(Transfer, UploadsEverySize) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{4097},
                                 kPlanChunk - 1, kPlanChunk, kPlanChunk + 1, 4 * kPlanChunk + 7}) {
    const GLuint buffer = plain_buffer(size + 10, filled(size + 10, 0).data());
    const Bytes bytes = pattern(size, size);
    take(pmb::upload(*context_, buffer, 5, bytes));
    const auto read = fake_->shader_read(buffer, 0, static_cast<std::int64_t>(size) + 10);
    gl_.Finish();
    Bytes expected = filled(size + 10, 0);
    std::copy(bytes.begin(), bytes.end(), expected.begin() + 5);
    EXPECT_TRUE(read->bytes() == expected) << size;
  }
}

TEST_P(Transfer, DownloadsEverySize) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{65}, kPlanChunk + 1, 4 * kPlanChunk + 7}) {
    const Bytes bytes = pattern(size + 10, size);
    const GLuint buffer = plain_buffer(size + 10, bytes.data());
    Bytes target(size);
    take(pmb::download(*context_, buffer, 5, target));
    EXPECT_TRUE(std::equal(target.begin(), target.end(), bytes.begin() + 5)) << size;
  }
}

TEST_P(Transfer, TheSourceIsFreeOnReturnAndEarlierCommandsSeeTheOldBytes) {
  const GLuint buffer = plain_buffer(256, pattern(256, 0).data());
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
  Bytes source;
  for (std::uint64_t number = 0; number < 200; ++number) {
    source = pattern(256, number);
    take(pmb::upload(*context_, buffer, 0, source));
    reads.push_back(fake_->shader_read(buffer, 0, 256));
  }
  gl_.Finish();
  for (std::uint64_t number = 0; number < reads.size(); ++number) {
    ASSERT_EQ(reads[number]->bytes(), pattern(256, number));
  }
}

// More bytes are in flight than the ring holds: it must wait for its own copies and not overwrite their sources.
TEST_P(Transfer, ManyLargeUploadsDoNotOverwriteEachOther) {
  const std::size_t size = kPlanChunk + 1000;
  std::vector<GLuint> buffers;
  for (std::uint64_t number = 0; number < 6; ++number) {
    buffers.push_back(plain_buffer(size));
    take(pmb::upload(*context_, buffers.back(), 0, pattern(size, number)));
  }
  gl_.Finish();
  for (std::uint64_t number = 0; number < 6; ++number) {
    EXPECT_TRUE(fake_->gpu_bytes(buffers[number]) == pattern(size, number)) << number;
  }
}

TEST_P(Transfer, DownloadsSeeShaderWrites) {
  const GLuint buffer = plain_buffer(256, filled(256, 0).data());
  Bytes target(256);
  take(pmb::download(*context_, buffer, 0, target));
  write_on_gpu(buffer, 0, pattern(256, 1));
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_EQ(target, pattern(256, 1));
}

TEST_P(TransferRing, WorksOnImmutableBuffersAndPersistentMappings) {
  auto mapped =
      take(pmb::MappedBuffer::create(*context_, {.size_bytes = 256, .access = Access::bidirectional}));
  take(pmb::upload(*context_, mapped.buffer(), 0, pattern(256, 1)));
  Bytes target(256);
  take(pmb::download(*context_, mapped.buffer(), 0, target));
  EXPECT_EQ(target, pattern(256, 1));
}

TEST_P(Transfer, BadRangesAndNamesAreRefused) {
  const GLuint buffer = plain_buffer(128);
  Bytes bytes(64);
  EXPECT_EQ(id_of(pmb::upload(*context_, buffer, 65, bytes)), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::upload(*context_, buffer, UINT64_MAX, bytes)), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 65, bytes)), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::upload(*context_, 4711, 0, bytes)), ErrorId::not_a_buffer);
  EXPECT_EQ(id_of(pmb::download(*context_, 4711, 0, bytes)), ErrorId::not_a_buffer);
  gl_.BindBuffer(GL_ARRAY_BUFFER, buffer);
  ASSERT_NE(gl_.MapBufferRange(GL_ARRAY_BUFFER, 0, 128, GL_MAP_WRITE_BIT), nullptr);
  EXPECT_EQ(id_of(pmb::upload(*context_, buffer, 0, bytes)), ErrorId::source_is_mapped);
  gl_.UnmapBuffer(GL_ARRAY_BUFFER);
  take(pmb::upload(*context_, buffer, 64, bytes));
}

// Every kind of failure once, and then it works again.
TEST_P(TransferRing, AnUploadWhoseFenceFailedDoesNotClogLaterOnes) {
  const GLuint buffer = plain_buffer(4 * kPlanChunk);
  take(pmb::upload(*context_, buffer, 0, pattern(64, 1)));
  const Bytes failed = pattern(kPlanChunk, 2);
  for (int i = 0; i < 6; ++i) {
    fake_->script("glFenceSync", 1, strict_gl::return_zero().for_ever());
    EXPECT_FALSE(pmb::upload(*context_, buffer, 0, failed));
    fake_->clear_script();
  }
  for (std::uint64_t i = 0; i < 6; ++i) {
    const auto answer = pmb::upload(*context_, buffer, 0, pattern(kPlanChunk, i));
    ASSERT_EQ(id_of(answer), ErrorId::none);
  }
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer, 0, kPlanChunk) == pattern(kPlanChunk, 5));
}

TEST_P(TransferRing, ADownloadThatFailedLeavesTheNextOneRight) {
  pmb::Options options;
  options.timeout = 1ms;
  restart(std::move(options));
  const std::size_t size = 3 * kPlanChunk;
  const GLuint buffer = plain_buffer(size, pattern(size, 1).data());
  Bytes target(size);
  take(pmb::download(*context_, buffer, 0, std::span(target).first(64)));
  fake_->script("glFenceSync", 2, strict_gl::return_zero());
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 0, target)), ErrorId::fence_is_null);
  fake_->clear_script();
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 0, target)), ErrorId::wait_timed_out);
  fake_->clear_script();
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_TRUE(target == pattern(size, 1));
}

TEST_P(TransferRing, AnOutOfMemoryRingIsATypedErrorAndIsRetried) {
  fake_->set_total_memory_bytes(1 << 20);
  const GLuint buffer = plain_buffer(128);
  Bytes bytes = pattern(64, 1);
  EXPECT_EQ(id_of(pmb::upload(*context_, buffer, 0, bytes)), ErrorId::storage_failed);
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 0, bytes)), ErrorId::storage_failed);
  fake_->set_total_memory_bytes(64 << 20);
  take(pmb::upload(*context_, buffer, 0, bytes));
  Bytes target(64);
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_EQ(target, bytes);
}

TEST_P(TransferRing, ItsOwnUseCausesNoReports) {
  restart(validating());
  const GLuint buffer = plain_buffer(256);
  Bytes target(256);
  for (std::uint64_t i = 0; i < 20; ++i) {
    take(pmb::upload(*context_, buffer, 0, pattern(256, i)));
    mark();
    take(pmb::download(*context_, buffer, 0, target));
    EXPECT_EQ(target, pattern(256, i));
  }
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(pmb::download(*context_, buffer, 0, target)), ErrorId::fence_is_null);
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

// On NVIDIA, an update overtakes copies and clears that were issued before it.
TEST_F(PmbTest, UploadsOnNvidiaNeverUpdateBuffersOfTheProgram) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.version_suffix = "NVIDIA 580.159.03";
  for (const std::optional<pmb::Path> path :
       {std::optional<pmb::Path>(), std::optional(pmb::Path::traditional)}) {
    pmb::Options options;
    options.path = path;
    start(config, options);
    for (const std::size_t size : {64U, 4096U, 200'000U}) {
      const GLuint buffer = plain_buffer(size);
      const auto known = take(pmb::BufferTarget::query(*context_, buffer));
      for (const bool by_name : {true, false}) {
        fake_->clear_log();
        const Bytes bytes = pattern(size, by_name ? 1 : 2);
        take(by_name ? pmb::upload(*context_, buffer, 0, bytes) : pmb::upload(*context_, known, 0, bytes));
        for (const auto& call : fake_->log_of("glNamedBufferSubData"))
          EXPECT_NE(call.values.at(0), static_cast<std::int64_t>(buffer)) << size;
        gl_.Finish();
        EXPECT_TRUE(fake_->gpu_bytes(buffer) == bytes);
      }
    }
  }
}

}  // namespace
