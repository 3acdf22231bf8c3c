// SPDX-License-Identifier: MIT
// The page guard on plain memory: which accesses it records, what it leaves alone, and who receives the other faults.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include "base/fault_handler.hpp"
#include "base/page_guard.hpp"
#include "base/platform.hpp"
#include "support/platform.hpp"

namespace {

using pmb::ErrorId;
using pmb::detail::FaultHandler;
using pmb::detail::PageFault;
using pmb::detail::PageGuard;
using pmb::detail::PageRule;

constexpr PageRule kReadOnly = {.on_write = ErrorId::written_after_publish};
constexpr PageRule kClosed = {ErrorId::read_before_arrival, ErrorId::stale_slice};

// A page that belongs to no guard, and that no access may reach.
std::byte* forbidden_page() {
  static std::byte* const page = [] {
    std::byte* const made = test_support::reserve_pages(1);
    test_support::forbid_pages(made, 1);
    return made;
  }();
  return page;
}

// Not inlined: a stack begins in it.
[[gnu::noinline]] void write_byte(std::byte* at, int value) {
  *const_cast<volatile std::byte*>(at) = static_cast<std::byte>(value);
}
std::byte read_byte(const std::byte* at) {
  return *const_cast<const volatile std::byte*>(at);
}

class PageGuards : public testing::Test {
 protected:
  void SetUp() override {
    sigaction(SIGSEGV, nullptr, &before_);
    handler_ = FaultHandler::install();
    ASSERT_NE(handler_, nullptr);
    page_ = static_cast<std::size_t>(pmb::detail::page_bytes());
    memory_ = {test_support::reserve_pages(kPages * page_), kPages * page_};
    guard_ = PageGuard::over(memory_, "the memory was used later\n");
    ASSERT_NE(guard_, nullptr);
  }
  void TearDown() override {
    guard_.reset();
    handler_.reset();
    if (!memory_.empty()) test_support::release_pages(memory_.data(), memory_.size());
    sigaction(SIGSEGV, &before_, nullptr);
  }
  std::span<std::byte> page(std::size_t index, std::size_t count = 1) {
    return memory_.subspan(index * page_, count * page_);
  }
  // The ids of the accesses since the last call.
  std::vector<ErrorId> seen() {
    std::vector<ErrorId> ids;
    for (const PageFault& fault : guard_->take_faults()) ids.push_back(fault.id);
    return ids;
  }

  static constexpr std::size_t kPages = 16;
  std::size_t page_ = 0;
  std::span<std::byte> memory_;
  struct sigaction before_ = {};
  std::unique_ptr<FaultHandler> handler_;
  std::unique_ptr<PageGuard> guard_;
};

TEST_F(PageGuards, AForbiddenWriteIsRecordedWithItsStackAndThenDone) {
  ASSERT_EQ(guard_->protect(page(3), kReadOnly).size(), page_);
  EXPECT_EQ(read_byte(&page(3)[7]), std::byte{0}) << "reads are legal";
  EXPECT_TRUE(seen().empty());
  write_byte(&page(3)[7], 42);
  EXPECT_EQ(read_byte(&page(3)[7]), std::byte{42});
  const std::vector<PageFault> faults = guard_->take_faults();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].id, ErrorId::written_after_publish);
  EXPECT_EQ(faults[0].address, &page(3)[7]);
  ASSERT_FALSE(faults[0].stack.frames().empty());
  // The innermost frame is the store itself, not the handler.
  const auto distance = reinterpret_cast<std::uintptr_t>(faults[0].stack.frames()[0]) -
                        reinterpret_cast<std::uintptr_t>(&write_byte);
  EXPECT_LT(distance, 256U);
  write_byte(&page(3)[8], 43);
  EXPECT_TRUE(seen().empty()) << "once a page";
}

TEST_F(PageGuards, AReadIsToldFromAWrite) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "an emulated processor may not report which of both it was";
#endif
  guard_->protect(page(0, 2), kClosed);
  read_byte(&page(0)[0]);
  write_byte(&page(1)[0], 1);
  EXPECT_EQ(seen(), (std::vector{ErrorId::read_before_arrival, ErrorId::stale_slice}));
}

TEST_F(PageGuards, OnlyWholePagesAreProtected) {
  const auto bytes = memory_.subspan(page_ - 1, 2 * page_ + 2);
  const auto guarded = guard_->protect(bytes, kReadOnly);
  EXPECT_EQ(guarded.data(), page(1).data());
  EXPECT_EQ(guarded.size(), 2 * page_);
  write_byte(&bytes.front(), 1);
  write_byte(&bytes.back(), 1);
  EXPECT_TRUE(seen().empty());
  EXPECT_TRUE(guard_->protect(memory_.subspan(1, 2 * page_ - 2), kReadOnly).empty());
}

