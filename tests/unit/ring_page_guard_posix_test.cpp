// SPDX-License-Identifier: MIT
// Rings under the page guard: each misuse of a raw pointer is reported at the instruction, and right use stays silent.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include "base/platform.hpp"
#include "pmb_fixture.hpp"
#include "support/address_sanitizer.hpp"
#include "support/platform.hpp"

namespace {

using namespace pmb_test;
using pmb::ReadbackRing;
using pmb::Slice;
using pmb::UploadRing;

/// Who reads and writes mapped bytes for GL.
enum class Gpu : std::uint8_t {
  hardware,  ///< A device, which page protection does not concern.
  software,  ///< Threads of the driver.
};

class RingPageGuard : public PmbTest, public testing::WithParamInterface<Gpu> {
 protected:
  void SetUp() override { start_guarded({.page_guard = true}); }
  void start_guarded(pmb::Options options) {
    FakeConfig config;
    config.gpu_has_own_addresses = is_hardware();
    if (!is_hardware()) config.renderer = "llvmpipe";
    options.model = Model::coherent;
    start(config, validating(std::move(options)));
  }
  static bool is_hardware() { return GetParam() == Gpu::hardware; }
  static std::uint64_t page() { return pmb::detail::page_bytes(); }

  UploadRing ring_of(std::uint64_t pages) {
    return take(UploadRing::create(*context_, {.capacity_bytes = pages * page(), .label = "vertices"}));
  }
  ReadbackRing readbacks_of(std::uint64_t pages) {
    return take(ReadbackRing::create(*context_, {.capacity_bytes = pages * page(), .label = "results"}));
  }
  /// Waits until the slice is free, and lets the ring notice that.
  void reclaim(UploadRing& ring, const Slice& slice) {
    const pmb::Ticket ticket = mark();
    take(ring.retire(slice, ticket));
    take(ticket.wait(1s));
    take(ring.cancel(take(ring.acquire(64))));
  }
  /// The only report so far, of a fault: it has the stack of the access and no line of a call.
  void expect_fault(ErrorId id, std::uint64_t begin, std::uint64_t end) {
    ASSERT_EQ(reports_.size(), 1U) << reports_.back().message;
    EXPECT_EQ(reports_[0].id, id) << reports_[0].message;
    EXPECT_EQ(reports_[0].begin, begin);
    EXPECT_EQ(reports_[0].end, end);
    EXPECT_FALSE(reports_[0].label.empty());
    EXPECT_EQ(reports_[0].noticed_at.line(), 0U);
    EXPECT_FALSE(reports_[0].noticed_stack.empty());
    reports_.clear();
  }
};
INSTANTIATE_TEST_SUITE_P(Gpus, RingPageGuard, testing::Values(Gpu::hardware, Gpu::software),
                         [](const auto& gpu) {
                           return gpu.param == Gpu::hardware ? "Hardware" : "Software";
                         });

void write_byte(std::span<std::byte> bytes, std::uint64_t at) {
  *const_cast<volatile std::byte*>(&bytes[at]) = std::byte{77};
}
std::byte read_byte(std::span<const std::byte> bytes, std::uint64_t at) {
  return *const_cast<const volatile std::byte*>(&bytes[at]);
}

TEST_P(RingPageGuard, AWriteAfterThePublishIsReportedWithItsStack) {
  auto ring = ring_of(16);
  const auto where = std::source_location::current();
  const Slice slice = take(ring.acquire(4 * page()));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 4 * page()));
  EXPECT_EQ(read_byte(bytes, page()), std::byte{1}) << "reads are legal";
  write_byte(bytes, page() + 5);
  EXPECT_EQ(read_byte(bytes, page() + 5), std::byte{77}) << "the program goes on";
  EXPECT_TRUE(reports_.empty());
  const auto ticket = mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].acquired_at.line(), where.line() + 1);
  expect_fault(ErrorId::written_after_publish, slice.offset_bytes() + page() + 5,
               slice.offset_bytes() + page() + 6);
  write_byte(bytes, 2 * page());
  take(ring.retire(ticket));
  EXPECT_TRUE(reports_.empty()) << "once a slice";
}

TEST_P(RingPageGuard, OneInstructionThatRunsThroughManyPagesIsOneReport) {
  auto ring = ring_of(32);
  const Slice slice = put(ring, pattern(10 * page(), 1));
  std::byte* const stale = ring.mapped_buffer().raw_bytes().data() + slice.offset_bytes();
  const std::uint64_t offset = slice.offset_bytes();
  reclaim(ring, slice);
  // The next slice opened the first page.
  for (std::uint64_t at = page(); at < 10 * page(); at += 64) write_byte({stale, 10 * page()}, at);
  mark();
  expect_fault(ErrorId::stale_slice, offset + page(), offset + 9 * page() + 1);
}

