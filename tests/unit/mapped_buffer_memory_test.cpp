// SPDX-License-Identifier: MIT
// Mapped buffers and memory: sizes, the limit, and drivers that run out of memory or lose it.
#include "pmb_fixture.hpp"
#include "support/live_mappings.hpp"

namespace {

using namespace pmb_test;
using pmb::MappedBuffer;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

class MappedBufferLimit : public PmbTest {};
class MappedBufferMemory : public PmbPathTest {
 protected:
  const char* storage_call() const {
    return GetParam().edit == Edit::by_name ? "glNamedBufferStorage"
           : GetParam().edit == Edit::es    ? "glBufferStorageEXT"
                                            : "glBufferStorage";
  }
  const char* map_call() const {
    return GetParam().edit == Edit::by_name ? "glMapNamedBufferRange" : "glMapBufferRange";
  }
  const char* unmap_call() const {
    return GetParam().edit == Edit::by_name ? "glUnmapNamedBuffer" : "glUnmapBuffer";
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, MappedBufferMemory, every_mapped_path(), path_name);

TEST_P(MappedBufferMemory, SizesAreExactTo64Bits) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{63}, std::uint64_t{64}, std::uint64_t{65}, std::uint64_t{4095},
        std::uint64_t{4096}, std::uint64_t{4097}, 2 * kGiB - 1, 2 * kGiB, 3 * kGiB}) {
    const auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = size}));
    EXPECT_EQ(buffer.size_bytes(), size);
    EXPECT_EQ(buffer.raw_bytes().size(), size);
    EXPECT_EQ(context_->mapped_bytes(), size);
    EXPECT_EQ(fake_->memory_in_use_bytes(), static_cast<std::int64_t>(size));
    buffer.raw_bytes().front() = std::byte{1};
    buffer.raw_bytes().back() = std::byte{2};
  }
}

TEST_F(MappedBufferLimit, ImpossibleSizesNeverReachGl) {
  start({}, {.memory_limit_bytes = 8 * kGiB});
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 0})), ErrorId::zero_size);
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 4096 * kGiB})), ErrorId::exceeds_memory);
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 8 * kGiB + 1})), ErrorId::exceeds_memory);
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = UINT64_MAX})),
            ErrorId::exceeds_address_space);
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = std::uint64_t{1} << 63})),
            ErrorId::exceeds_address_space);
  EXPECT_EQ(fake_->total_calls(), 0U);
  EXPECT_EQ(context_->mapped_bytes(), 0U);
  EXPECT_EQ(take(MappedBuffer::create(*context_, {.size_bytes = 8 * kGiB})).size_bytes(), 8 * kGiB);
}

TEST_F(MappedBufferLimit, TheMachinesMemoryIsTheDefaultLimit) {
  start();
  EXPECT_EQ(context_->memory_limit_bytes(), pmb::detail::machine_memory_limit());
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 4096 * kGiB})), ErrorId::exceeds_memory);
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_F(MappedBufferLimit, TheLimitIncludesBytesAlreadyMapped) {
  start({}, {.memory_limit_bytes = 1000});
  auto first = take(MappedBuffer::create(*context_, {.size_bytes = 600}));
  const auto second = MappedBuffer::create(*context_, {.size_bytes = 401});
  ASSERT_EQ(id_of(second), ErrorId::exceeds_memory);
  EXPECT_EQ(second.error().status, Status::too_large);
  EXPECT_EQ(second.error().numbers[0], 401U);
  EXPECT_EQ(second.error().numbers[1], 1000U);
  EXPECT_EQ(second.error().numbers[2], 600U);
  EXPECT_EQ(take(MappedBuffer::create(*context_, {.size_bytes = 400})).size_bytes(), 400U);
  take(first.destroy());
  EXPECT_EQ(take(MappedBuffer::create(*context_, {.size_bytes = 1000})).size_bytes(), 1000U);
}

// The driver reports out-of-memory correctly.
TEST_P(MappedBufferMemory, OutOfMemoryIsATypedErrorAndLeavesNothing) {
  fake_->set_total_memory_bytes(4096);
  const auto refused = MappedBuffer::create(*context_, {.size_bytes = 8192});
  ASSERT_EQ(id_of(refused), ErrorId::storage_failed);
  EXPECT_EQ(refused.error().status, Status::out_of_memory);
  EXPECT_EQ(refused.error().gl_error, static_cast<std::uint32_t>(GL_OUT_OF_MEMORY));
  EXPECT_STREQ(refused.error().gl_call, storage_call());
  EXPECT_EQ(fake_->live_buffers(), 0U);
  EXPECT_EQ(context_->mapped_bytes(), 0U);
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR)) << "pmb's own error is taken out";
  EXPECT_EQ(take(MappedBuffer::create(*context_, {.size_bytes = 4096})).size_bytes(), 4096U);
}

