// SPDX-License-Identifier: MIT
// Copies past the caches and with streaming loads: every byte, at every alignment, with every instruction set that
// this machine has, and nothing outside. A missing store fence is not seen here: no run shows it reliably on x86.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <pmb/copy.hpp>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/platform.hpp"
#include "copy/stream_kernels.hpp"
#include "support/platform.hpp"

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::size_t kPiece = pmb::kCopyPieceBytes;

Bytes noise(std::size_t count, std::uint32_t seed) {
  Bytes bytes(count);
  for (std::byte& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<std::byte>(seed >> 24);
  }
  return bytes;
}

/// Memory between two pages that cannot be touched. Ranges are handed out at its very start or its very end.
class Fenced {
 public:
  explicit Fenced(std::size_t least) {
    page_ = pmb::detail::page_bytes();
    size_ = (least + page_ - 1) / page_ * page_;
    std::byte* const all = test_support::reserve_pages(size_ + 2 * page_);
    if (!all) throw std::runtime_error("no memory");
    first_ = all + page_;
    test_support::forbid_pages(all, page_);
    test_support::forbid_pages(first_ + size_, page_);
  }
  ~Fenced() { test_support::release_pages(first_ - page_, size_ + 2 * page_); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  std::span<std::byte> at_start(std::size_t skip, std::size_t size) { return {first_ + skip, size}; }
  std::span<std::byte> at_end(std::size_t skip, std::size_t size) {
    return {first_ + size_ - skip - size, size};
  }
  std::span<std::byte> all() { return {first_, size_}; }

 private:
  std::size_t page_ = 0;
  std::size_t size_ = 0;
  std::byte* first_ = nullptr;
};

/// Makes the kernels of one instruction set the ones in use.
class WithTarget {
 public:
  explicit WithTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~WithTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

std::vector<std::int64_t> targets_here() {
  std::vector<std::int64_t> found;
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const std::int64_t target = left & -left;
    const WithTarget with(target);
    // Sets that the kernels are not compiled for are answered by another one.
    if (std::string(pmb::stream_copy_target()) == hwy::TargetName(target)) found.push_back(target);
  }
  return found;
}

class StreamKernels : public testing::TestWithParam<std::int64_t> {
 protected:
  WithTarget with_{GetParam()};

