// SPDX-License-Identifier: MIT
// Statistics, the comparison of methods, and the memory figures of `pmb bench`.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <sstream>
#include <vector>

#include "bench/measure.hpp"
#include "bench/process_memory.hpp"

namespace {

using namespace pmb::tool::bench;

TEST(BenchStatistics, MedianAndQuartilesAreThoseOfTheSortedSamples) {
  const Statistics odd = summarize(std::vector<double>{9, 1, 5, 3, 7});
  EXPECT_EQ(odd.median, 5);
  EXPECT_EQ(odd.first_quartile, 2);
  EXPECT_EQ(odd.third_quartile, 8);
  EXPECT_EQ(odd.spread(), 6);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 9);
  EXPECT_EQ(odd.samples, 5u);
  const Statistics even = summarize(std::vector<double>{4, 1, 3, 2});
  EXPECT_EQ(even.median, 2.5);
  EXPECT_EQ(even.first_quartile, 1.5);
  EXPECT_EQ(even.third_quartile, 3.5);
}

TEST(BenchStatistics, OneSampleHasNoSpreadAndNoneHasNothing) {
  const Statistics one = summarize(std::vector<double>{4});
  EXPECT_EQ(one.median, 4);
  EXPECT_EQ(one.spread(), 0);
  EXPECT_EQ(summarize({}).samples, 0u);
  EXPECT_EQ(summarize({}).median, 0);
}

TEST(BenchStatistics, OneSlowTurnMovesNeitherMedianNorSpread) {
  const Statistics calm = summarize(std::vector<double>{10, 11, 12, 13, 14, 15, 16});
  const Statistics hit = summarize(std::vector<double>{10, 11, 12, 13, 14, 15, 1600});
  EXPECT_EQ(calm.median, hit.median);
  EXPECT_EQ(calm.spread(), hit.spread());
}

TEST(BenchStatistics, RangesThatOverlapOrTouchDoNotDiffer) {
  const auto between = [](double first, double third) {
    return Statistics{.median = (first + third) / 2,
                      .first_quartile = first,
                      .third_quartile = third,
                      .samples = kLeastSamples};
  };
  EXPECT_FALSE(differ(between(1, 3), between(2, 4)));
  EXPECT_FALSE(differ(between(1, 2), between(2, 3)));
  EXPECT_TRUE(differ(between(1, 2), between(3, 4)));
  EXPECT_TRUE(differ(between(3, 4), between(1, 2)));
  Statistics few = between(3, 4);
  few.samples = kLeastSamples - 1;
  EXPECT_FALSE(differ(few, between(1, 2)));
}

Measurement method_of(const char* name, MethodKind kind, double median, double half_spread = 1) {
  Measurement method;
  method.method = name;
  method.kind = kind;
  method.wall = {.median = median,
                 .first_quartile = median - half_spread,
                 .third_quartile = median + half_spread,
                 .least = median - half_spread,
                 .most = median + half_spread,
                 .samples = 5};
  return method;
}

TEST(BenchComparison, RatiosAreToTheBestTraditionalMethodAndToTheLimit) {
  CaseResult result;
  result.methods = {method_of("slow", MethodKind::traditional, 400),
                    method_of("fast", MethodKind::traditional, 200), method_of("plan", MethodKind::plan, 50),
                    method_of("limit", MethodKind::limit, 40),
                    method_of("other", MethodKind::reference, 100)};
  compare_methods(result, 1000);
  EXPECT_EQ(best_traditional(result)->method, "fast");
  const Measurement& plan = result.methods[2];
  EXPECT_EQ(plan.vs_traditional, 4);
  EXPECT_TRUE(plan.ranked);
  EXPECT_EQ(plan.of_limit, 0.8);
  EXPECT_EQ(plan.gb_per_s, 20);
  EXPECT_EQ(result.methods[0].vs_traditional, 0.5);
  EXPECT_FALSE(result.methods[1].ranked) << "the best is not ranked against itself";
  EXPECT_FALSE(result.methods[3].of_limit);
  EXPECT_FALSE(result.methods[4].vs_traditional) << "references do not compete";
}

TEST(BenchComparison, DifferencesInsideTheSpreadAreNotRanked) {
  CaseResult result;
  result.methods = {method_of("traditional", MethodKind::traditional, 100, 8),
                    method_of("plan", MethodKind::plan, 110, 8)};
  compare_methods(result, 1);
  EXPECT_FALSE(result.methods[1].ranked);
  result.methods = {method_of("traditional", MethodKind::traditional, 100, 4),
                    method_of("plan", MethodKind::plan, 110, 4)};
  compare_methods(result, 1);
  EXPECT_TRUE(result.methods[1].ranked);
}

TEST(BenchComparison, MethodsWithoutFiguresAreNotCompared) {
  CaseResult result;
  result.methods = {method_of("broken", MethodKind::traditional, 1),
                    method_of("whole", MethodKind::traditional, 100),
                    method_of("plan", MethodKind::plan, 50)};
  result.methods[0].failure = pmb::tool::Failure{pmb::tool::kGpu, "no"};
  compare_methods(result, 1);
  EXPECT_EQ(best_traditional(result)->method, "whole");
  EXPECT_EQ(result.methods[2].vs_traditional, 2);
}

TEST(BenchMemory, ReadsTheKernelsFiguresOfThisProcess) {
  std::istringstream status("Name:\tpmb\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n");
  ProcessMemory memory;
  read_status(status, memory);
  EXPECT_EQ(memory.resident, 1024u * 1024);
  EXPECT_EQ(memory.peak_resident, 2048u * 1024);
  std::istringstream maps(
      "7f0000000000-7f0000001000 r--p 00000000 08:01 42 /usr/lib/libc.so.6\n"
      "7f0000100000-7f0000300000 rw-s 00000000 00:05 17                         /dev/nvidia0\n"
      "7f0000400000-7f0000401000 rw-s 00000000 00:05 18                         /dev/dri/renderD128\n"
      "7f0000500000-7f0000600000 rw-p 00000000 00:00 0 \n");
  read_maps(maps, memory);
  EXPECT_EQ(memory.device_mapped, 0x200000u + 0x1000u);
}

TEST(BenchMemory, ThePeakCountsMemoryThatWasFreedAgain) {
  if (!reset_peak()) GTEST_SKIP() << "the kernel refuses to reset the peak";
  const ProcessMemory before = process_memory();
  constexpr std::size_t kBytes = 64 << 20;
  // From the kernel: an allocator may keep freed memory.
  void* const touched = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(touched, MAP_FAILED);
  std::memset(touched, 'x', kBytes);
  munmap(touched, kBytes);
  const ProcessMemory after = process_memory();
  EXPECT_GE(after.peak_resident, before.resident + kBytes / 2);
  EXPECT_LT(after.resident, before.resident + kBytes / 2);
}

}  // namespace
