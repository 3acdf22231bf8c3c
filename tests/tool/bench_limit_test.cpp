// SPDX-License-Identifier: MIT
// The limit of `pmb bench`: CUDA, on a fake of its driver library, or else a memory copy.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

#include "bench/limits/limit.hpp"

namespace {

using namespace pmb::tool::bench;

constexpr Wire kEveryWire[] = {Wire::up,           Wire::down,          Wire::both,
                               Wire::pageable_up,  Wire::pageable_down, Wire::kernel_read,
                               Wire::kernel_write, Wire::kernel_both};

/// A function of the fake library, which stays loaded while a limit is open.
template <class Function>
Function* fake(const char* name) {
  void* const library = dlopen(PMB_FAKE_CUDA, RTLD_NOW | RTLD_NOLOAD);
  const auto found = reinterpret_cast<Function*>(dlsym(library, name));
  dlclose(library);
  return found;
}

TEST(BenchLimit, EveryWireMovesEveryByteThroughCudaAndFreesItsMemory) {
  std::string why;
  const auto limit = open_cuda_limit(0, why, PMB_FAKE_CUDA);
  ASSERT_NE(limit, nullptr) << why;
  EXPECT_EQ(limit->name(), "CUDA 13.0, Fake GPU");
  // One unit; fewer units than four per group; a length that fills no loop evenly.
  for (const std::uint64_t size : {16U, 4096U, 1'000'000U, 3U << 20}) {
    for (const Wire wire : kEveryWire) {
      ASSERT_TRUE(limit->describe(wire));
      auto method = limit->make({.wire = wire, .size_bytes = size, .operations = 2});
      ASSERT_TRUE(method) << method.error().message;
      const auto right = (*method)->verify();
      EXPECT_TRUE(right) << *limit->describe(wire) << ", " << size << ": " << right.error().message;
      EXPECT_TRUE((*method)->run(2));
    }
  }
  EXPECT_EQ(fake<int()>("fake_cuda_live_objects")(), 0);
}

TEST(BenchLimit, EveryWireCopiesInItsDirections) {
  std::string why;
  const auto limit = open_cuda_limit(0, why, PMB_FAKE_CUDA);
  ASSERT_NE(limit, nullptr) << why;
  const auto take_copied = fake<int(std::uint64_t*, std::uint64_t*)>("fake_cuda_take_copied");
  constexpr std::uint64_t kBytes = 4096;
  for (const Wire wire : kEveryWire) {
    auto method = limit->make({.wire = wire, .size_bytes = kBytes, .operations = 3});
    ASSERT_TRUE(method);
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    take_copied(&up, &down);
    ASSERT_TRUE((*method)->run(2));
    take_copied(&up, &down);
    const bool goes_up = wire == Wire::up || wire == Wire::pageable_up || wire == Wire::both;
    const bool goes_down = wire == Wire::down || wire == Wire::pageable_down || wire == Wire::both;
    EXPECT_EQ(up, goes_up ? 6 * kBytes : 0) << *limit->describe(wire);
    EXPECT_EQ(down, goes_down ? 6 * kBytes : 0) << *limit->describe(wire);
  }
}

TEST(BenchLimit, AMissingLibraryOrDeviceIsReportedAndThereIsNoCudaLimit) {
  std::string why;
  EXPECT_EQ(open_cuda_limit(0, why, "libno_such_cuda.so.1"), nullptr);
  EXPECT_NE(why.find("libno_such_cuda.so.1"), std::string::npos);
  EXPECT_EQ(open_cuda_limit(7, why, PMB_FAKE_CUDA), nullptr);
  EXPECT_NE(why.find("CUDA_ERROR_INVALID_VALUE"), std::string::npos);
  // A library without CUDA's functions.
  EXPECT_EQ(open_cuda_limit(0, why, "libc.so.6"), nullptr);
  EXPECT_NE(why.find("cuInit"), std::string::npos);
}

TEST(BenchLimit, TheMemoryCopyMovesEveryByteWithAnyNumberOfThreads) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    const auto limit = open_memory_limit(threads);
    for (const std::uint64_t size : {64U, 256U * 1024U, 5'000'000U}) {
      for (const Wire wire : kEveryWire) {
        if (!limit->describe(wire)) continue;
        auto method = limit->make({.wire = wire, .size_bytes = size, .operations = 3});
        ASSERT_TRUE(method);
        const auto right = (*method)->verify();
        EXPECT_TRUE(right) << right.error().message;
        EXPECT_TRUE((*method)->run(3));
      }
    }
    EXPECT_FALSE(limit->describe(Wire::pageable_up)) << "only CUDA has it";
  }
}

}  // namespace
