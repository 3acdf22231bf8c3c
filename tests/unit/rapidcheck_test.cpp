// SPDX-License-Identifier: MIT
// Properties that hold for every input, on inputs that rapidcheck makes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <pmb/detail/ring_layout.hpp>
#include <vector>

#include "base/byte_ranges.hpp"
#include "context/ticket_queue.hpp"

namespace {

using pmb::detail::ByteRange;
using pmb::detail::kCacheLine;
using pmb::detail::RingLayout;
using pmb::detail::TicketQueue;

TicketQueue::Fence fence_of(std::uint64_t serial) {
  return reinterpret_cast<TicketQueue::Fence>(static_cast<std::uintptr_t>(serial));
}

RC_GTEST_PROP(ByteRanges, DifferingRangeIsTheSmallestThatHoldsEveryDifference,
              (std::vector<std::uint8_t> data)) {
  std::vector<std::byte> left;
  for (const std::uint8_t value : data) left.push_back(static_cast<std::byte>(value));
  std::vector<std::byte> right = left;
  std::uint64_t first = UINT64_MAX;
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (*rc::gen::inRange(0, 4) != 0) continue;
    right[i] ^= std::byte{0x40};
    first = std::min<std::uint64_t>(first, i);
    last = i;
  }
  const ByteRange range = pmb::detail::differing_range(left, right);
  if (first == UINT64_MAX) {
    RC_ASSERT(range.empty());
  } else {
    RC_ASSERT(range == (ByteRange{first, last + 1}));
  }
}

RC_GTEST_PROP(RingLayout, AlignUpReturnsTheNextMultipleBeyondTheLine, ()) {
  const auto offset = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40);
  const auto alignment = *rc::gen::inRange<std::uint64_t>(1, 100000);
  const std::uint64_t answer = RingLayout::align_up(offset, alignment);
  const std::uint64_t line = (offset + kCacheLine - 1) / kCacheLine * kCacheLine;
  RC_ASSERT(answer >= line);
  RC_ASSERT(answer % alignment == 0U);
  RC_ASSERT(answer - line < alignment);
}

// The model records the serial of each fence. After merging, the fence found for a serial has that serial or a
// later one, and every adopted fence up to it is still in the queue.
RC_GTEST_PROP(TicketQueue, MergingNeverProvesTooMuch, ()) {
  TicketQueue queue;
  std::map<std::uint64_t, bool> adopted_by_serial;
  std::uint64_t serial = 0;
  std::uint64_t popped = 0;
  const int steps = *rc::gen::inRange(1, 600);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::inRange(0, 8) == 0 && !queue.empty()) {
      popped = queue.pop().serial;
      continue;
    }
    const bool adopted = *rc::gen::inRange(0, 10) == 0;
    serial += *rc::gen::inRange<std::uint64_t>(1, 4);
    const auto answer = queue.push(serial, fence_of(serial), adopted);
    if (!answer) continue;
    adopted_by_serial[serial] = adopted;
    if (*answer) {
      const auto gone = reinterpret_cast<std::uintptr_t>(*answer);
      RC_ASSERT(!adopted_by_serial.at(gone));
    }
  }
  for (std::size_t i = 0; i + 1 < queue.size(); ++i) RC_ASSERT(queue[i].serial < queue[i + 1].serial);
  for (const auto& [asked, adopted] : adopted_by_serial) {
    if (asked <= popped || queue.empty() || asked > queue[queue.size() - 1].serial) continue;
    const TicketQueue::Entry& found = queue[queue.first_proving(asked)];
    RC_ASSERT(found.serial >= asked);
    RC_ASSERT((found.fence == fence_of(found.serial)));
    if (adopted) RC_ASSERT(found.serial == asked);
    // An own fence is a valid proof only if no adopted fence was skipped.
    for (auto between = adopted_by_serial.lower_bound(asked); between->first < found.serial; ++between) {
      RC_ASSERT(!between->second);
    }
  }
}

}  // namespace