TEST_P(RingPageGuard, BytesBesideTheWholePagesAreWatchedByTheCopy) {
  auto ring = ring_of(16);
  take(ring.cancel(take(ring.acquire(1))));
  const Slice before = put(ring, pattern(64, 1));
  const Slice slice = take(ring.acquire(3 * page(), 64));
  ASSERT_NE(slice.offset_bytes() % page(), 0U);
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 3 * page()));
  for (const std::uint64_t at : {std::uint64_t{3}, 3 * page() - 2}) write_byte(bytes, at);
  mark();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].id, ErrorId::written_after_publish);
  EXPECT_EQ(reports_[0].begin, slice.offset_bytes() + 3);
  EXPECT_EQ(reports_[0].end, slice.offset_bytes() + 3 * page() - 1);
  EXPECT_NE(reports_[0].noticed_at.line(), 0U) << "noticed by the mark";
  take(ring.retire(mark()));
  EXPECT_FALSE(before.is_live());
}

TEST_P(RingPageGuard, AStalePointerIsReported) {
  auto ring = ring_of(8);
  const Slice slice = take(ring.acquire(4 * page()));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 4 * page()));
  const std::uint64_t offset = slice.offset_bytes();
  reclaim(ring, slice);
  write_byte(bytes, page());
  mark();
  expect_fault(ErrorId::stale_slice, offset + page(), offset + page() + 1);
  read_byte(bytes, 2 * page());
  mark();
  if (is_hardware()) {
    expect_fault(ErrorId::stale_slice, offset + 2 * page(), offset + 2 * page() + 1);
  } else {
    EXPECT_TRUE(reports_.empty()) << "threads of the driver may read here";
  }
}

TEST_P(RingPageGuard, APointerIntoACancelledSliceIsReported) {
  auto ring = ring_of(8);
  const Slice slice = take(ring.acquire(2 * page()));
  const auto bytes = slice.raw_bytes();
  take(ring.cancel(slice));
  write_byte(bytes, 0);
  mark();
  expect_fault(ErrorId::stale_slice, 0, 1);
}

TEST_P(RingPageGuard, AWrittenViewIsReported) {
  auto ring = readbacks_of(8);
  const Bytes bytes = pattern(4 * page(), 1);
  const GLuint source = plain_buffer(bytes.size(), bytes.data());
  const auto pending = take(ring.request(source, 0, bytes.size()));
  mark();
  const auto view = take(pending.wait(1s)).bytes();
  EXPECT_EQ(copy(view), bytes);
  write_byte({const_cast<std::byte*>(view.data()), view.size()}, 7);
  mark();
  expect_fault(ErrorId::view_written, pending.offset_bytes() + 7, pending.offset_bytes() + 8);
  take(pending.release());
}

TEST_P(RingPageGuard, BytesOfAReadbackAreReportedBeforeItsArrivalAndAfterItsRelease) {
  auto ring = readbacks_of(4);
  const GLuint source = plain_buffer(4 * page());
  const auto first = take(ring.request(source, 0, 4 * page()));
  mark();
  const auto stale = take(first.wait(1s)).bytes();
  take(first.release());
  read_byte(stale, 9);
  mark();
  // Threads of a software driver write here at these times, so that every access is legal.
  if (is_hardware()) expect_fault(ErrorId::view_after_release, 9, 10);

  const auto second = take(ring.request(source, 0, 4 * page()));
  ASSERT_EQ(second.offset_bytes(), 0U);
  read_byte(stale, page());
  mark();
  if (is_hardware()) expect_fault(ErrorId::read_before_arrival, page(), page() + 1);
  take(second.wait(1s));
  read_byte(stale, page());
  take(second.release());
  EXPECT_TRUE(reports_.empty());
}

TEST_P(RingPageGuard, ASystemCallFillsAnAcquiredSliceAndFailsOnAPublishedOne) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  const Bytes sent = pattern(3 * page(), 5);
  auto ring = ring_of(8);
  for (int turn = 0; turn < 5; ++turn) {
    const Slice slice = take(ring.acquire(3 * page()));
    const auto bytes = slice.raw_bytes();
    ASSERT_EQ(write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    ASSERT_EQ(read(ends[0], bytes.data(), bytes.size()), static_cast<ssize_t>(sent.size()));
    take(ring.publish(slice, sent.size()));
    const auto shown = draw(slice);
    ASSERT_EQ(write(ends[1], bytes.data(), 8), 8) << "published bytes may be sent";
    ASSERT_EQ(read(ends[0], bytes.data(), 8), -1) << "the pipe is empty now, and a second read would hang";
    EXPECT_EQ(errno, EFAULT);
    std::array<char, 8> rest = {};
    EXPECT_EQ(read(ends[0], rest.data(), rest.size()), 8);
    const auto ticket = mark();
    take(ring.retire(ticket));
    take(ticket.wait(1s));
    EXPECT_EQ(shown->bytes(), sent);
  }
  for (const int end : ends) close(end);
  EXPECT_TRUE(reports_.empty());
}