TEST_F(PageGuards, AnOpenedRangeIsLegalIncludingThePagesAtItsEdges) {
  guard_->protect(memory_, kClosed);
  guard_->open(memory_.subspan(page_ - 1, page_ + 2));
  for (std::size_t at : {std::size_t{0}, page_, 2 * page_}) write_byte(&memory_[at], 1);
  EXPECT_TRUE(seen().empty());
  write_byte(&memory_[3 * page_], 1);
  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(PageGuards, SystemCallsFailOnlyOnProtectedPages) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  guard_->protect(page(2), kReadOnly);
  EXPECT_EQ(write(ends[1], page(2).data(), 8), 8) << "a published page may be read";
  ASSERT_EQ(read(ends[0], page(2).data(), 8), -1) << "the pipe is empty now, and a second read would hang";
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(read(ends[0], page(3).data(), 8), 8) << "an open page may be filled";
  EXPECT_TRUE(seen().empty());
  for (const int end : ends) close(end);
}

TEST_F(PageGuards, ManyThreadsAreRecordedUntilTheRecordIsFull) {
  guard_->protect(memory_, kReadOnly);
  std::vector<std::jthread> threads;
  for (std::size_t index = 0; index < kPages; ++index) {
    threads.emplace_back([this, index] {
      for (int turn = 0; turn < 100; ++turn) write_byte(&page(index)[static_cast<std::size_t>(turn)], turn);
    });
  }
  threads.clear();
  EXPECT_EQ(seen().size(), kPages);
  for (std::size_t index = 0; index < kPages; ++index) EXPECT_EQ(page(index)[99], std::byte{99});
}

// Threads that use a page while its owner changes the rule: each access is done, and none is lost in the handler.
TEST_F(PageGuards, ARuleMayChangeWhileThreadsUseThePage) {
  std::atomic<int> working = 3;
  std::atomic<int> turns = 0;
  std::vector<std::jthread> threads;
  for (std::size_t index = 0; index < 3; ++index) {
    threads.emplace_back([&, index] {
      turns.wait(0);
      for (int value = 0; value < 5000; ++value) {
        write_byte(&memory_[index], value);
        EXPECT_EQ(read_byte(&memory_[index]), static_cast<std::byte>(value));
      }
      --working;
    });
  }
  std::size_t faults = 0;
  while (working > 0) {
    guard_->protect(page(0), turns % 2 == 0 ? kReadOnly : kClosed);
    if (faults > 0 && turns % 3 == 1) guard_->open(page(0));
    if (++turns == 1) turns.notify_all();
    faults += seen().size();
  }
  threads.clear();
  EXPECT_GT(faults + seen().size(), 0U);
}

TEST_F(PageGuards, MemoryThatIsNotOpenOrHasNoWholePageHasNoGuard) {
  EXPECT_EQ(PageGuard::over({forbidden_page(), page_}, ""), nullptr);
  EXPECT_EQ(PageGuard::over(memory_.subspan(1, page_), ""), nullptr);
}

