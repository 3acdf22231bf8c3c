// SPDX-License-Identifier: MIT
// The sleep of a copy's owner. Reading a forbidden page keeps another thread in its piece until the owner sleeps.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <pmb/copy.hpp>
#include <thread>

#include "copy/copy_queue.hpp"
#include "support/platform.hpp"

namespace {

constexpr std::size_t kOnePiece = pmb::kCopyPieceBytes;
std::atomic<std::byte*> forbidden = nullptr;

/// Far longer than the owner watches before it sleeps. A shorter sleep would only hide a missing wake-up.
void allow_later(int) {
  constexpr timespec kLater = {.tv_sec = 0, .tv_nsec = 50'000'000};
  nanosleep(&kLater, nullptr);
  mprotect(forbidden, kOnePiece, PROT_READ | PROT_WRITE);
}

TEST(CopyQueue, TheLastPieceWakesTheSleepingOwner) {
  forbidden = test_support::reserve_pages(kOnePiece);
  std::byte* const target = test_support::reserve_pages(kOnePiece);  // aligned: one piece
  ASSERT_TRUE(forbidden.load() && target);
  test_support::forbid_pages(forbidden, kOnePiece);
  struct sigaction action = {};
  struct sigaction found = {};
  action.sa_handler = &allow_later;
  sigaction(SIGSEGV, &action, &found);
  std::fill_n(target, kOnePiece, std::byte{1});
  pmb::detail::CopyQueue queue(pmb::detail::CopyHow::plain);
  queue.offer(target, forbidden, kOnePiece);
  {
    const std::jthread other([&] { EXPECT_TRUE(queue.copy_next_piece()); });
    queue.wait_front();
  }
  sigaction(SIGSEGV, &found, nullptr);
  EXPECT_TRUE(queue.front_done());
  EXPECT_EQ(std::count(target, target + kOnePiece, std::byte{0}), static_cast<std::ptrdiff_t>(kOnePiece));
  test_support::release_pages(target, kOnePiece);
  test_support::release_pages(forbidden, kOnePiece);
}

}  // namespace
