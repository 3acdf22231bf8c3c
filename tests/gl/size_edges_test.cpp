// SPDX-License-Identifier: MIT
// Sizes where 32-bit arithmetic fails: exact 64-bit sizes or a typed error, and never more memory than the machine has.

#include <cstdint>
#include <limits>
#include <string>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"
#include "support/live_mappings.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::ErrorId;
using pmb::Status;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

class SizeEdges : public GlTest {
 protected:
  void SetUp() override {
    GlTest::SetUp();
    if (context_ && !IsSkipped()) PMB_NEEDS_BUFFER_STORAGE();
  }
  TestOptions test_options() const override { return {.spy = true}; }

  // Writes one byte and reads it back through the mapping.
  void expect_byte_holds(pmb::MappedBuffer& buffer, std::uint64_t offset, std::byte value) {
    ASSERT_TRUE(buffer.write(offset, std::span(&value, 1)));
    const pmb::Ticket ticket = mark();
    wait(ticket);
    std::byte found{};
    ASSERT_TRUE(buffer.read(offset, std::span(&found, 1), ticket));
    EXPECT_EQ(found, value);
  }

  void expect_exact(pmb::MappedBuffer& buffer, std::uint64_t size) {
    EXPECT_EQ(buffer.size_bytes(), size);
    EXPECT_EQ(buffer.raw_bytes().size(), size);
    EXPECT_EQ(parameter(buffer.buffer(), GL_BUFFER_SIZE), size);
    EXPECT_EQ(parameter(buffer.buffer(), GL_BUFFER_MAP_LENGTH), size);
    expect_byte_holds(buffer, 0, std::byte{0x11});
    expect_byte_holds(buffer, size - 1, std::byte{0x22});
    std::byte beyond{};
    const auto outside = buffer.write(size, std::span(&beyond, 1));
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error().id, ErrorId::range_outside);
  }
};

TEST_F(SizeEdges, SmallSizesAreExactUnderBothModels) {
  for (const pmb::Model model : {pmb::Model::coherent, pmb::Model::explicit_flush}) {
    for (const std::uint64_t size : {1u, 2u, 63u, 64u, 65u, 4095u, 4096u, 4097u}) {
      SCOPED_TRACE(std::to_string(size) + " bytes, " + to_string(model));
      auto buffer = pmb::MappedBuffer::create(
          context(), {.size_bytes = size, .access = Access::bidirectional, .model = model});
      ASSERT_TRUE(buffer) << buffer.error().message();
      expect_exact(*buffer, size);
      const Bytes bytes = pattern(size, static_cast<std::uint32_t>(size));
      ASSERT_TRUE(buffer->write(0, bytes));
      EXPECT_EQ(first_difference(contents(buffer->buffer(), 0, size), bytes), -1);
    }
  }
}

TEST_F(SizeEdges, RingsOfOddCapacityLendEveryByte) {
  for (const std::uint64_t size : {1u, 63u, 64u, 65u, 4095u, 4096u, 4097u}) {
    SCOPED_TRACE(std::to_string(size) + " bytes");
    auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = size});
    ASSERT_TRUE(ring) << ring.error().message();
    for (std::uint32_t round = 0; round < 3; ++round) {
      const auto slice = ring->acquire(size, 1);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_EQ(slice->raw_bytes().size(), size);
      const Bytes bytes = pattern(size, round);
      ASSERT_TRUE(slice->copy_from(bytes));
      ASSERT_TRUE(ring->publish(*slice, size));
      EXPECT_EQ(first_difference(contents(slice->buffer(), slice->offset_bytes(), size), bytes), -1);
      ASSERT_TRUE(ring->retire(mark()));
    }
    const auto larger = ring->acquire(size + 1, 1);
    ASSERT_FALSE(larger);
    EXPECT_EQ(larger.error().id, ErrorId::exceeds_ring);
    EXPECT_EQ(larger.error().numbers[0], size + 1);
    EXPECT_EQ(larger.error().numbers[1], size);
  }
}

class LargeSizes : public SizeEdges, public testing::WithParamInterface<std::uint64_t> {
 protected:
  void SetUp() override {
    SizeEdges::SetUp();
    if (configuration().path) GTEST_SKIP() << "mapped buffers of gigabytes are as without a forced path";
  }
};

// Around the sign bit of 32-bit sizes: exact, or a typed error that leaves nothing behind.
TEST_P(LargeSizes, AreExactOrRefusedWithATypedError) {
  const std::uint64_t size = GetParam();
  const std::uint64_t before = context().mapped_bytes();
  auto buffer = pmb::MappedBuffer::create(
      context(),
      {.size_bytes = size, .access = Access::bidirectional, .label = "large", .model = pmb::Model::coherent});
  const bool machine_backs_it = size <= context().memory_limit_bytes() - before;
  EXPECT_TRUE(machine_backs_it || !buffer);
  if (!buffer) {
    const pmb::Error& error = buffer.error();
    EXPECT_EQ(error.numbers[0], size);
    EXPECT_EQ(context().mapped_bytes(), before);
    EXPECT_TRUE(pmb::test::live_mappings(context()).empty());
    if (!machine_backs_it) {
      EXPECT_EQ(error.id, ErrorId::exceeds_memory);
    } else {
      EXPECT_TRUE(error.id == ErrorId::storage_failed || error.id == ErrorId::map_answered_null)
          << error.message();
    }
    // The context still works.
    auto small = pmb::MappedBuffer::create(
        context(), {.size_bytes = 4096, .access = Access::bidirectional, .model = pmb::Model::coherent});
    ASSERT_TRUE(small) << small.error().message();
    expect_exact(*small, 4096);
    return;
  }
  EXPECT_EQ(context().mapped_bytes(), before + size);
  expect_exact(*buffer, size);
  ASSERT_TRUE(buffer->destroy());
  EXPECT_EQ(context().mapped_bytes(), before);
}