  // Every skew of both sides within a line, at sizes around every step of the loops, against both page guards; the
  // bytes beside the target keep their value.
  static void expect_exact(pmb::detail::CopyHow how) {
    constexpr std::byte kGuard{0xA5};
    const Bytes data = noise(2048, 7);
    Fenced from(4096);
    Fenced to(4096);
    for (const std::size_t size :
         {0U, 1U, 15U, 63U, 64U, 65U, 127U, 128U, 191U, 255U, 256U, 257U, 319U, 511U, 513U, 1031U}) {
      for (std::size_t to_skew = 0; to_skew <= 64; to_skew += to_skew % 4 == 1 ? 3 : 1) {
        for (std::size_t from_skew = 0; from_skew <= 64; from_skew += from_skew % 8 == 1 ? 7 : 1) {
          for (const bool at_end : {false, true}) {
            const auto source = at_end ? from.at_end(from_skew, size) : from.at_start(from_skew, size);
            const auto target = at_end ? to.at_end(to_skew, size) : to.at_start(to_skew, size);
            if (size != 0) std::memcpy(source.data(), data.data(), size);
            std::ranges::fill(to.all(), kGuard);
            pmb::detail::copy_piece(target.data(), source.data(), size, how);
            ASSERT_TRUE(std::ranges::equal(target, std::span(data).first(size)))
                << size << " bytes, " << from_skew << " to " << to_skew;
            const auto outside = [&](std::byte byte) { return byte == kGuard; };
            ASSERT_TRUE(std::all_of(to.all().data(), target.data(), outside))
                << size << " bytes, " << from_skew << " to " << to_skew;
            ASSERT_TRUE(std::all_of(target.data() + size, to.all().data() + to.all().size(), outside))
                << size << " bytes, " << from_skew << " to " << to_skew;
          }
        }
      }
    }
  }
};

TEST_P(StreamKernels, StoresPastTheCachesAreExact) {
  expect_exact(pmb::detail::CopyHow::streaming_stores);
}

TEST_P(StreamKernels, StreamingLoadsAreExact) {
  expect_exact(pmb::detail::CopyHow::streaming_loads);
}

INSTANTIATE_TEST_SUITE_P(Targets, StreamKernels, testing::ValuesIn(targets_here()),
                         [](const auto& test) { return std::string(hwy::TargetName(test.param)); });

TEST(StreamCopy, UsesTheBestInstructionsOfThisMachine) {
  const auto all = targets_here();
  ASSERT_FALSE(all.empty());
  // Highway numbers better sets lower.
  EXPECT_STREQ(pmb::stream_copy_target(), hwy::TargetName(all.front()));
}

TEST(StreamCopy, BytesThatDoNotFitAreNotCopied) {
  Bytes small(10, std::byte{1});
  const Bytes large(11, std::byte{2});
  EXPECT_FALSE(pmb::copy_to_mapped(small, large));
  EXPECT_FALSE(pmb::copy_from_mapped(small, large));
  EXPECT_EQ(small, Bytes(10, std::byte{1}));
  EXPECT_TRUE(pmb::copy_to_mapped(small, {}));
  EXPECT_TRUE(pmb::copy_from_mapped({}, {}));
  EXPECT_EQ(small, Bytes(10, std::byte{1}));
}

// Whatever a callback does with the bodies, each byte is copied.
struct Callback {
  const char* name;
  pmb::ParallelFor run;
};

std::vector<Callback> callbacks() {
  return {{"None", {}},
          {"InOrder",
           [](std::size_t count, const auto& body) {
             for (std::size_t i = 0; i < count; ++i) body(i);
           }},
          {"InReverse",
           [](std::size_t count, const auto& body) {
             while (count > 0) body(--count);
           }},
          {"OnlyTheLast", [](std::size_t count, const auto& body) { body(count - 1); }},
          {"Nothing", [](std::size_t, const auto&) {}},
          {"Throwing",
           [](std::size_t, const auto& body) {
             body(0);
             throw std::runtime_error("no threads");
           }},
          {"ThrowingAtOnce", [](std::size_t, const auto&) { throw 42; }},
          {"Threads", [](std::size_t count, const auto& body) {
             std::vector<std::thread> threads;
             for (std::size_t i = 0; i < count; ++i) threads.emplace_back(body, i);
             for (std::thread& thread : threads) thread.join();
           }}};
}

class StreamCopyThreads : public testing::TestWithParam<Callback> {};

TEST_P(StreamCopyThreads, EverySizeAndAlignmentIsExact) {
  const Bytes data = noise(5 * kPiece, 3);
  Bytes target(data.size() + 256);
  for (const std::uint32_t threads : {1U, 2U, 3U, 8U}) {
    for (const std::size_t size :
         {std::size_t{100}, kPiece - 1, kPiece + 1, 2 * kPiece, 2 * kPiece + 63, 4 * kPiece + 129}) {
      for (const std::size_t skew : {0U, 1U, 63U}) {
        for (const int way : {0, 1, 2, 3}) {
          std::ranges::fill(target, std::byte{0x77});
          const pmb::CopyOptions options = {.parallel_for = &GetParam().run,
                                            .threads = threads,
                                            .streaming_from_bytes = way == 1 ? SIZE_MAX : 1,
                                            .slow_reads = way == 3};
          const std::span source = std::span(data).subspan(skew, size);
          const std::span there = std::span(target).subspan(64 + (skew * 5) % 64, size);
          const bool done = way < 2 ? pmb::copy_to_mapped(there, source, options)
                                    : pmb::copy_from_mapped(there, source, options);
          ASSERT_TRUE(done);
          ASSERT_TRUE(std::ranges::equal(there, source)) << size << " at " << skew << " on " << threads;
          ASSERT_EQ(*(there.data() - 1), std::byte{0x77});
          ASSERT_EQ(*(there.data() + size), std::byte{0x77});
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Callbacks, StreamCopyThreads, testing::ValuesIn(callbacks()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(StreamCopy, AsksForNoMoreThreadsThanPiecesOrThanAllowed) {
  std::size_t asked = 0;
  const pmb::ParallelFor run = [&](std::size_t count, const auto&) { asked = count; };
  const Bytes data = noise(3 * kPiece, 1);
  Bytes target(data.size());
  const auto count = [&](std::size_t size, std::uint32_t threads) {
    asked = 1;
    pmb::copy_to_mapped(target, std::span(data).first(size), {.parallel_for = &run, .threads = threads});
    return asked;
  };
  EXPECT_EQ(count(kPiece, 8), 1U);
  EXPECT_EQ(count(kPiece + 1, 8), 2U);
  EXPECT_EQ(count(3 * kPiece, 8), 3U);
  EXPECT_EQ(count(3 * kPiece, 2), 2U);
  EXPECT_EQ(count(3 * kPiece, 1), 1U);
  EXPECT_EQ(count(3 * kPiece, 0), 1U);
}

// No run of a program shows a missing store fence reliably; the machine code does.
TEST(StoreFence, IsTheInstructionOfThisArchitecture) {
#if defined(__x86_64__)
  constexpr std::array<unsigned char, 3> kWanted = {0x0F, 0xAE, 0xF8};  // sfence
#elif defined(__aarch64__)
  constexpr std::array<unsigned char, 4> kWanted = {0xBF, 0x33, 0x03, 0xD5};  // dmb osh
#else
  GTEST_SKIP() << "this architecture gets the standard library's fence";
  constexpr std::array<unsigned char, 1> kWanted = {};
#endif
  pmb::store_fence();
  // Its start alone: what follows in memory belongs to other functions.
  std::array<unsigned char, 24> code = {};
  std::memcpy(code.data(), reinterpret_cast<const void*>(&pmb::store_fence), code.size());
  bool found = false;
  for (std::size_t at = 0; at + kWanted.size() <= code.size(); ++at) {
    found = found || std::memcmp(code.data() + at, kWanted.data(), kWanted.size()) == 0;
  }
  EXPECT_TRUE(found);
}

}  // namespace