TEST_P(RingPageGuard, CorrectUseIsSilentAndNoByteIsLost) {
  auto ring = ring_of(24);
  auto readbacks = readbacks_of(24);
  for (std::uint64_t turn = 0; turn < 60; ++turn) {
    const std::uint64_t size = (turn % 5 + 1) * page() + turn * 17;
    const Bytes bytes = pattern(size, turn);
    // Threads fill an arena, and the program a slice.
    const auto arena = take(ring.lend(2 * page()));
    {
      std::array<std::jthread, 2> threads;
      for (std::jthread& thread : threads) {
        thread = std::jthread([&] { std::ranges::fill(arena.take(page() / 2)->bytes, std::byte{3}); });
      }
    }
    const Slice slice = put(ring, bytes);
    const Slice filled = take(ring.publish(arena));
    const auto shown = draw(slice);
    const auto shown_arena = draw(filled);
    const auto pending = take(readbacks.request(slice.buffer(), slice.offset_bytes(), size));
    const auto written = take(readbacks.acquire(size));
    write_into(written, bytes);
    take(ring.retire(mark()));
    EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), bytes);
    EXPECT_EQ(copy(take(written.wait(1s)).bytes()), bytes);
    EXPECT_EQ(shown->bytes(), bytes);
    EXPECT_EQ(shown_arena->bytes()[0], std::byte{3});
    take(pending.release());
    take(written.release());
  }
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

TEST_P(RingPageGuard, AMappingOfTheProgramsIsWatchedByCopies) {
  const auto size = static_cast<std::int64_t>(8 * page());
  auto adopted = take(pmb::MappedBuffer::adopt(
      *context_, map_own(size, 0, size, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT)));
  auto ring = take(UploadRing::create_on(*context_, std::move(adopted), {}));
  const Slice slice = take(ring.acquire(4 * page()));
  const auto bytes = slice.raw_bytes();
  EXPECT_TRUE(slice.fill(std::byte{1}));
  take(ring.publish(slice, 4 * page()));
  write_byte(bytes, page());
  const auto ticket = mark();
  ASSERT_EQ(reports_of(ErrorId::written_after_publish), 1U);
  EXPECT_NE(reports_[0].noticed_at.line(), 0U);
  take(ring.retire(ticket));
}

TEST_P(RingPageGuard, SigsegvIsLeftAloneUnlessTheGuardIsAskedForWithValidation) {
  const auto handler = [] {
    struct sigaction now = {};
    sigaction(SIGSEGV, nullptr, &now);
    return now.sa_sigaction;
  };
  const auto with_guard = handler();
  stop();
  const auto without = handler();
  EXPECT_NE(with_guard, without);
  start_guarded({});
  EXPECT_EQ(handler(), without);
  start({}, {.page_guard = true});
  EXPECT_EQ(handler(), without) << "no sink, no validation";
}

int crashes = 0;
void count_and_open(int, siginfo_t* info, void*) {
  ++crashes;
  const std::uint64_t page = pmb::detail::page_bytes();
  mprotect(info->si_addr, page, PROT_READ | PROT_WRITE);
}

// Installed after the context, and found at the next mark.
TEST_P(RingPageGuard, AHandlerOfTheProgramReceivesItsCrashesAndTheGuardItsFaults) {
  struct sigaction own = {};
  own.sa_sigaction = &count_and_open;
  own.sa_flags = SA_SIGINFO;
  struct sigaction old = {};
  sigaction(SIGSEGV, &own, &old);
  mark();
  std::byte* const forbidden = test_support::reserve_pages(page());
  test_support::forbid_pages(forbidden, page());
  write_byte({forbidden, page()}, 0);
  EXPECT_EQ(crashes, 1);
  auto ring = ring_of(8);
  put(ring, pattern(4 * page(), 1));
  write_byte({ring.mapped_buffer().raw_bytes().data(), 4 * page()}, page());
  EXPECT_EQ(crashes, 1);
  take(ring.retire(mark()));
  expect_fault(ErrorId::written_after_publish, page(), page() + 1);
  test_support::release_pages(forbidden, page());
  sigaction(SIGSEGV, &old, nullptr);
  crashes = 0;
}

using RingPageGuardDeathTest = RingPageGuard;
INSTANTIATE_TEST_SUITE_P(Gpus, RingPageGuardDeathTest, testing::Values(Gpu::hardware),
                         [](const auto&) { return "Hardware"; });

TEST_P(RingPageGuardDeathTest, MemoryOfARingThatIsGoneIsNamedBeforeTheCrash) {
  std::span<std::byte> stale;
  {
    auto ring = ring_of(8);
    stale = ring.mapped_buffer().raw_bytes();
  }
  // The address sanitizer's handler receives the crash and exits.
  const auto is_crash = [](int status) {
    return PMB_TEST_ADDRESS_SANITIZER ? status != 0 : testing::KilledBySignal(SIGSEGV)(status);
  };
  EXPECT_EXIT(write_byte(stale, page()), is_crash, "PMB-125 used_after_unmap");
}

}  // namespace