// After GL_OUT_OF_MEMORY the name is immutable with size 0; only a new one can hold storage.
TEST_P(MappedBufferMemory, TheRetryAfterOutOfMemoryUsesANewName) {
  fake_->script(storage_call(), 1, strict_gl::fail_with(GL_OUT_OF_MEMORY));
  const auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 4096}));
  EXPECT_EQ(buffer.size_bytes(), 4096U);
  EXPECT_EQ(fake_->calls(storage_call()), 2U);
  EXPECT_EQ(fake_->calls("glFenceSync"), 1U) << "deleted storage is freed once its commands are done";
  EXPECT_EQ(fake_->calls("glDeleteBuffers"), 1U);
  EXPECT_EQ(fake_->live_buffers(), 1U);
}

TEST_P(MappedBufferMemory, AllocateUntilFailureFreeHalfRetry) {
  fake_->set_total_memory_bytes(64 * 1024);
  std::vector<MappedBuffer> buffers;
  for (;;) {
    auto buffer = MappedBuffer::create(*context_, {.size_bytes = 4096});
    if (!buffer) {
      EXPECT_EQ(buffer.error().status, Status::out_of_memory);
      break;
    }
    buffers.push_back(std::move(*buffer));
  }
  EXPECT_EQ(buffers.size(), 16U);
  EXPECT_EQ(fake_->live_buffers(), 16U);
  buffers.resize(8);
  EXPECT_EQ(fake_->live_buffers(), 8U);
  for (int i = 0; i < 8; ++i) buffers.push_back(take(MappedBuffer::create(*context_, {.size_bytes = 4096})));
  EXPECT_EQ(context_->mapped_bytes(), 16U * 4096);
  EXPECT_EQ(fake_->mapped_buffers(), 16U);
}

TEST_P(MappedBufferMemory, OtherStorageErrorsAreAttributedToTheDriver) {
  fake_->script(storage_call(), 1, strict_gl::fail_with(GL_INVALID_VALUE));
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 4096})), ErrorId::storage_rejected);
  EXPECT_EQ(fake_->live_buffers(), 0U);
}

TEST_P(MappedBufferMemory, StorageThatSilentlyHasTheWrongSizeIsOutOfMemory) {
  fake_->script(storage_call(), 1, strict_gl::return_zero().for_ever());
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 4096})), ErrorId::storage_failed);
  EXPECT_EQ(fake_->live_buffers(), 0U);
}

// With and without a GL error.
TEST_P(MappedBufferMemory, ANullMapOnTheNthCallFailsAsAWholeAndReleasesEverything) {
  constexpr std::uint32_t kCount = 6;
  for (const bool with_error : {false, true}) {
    for (std::uint64_t nth = 1; nth <= kCount; ++nth) {
      fake_->script(map_call(), nth,
                    with_error ? strict_gl::fail_with(GL_OUT_OF_MEMORY) : strict_gl::return_zero());
      const auto pool = pmb::BlockPool::create(*context_, {.block_bytes = 256, .count = kCount});
      ASSERT_EQ(id_of(pool), ErrorId::map_answered_null) << nth;
      EXPECT_EQ(pool.error().status, Status::map_failed);
      EXPECT_EQ(pool.error().gl_error,
                static_cast<std::uint32_t>(with_error ? GL_OUT_OF_MEMORY : GL_NO_ERROR));
      EXPECT_EQ(fake_->live_buffers(), 0U);
      EXPECT_EQ(context_->mapped_bytes(), 0U);
      EXPECT_TRUE(pmb::test::live_mappings(*context_).empty());
      fake_->clear_script();
    }
  }
  EXPECT_TRUE(pmb::BlockPool::create(*context_, {.block_bytes = 256, .count = kCount}));
}

TEST_P(MappedBufferMemory, AFalseUnmapIsReportedAsDataLoss) {
  start_validating();
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256, .label = "frame"}));
  const GLuint name = buffer.buffer();
  fake_->script(unmap_call(), 1, strict_gl::return_zero());
  const auto answer = buffer.destroy();
  EXPECT_EQ(id_of(answer), ErrorId::unmap_lost_data);
  EXPECT_EQ(status_of(answer), Status::data_lost);
  ASSERT_EQ(reports_of(ErrorId::unmap_lost_data), 1U);
  EXPECT_EQ(reports_[0].label, "frame");
  EXPECT_EQ(reports_[0].buffer, name);
  EXPECT_EQ(reports_[0].end, 256U);
  EXPECT_FALSE(log_lines_.empty());
  EXPECT_FALSE(buffer.is_mapped());
  EXPECT_EQ(id_of(buffer.destroy()), ErrorId::not_mapped);
  EXPECT_EQ(fake_->live_buffers(), 0U) << "not reused";
}

TEST_P(MappedBufferMemory, AFalseUnmapInADestructorIsReportedToo) {
  start_validating();
  {
    const auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 256}));
    fake_->script(unmap_call(), 1, strict_gl::return_zero());
  }
  EXPECT_EQ(reports_of(ErrorId::unmap_lost_data), 1U);
}

}  // namespace