TEST_F(PageGuards, TheEndOpensEveryPageAndLeavesOtherMemoryAlone) {
  guard_->protect(page(0, 4), kClosed);
  // Other memory takes the place of two pages, as after an unmap: it is read-only there.
  ASSERT_NE(mmap(page(2).data(), 2 * page_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
            MAP_FAILED);
  guard_.reset();
  write_byte(&page(0)[0], 1);
  write_byte(&page(1)[0], 1);
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(read(ends[0], page(2).data(), 1), -1) << "still read-only";
  for (const int end : ends) close(end);
}

// --- Faults that are the program's own.

sigjmp_buf rescued;
std::atomic<int> calls;
std::atomic<void*> fault_address;

void rescue(int, siginfo_t* info, void*) {
  ++calls;
  fault_address = info->si_addr;
  siglongjmp(rescued, 1);
}
void rescue_plainly(int) {
  ++calls;
  siglongjmp(rescued, 1);
}

struct sigaction installed(void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  struct sigaction old = {};
  sigaction(SIGSEGV, &action, &old);
  return old;
}

// True if a crash reached the handler of the program, which jumps out of it.
bool crash_is_rescued() {
  calls = 0;
  if (sigsetjmp(rescued, 1) == 0) {
    write_byte(forbidden_page(), 1);
    return false;
  }
  return calls == 1;
}

// The guard records the access, and the handler of the program sees nothing of it.
void expect_guarded(PageGuard& guard, std::span<std::byte> page) {
  calls = 0;
  guard.protect(page, kReadOnly);
  write_byte(page.data(), 1);
  EXPECT_EQ(guard.take_faults().size(), 1U);
  EXPECT_EQ(calls, 0);
}

TEST_F(PageGuards, AHandlerThatWasInstalledBeforeReceivesItsOwnCrashes) {
  handler_.reset();
  installed(&rescue);
  handler_ = FaultHandler::install();
  EXPECT_TRUE(crash_is_rescued());
  EXPECT_EQ(fault_address, forbidden_page());
  EXPECT_TRUE(crash_is_rescued()) << "again: the signal is not blocked for good";
  expect_guarded(*guard_, page(0));
  handler_.reset();
  struct sigaction now = {};
  sigaction(SIGSEGV, nullptr, &now);
  EXPECT_EQ(now.sa_sigaction, &rescue) << "it is the only one again";
}

TEST_F(PageGuards, AHandlerWithoutAddressReceivesItsOwnCrashes) {
  handler_.reset();
  std::signal(SIGSEGV, &rescue_plainly);
  handler_ = FaultHandler::install();
  EXPECT_TRUE(crash_is_rescued());
  expect_guarded(*guard_, page(0));
}

TEST_F(PageGuards, AHandlerThatIsInstalledLaterReceivesItsOwnCrashes) {
  installed(&rescue);
  EXPECT_TRUE(crash_is_rescued());
  handler_->stay_first();
  EXPECT_TRUE(crash_is_rescued());
  expect_guarded(*guard_, page(0));
  // A program that installs it again and again takes no further place.
  for (int turn = 0; turn < 20; ++turn) {
    installed(&rescue);
    handler_->stay_first();
    expect_guarded(*guard_, page(0));
  }
  EXPECT_TRUE(crash_is_rescued());
}

struct sigaction chained;
void chain(int signal, siginfo_t* info, void* context) {
  ++calls;
  chained.sa_sigaction(signal, info, context);
}

// Both orders at once: one handler before, and one after that passes on to the handler that it found.
TEST_F(PageGuards, AHandlerThatChainsToThisOneEndsAtTheFirstHandler) {
  handler_.reset();
  installed(&rescue);
  handler_ = FaultHandler::install();
  chained = installed(&chain);
  handler_->stay_first();
  calls = 0;
  if (sigsetjmp(rescued, 1) == 0) {
    write_byte(forbidden_page(), 1);
    FAIL() << "the crash was not seen";
  }
  EXPECT_EQ(calls, 2) << "each of the program's handlers once";
  expect_guarded(*guard_, page(0));
}

// As crash reporters do: the handler puts back what it found, and lets the instruction fault again.
void restore(int, siginfo_t*, void*) {
  ++calls;
  sigaction(SIGSEGV, &chained, nullptr);
}

TEST_F(PageGuards, AHandlerThatRestoresThisOneEndsAtTheFirstHandler) {
  handler_.reset();
  installed(&rescue);
  handler_ = FaultHandler::install();
  chained = installed(&restore);
  handler_->stay_first();
  calls = 0;
  if (sigsetjmp(rescued, 1) == 0) {
    write_byte(forbidden_page(), 1);
    FAIL() << "the crash was not seen";
  }
  EXPECT_EQ(calls, 2);
  handler_->stay_first();
  expect_guarded(*guard_, page(0));
}

using PageGuardsDeathTest = PageGuards;

TEST_F(PageGuardsDeathTest, ACrashWithoutAHandlerEndsTheProcessByTheSignal) {
  EXPECT_EXIT(
      {
        std::signal(SIGSEGV, SIG_DFL);
        handler_->stay_first();
        write_byte(forbidden_page(), 1);
      },
      testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(
      {
        std::signal(SIGSEGV, SIG_DFL);
        handler_->stay_first();
        raise(SIGSEGV);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(PageGuardsDeathTest, MemoryThatIsUsedAfterItsUnmapIsNamedBeforeTheCrash) {
  std::signal(SIGSEGV, SIG_DFL);
  handler_->stay_first();
  std::byte* const stale = page(1).data();
  guard_.reset();
  test_support::release_pages(memory_.data(), memory_.size());
  memory_ = {};
  EXPECT_EXIT(write_byte(stale, 1), testing::KilledBySignal(SIGSEGV), "the memory was used later");
}

}  // namespace