INSTANTIATE_TEST_SUITE_P(AroundTheSignBit, LargeSizes,
                         testing::Values(2 * kGiB - 1, 2 * kGiB, 3 * kGiB, 4 * kGiB),
                         [](const testing::TestParamInfo<std::uint64_t>& size) {
                           return std::to_string(size.param) + "Bytes";
                         });

// llvmpipe has its own limit, and its error must be reported unchanged.
TEST_F(SizeEdges, OutOfMemoryOfTheDriverIsReportedWithItsGlError) {
  open({.headless = {.software = true}});
  if (!context_) return;
  if (context().driver().renderer.find("llvmpipe") == std::string::npos ||
      context().memory_limit_bytes() < 4 * kGiB)
    return;
  const auto buffer = pmb::MappedBuffer::create(context(), {.size_bytes = 4 * kGiB});
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().id, ErrorId::storage_failed);
  EXPECT_EQ(buffer.error().status, Status::out_of_memory);
  EXPECT_EQ(buffer.error().gl_error, static_cast<GLenum>(GL_OUT_OF_MEMORY));
  EXPECT_EQ(context().take_caller_error(), 0u) << "pmb's own error was taken for the caller's";
}

TEST_F(SizeEdges, MoreMemoryThanTheMachineHasIsRefusedBeforeAnyGlCall) {
  const std::uint64_t limit = context().memory_limit_bytes();
  ASSERT_GT(limit, 0u);
  ASSERT_LT(limit, std::uint64_t{1} << 60);
  GlSpy::clear();
  for (const std::uint64_t size : {limit + 1, limit * 2, std::uint64_t{1} << 62, (std::uint64_t{1} << 63) - 1,
                                   std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
    SCOPED_TRACE(std::to_string(size) + " bytes");
    const auto buffer = pmb::MappedBuffer::create(context(), {.size_bytes = size});
    ASSERT_FALSE(buffer);
    EXPECT_EQ(buffer.error().status, Status::too_large);
    const auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = size});
    ASSERT_FALSE(ring);
    EXPECT_EQ(ring.error().status, Status::too_large);
    const auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = size});
    ASSERT_FALSE(readback);
    EXPECT_EQ(readback.error().status, Status::too_large);
    const auto pool = pmb::BlockPool::create(context(), {.block_bytes = size, .count = 2});
    ASSERT_FALSE(pool);
    EXPECT_EQ(pool.error().status, Status::too_large);
  }
  EXPECT_EQ(GlSpy::names(), "");
  EXPECT_EQ(context().mapped_bytes(), 0u);
}

TEST_F(SizeEdges, ManySmallBuffersTogetherReachTheSameLimit) {
  open({.options = {.memory_limit_bytes = 1 << 20}, .spy = true});
  auto first = pmb::MappedBuffer::create(context(), {.size_bytes = 600 << 10});
  ASSERT_TRUE(first);
  GlSpy::clear();
  const auto second = pmb::MappedBuffer::create(context(), {.size_bytes = 600 << 10});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, ErrorId::exceeds_memory);
  EXPECT_EQ(second.error().numbers[0], 600u << 10);
  EXPECT_EQ(second.error().numbers[1], 1u << 20);
  EXPECT_EQ(second.error().numbers[2], 600u << 10);
  EXPECT_EQ(GlSpy::names(), "");
  // A pool whose last block does not fit leaves no other block behind.
  const auto pool = pmb::BlockPool::create(context(), {.block_bytes = 100 << 10, .count = 5});
  ASSERT_FALSE(pool);
  EXPECT_EQ(pmb::test::live_mappings(context()).size(), 1u);
  EXPECT_EQ(context().mapped_bytes(), 600u << 10);
  ASSERT_TRUE(first->destroy());
  EXPECT_TRUE(pmb::BlockPool::create(context(), {.block_bytes = 100 << 10, .count = 5}));
}

TEST_F(SizeEdges, PrefaultedBuffersWorkLikeOthers) {
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    auto buffer =
        pmb::MappedBuffer::create(context(), {.size_bytes = 1000001, .access = access, .prefault = true});
    ASSERT_TRUE(buffer) << buffer.error().message();
    EXPECT_EQ(buffer->size_bytes(), 1000001u);
  }
}

}  // namespace
}  // namespace gl_test
