// SPDX-License-Identifier: MIT
// A process runs out of address space: allocations fail with a typed error, the counts of bytes stay exact, and freed
// memory can be allocated again.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <set>
#include <vector>

#include "gl_fixture.hpp"
#include "support/live_mappings.hpp"

namespace gl_test {
namespace {

using pmb::MappedBuffer;
using pmb::Status;

#if !PMB_TEST_ADDRESS_SANITIZER  // its allocator ends the process instead of returning null

constexpr std::uint64_t kBlock = 24 << 20;
constexpr std::uint64_t kHeadroom = std::uint64_t{256} << 20;

// Allows this process `more` bytes of address space beyond what it has now.
bool limit_address_space(std::uint64_t more) {
  unsigned long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return false;
  const bool read = std::fscanf(file, "%lu", &pages) == 1;
  std::fclose(file);
  rlimit limit{};
  if (!read || getrlimit(RLIMIT_AS, &limit) != 0) return false;
  limit.rlim_cur = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + more;
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

class OutOfMemory : public GlTest {
 protected:
  void stream_in_a_ring_that_cannot_grow() {
    auto ring = pmb::UploadRing::create(
        context(), {.capacity_bytes = kBlock, .label = "ring", .max_capacity_bytes = 16 * kBlock});
    ASSERT_TRUE(ring);
    ASSERT_TRUE(limit_address_space(kHeadroom));
    std::vector<MappedBuffer> hogs;
    while (hogs.size() < 64) {
      auto hog = MappedBuffer::create(context(), {.size_bytes = kBlock, .label = "hog"});
      if (!hog) break;
      hogs.push_back(std::move(*hog));
    }
    ASSERT_LT(hogs.size(), 64u) << "the limit has no effect";
    const auto stream = [&](std::uint32_t seed) {
      const auto slice = ring->acquire(kBlock / 2, 64);
      ASSERT_TRUE(slice) << slice.error().message();
      const Bytes bytes = pattern(4096, seed);
      EXPECT_TRUE(slice->copy_from(bytes));
      ASSERT_TRUE(ring->publish(*slice, kBlock / 2));
      EXPECT_EQ(first_difference(contents(slice->buffer(), slice->offset_bytes(), 4096), bytes), -1);
      ASSERT_TRUE(ring->retire_issued());
    };
    for (std::uint32_t seed = 0; seed < 8; ++seed) stream(seed);
    EXPECT_EQ(ring->stats().growths, 0u);
    EXPECT_EQ(ring->stats().capacity_bytes, kBlock);
    const auto beyond = ring->acquire(kBlock + 64, 64);
    ASSERT_FALSE(beyond);
    EXPECT_TRUE(beyond.error().status == Status::out_of_memory || beyond.error().status == Status::map_failed)
        << beyond.error().message();
    stream(8);
    hogs.clear();
    const auto drained = ring->drain();
    ASSERT_TRUE(drained) << drained.error().message();
    EXPECT_TRUE(ring->acquire(kBlock + 64, 64)) << "there is memory again";
    EXPECT_EQ(ring->stats().growths, 1u);
    expect_no_gl_error();
    EXPECT_EQ(context().take_caller_error(), 0u);
  }

  void allocate_fail_free_and_retry() {
    ASSERT_TRUE(limit_address_space(kHeadroom));
    std::vector<MappedBuffer> buffers;
    std::set<std::uint32_t> names;
    const auto create = [&] {
      return MappedBuffer::create(context(), {.size_bytes = kBlock, .label = "block"});
    };
    const auto expect_exact_accounts = [&] {
      EXPECT_EQ(pmb::test::live_mappings(context()).size(), buffers.size());
      EXPECT_EQ(context().mapped_bytes(), buffers.size() * kBlock);
    };

    for (int round = 0; round < 2; ++round) {
      SCOPED_TRACE(round);
      while (buffers.size() < 64) {
        auto buffer = create();
        if (!buffer) {
          EXPECT_TRUE(buffer.error().status == Status::out_of_memory ||
                      buffer.error().status == Status::map_failed)
              << buffer.error().message();
          EXPECT_EQ(buffer.error().numbers[0], kBlock);
          break;
        }
        EXPECT_TRUE(names.insert(buffer->buffer()).second) << "a name is in use twice";
        const std::byte value{0x5A};
        ASSERT_TRUE(buffer->write(kBlock - 1, std::span(&value, 1)));
        buffers.push_back(std::move(*buffer));
      }
      ASSERT_GE(buffers.size(), 4u) << "nothing could be allocated to begin with";
      ASSERT_LT(buffers.size(), 64u) << "the limit has no effect";
      expect_exact_accounts();

      const std::size_t half = buffers.size() / 2;
      while (buffers.size() > half) {
        names.erase(buffers.back().buffer());
        ASSERT_TRUE(buffers.back().destroy());
        buffers.pop_back();
      }
      expect_exact_accounts();
      // As many as were freed, except for heap memory that went to other uses.
      auto retried = create();
      ASSERT_TRUE(retried) << retried.error().message();
      EXPECT_TRUE(names.insert(retried->buffer()).second) << "the retry answered a name in use";
      const Bytes bytes = pattern(4096, 1);
      ASSERT_TRUE(retried->write(kBlock - 4096, bytes));
      EXPECT_EQ(first_difference(contents(retried->buffer(), kBlock - 4096, 4096), bytes), -1);
      buffers.push_back(std::move(*retried));
      expect_exact_accounts();
    }
    expect_no_gl_error();
    EXPECT_EQ(context().take_caller_error(), 0u);
  }
};

TEST(OutOfMemoryDeathTest, AllocatingUntilFailureAndFreeingHalfMakesRoomAgain) {
  PMB_EXPECT_CHILD_PASSES({
    struct Steps : OutOfMemory {
      using OutOfMemory::allocate_fail_free_and_retry;
    };
    ChildFixture<Steps> child;
    // A software renderer: a GPU driver's address space must not be limited.
    child.open({.headless = {.software = true}});
    if (child.is_open()) child.allocate_fail_free_and_retry();
    child.finish();
  });
}

TEST(OutOfMemoryDeathTest, ARingThatCannotGrowCarriesBytesAndGrowsLater) {
  PMB_EXPECT_CHILD_PASSES({
    struct Steps : OutOfMemory {
      using OutOfMemory::stream_in_a_ring_that_cannot_grow;
    };
    ChildFixture<Steps> child;
    // A software renderer: a GPU driver's address space must not be limited. Validation would need memory for each slice.
    child.open({.headless = {.software = true}, .validate = false});
    if (child.is_open()) child.stream_in_a_ring_that_cannot_grow();
    child.finish();
  });
}

TEST(OutOfMemoryDeathTest, APoolIsMadeAsAWholeOrNotAtAll) {
  PMB_EXPECT_CHILD_PASSES({
    struct Steps : OutOfMemory {
      void run() {
        ASSERT_TRUE(limit_address_space(kHeadroom));
        const auto pool = pmb::BlockPool::create(context(), {.block_bytes = kBlock, .count = 64});
        ASSERT_FALSE(pool);
        EXPECT_TRUE(pool.error().status == Status::out_of_memory ||
                    pool.error().status == Status::map_failed);
        EXPECT_EQ(context().mapped_bytes(), 0u);
        EXPECT_TRUE(pmb::test::live_mappings(context()).empty());
        const auto smaller = pmb::BlockPool::create(context(), {.block_bytes = kBlock, .count = 4});
        EXPECT_TRUE(smaller) << "what the failed pool had taken was not given back";
      }
    };
    ChildFixture<Steps> child;
    child.open({.headless = {.software = true}});
    if (child.is_open()) child.run();
    child.finish();
  });
}

#endif

}  // namespace
}  // namespace gl_test
