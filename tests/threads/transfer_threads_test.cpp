// SPDX-License-Identifier: MIT
// Large transfers on several threads: right bytes and no thread sanitizer findings, for any threads on which the
// callback runs the bodies.

#include <functional>
#include <memory>
#include <pmb/tune/transfer_plan.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fake_context.hpp"

namespace thread_test {
namespace {

constexpr std::size_t kChunk = 64 << 10;

std::vector<std::jthread> on_threads(std::size_t first, std::size_t count,
                                     const std::function<void(std::size_t)>& body) {
  std::vector<std::jthread> threads;
  for (std::size_t i = first; i < count; ++i) threads.emplace_back(body, i);
  return threads;
}

struct Lent {
  const char* name;
  pmb::ParallelFor run;
};

std::vector<Lent> ways() {
  return {{"OwnerAndOthers",
           [](std::size_t count, const auto& body) {
             const auto threads = on_threads(1, count, body);
             body(0);
           }},
          {"OthersOnly", [](std::size_t count, const auto& body) { on_threads(0, count, body); }},
          {"OwnerAfterOthers",
           [](std::size_t count, const auto& body) {
             on_threads(1, count, body);
             body(0);
           }},
          {"OwnerOnly",
           [](std::size_t count, const auto& body) {
             for (std::size_t i = 0; i < count; ++i) body(i);
           }},
          {"Nobody", [](std::size_t, const auto&) {}}};
}

class TransferThreads : public testing::TestWithParam<Lent> {
 protected:
  static pmb::Context open(std::uint64_t ring_bytes) {
    pmb::Options options;
    options.current_context = &strict_gl::FakeGl::current;
    options.parallel_for = GetParam().run;
    options.copy_threads = 4;
    const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
    options.transfer = transfer_plan;
    for (pmb::TransferDirection* way : {&transfer_plan->up, &transfer_plan->down}) {
      way->steps = {{.chunk_bytes = kChunk, .threads = 4}};
      way->ring_bytes = ring_bytes;
    }
    auto context = pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options));
    if (!context) throw std::runtime_error(context.error().message());
    return std::move(*context);
  }
};

TEST_P(TransferThreads, LargeTransfersAreExactInASmallRingAndInALargeOne) {
  FakeContext own(pmb::Model::explicit_flush, {});
  for (const std::uint64_t ring_bytes : {4 * kChunk, 64 * kChunk}) {
    pmb::Context context = open(ring_bytes);
    for (const std::size_t size : {3 * kChunk + 5, 40 * kChunk + 777}) {
      const auto bytes = pattern(size, static_cast<std::uint32_t>(size));
      auto target = take(pmb::MappedBuffer::create(context, {.size_bytes = size}));
      take(pmb::upload(context, target.buffer(), 0, bytes));
      std::vector<std::byte> found(size);
      take(pmb::download(context, target.buffer(), 0, found));
      EXPECT_TRUE(found == bytes) << size;
    }
  }
}

// After an error in the middle, no thread is still writing, the bytes in flight are settled, and the next transfer
// works.
TEST_P(TransferThreads, AFailureInTheMiddleLeavesNothingBehind) {
  FakeContext own(pmb::Model::coherent, {});
  pmb::Context context = open(4 * kChunk);
  const auto bytes = pattern(20 * kChunk, 1);
  auto target = take(pmb::MappedBuffer::create(context, {.size_bytes = bytes.size()}));
  std::vector<std::byte> found(bytes.size());
  take(pmb::upload(context, target.buffer(), 0, bytes));
  for (const std::uint32_t nth : {1U, 3U}) {
    own.fake().script("glFenceSync", nth, strict_gl::return_zero());
    EXPECT_FALSE(pmb::upload(context, target.buffer(), 0, bytes));
    own.fake().clear_script();
    own.fake().script("glFenceSync", nth, strict_gl::return_zero());
    EXPECT_FALSE(pmb::download(context, target.buffer(), 0, found));
    own.fake().clear_script();
    take(pmb::upload(context, target.buffer(), 0, bytes));
    take(pmb::download(context, target.buffer(), 0, found));
    EXPECT_TRUE(found == bytes);
    found.assign(found.size(), std::byte{0});
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, TransferThreads, testing::ValuesIn(ways()),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace thread_test
