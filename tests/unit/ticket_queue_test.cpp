// SPDX-License-Identifier: MIT
// The queue of fences: order, search, and merging that may prove later but never earlier.
#include "context/ticket_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace {

using pmb::detail::TicketQueue;

TicketQueue::Fence fence(std::uint64_t number) {
  return reinterpret_cast<TicketQueue::Fence>(static_cast<std::uintptr_t>(number));
}

TEST(TicketQueue, ReturnsTheOldestFenceFirst) {
  TicketQueue queue;
  EXPECT_TRUE(queue.empty());
  for (std::uint64_t serial = 1; serial <= 3; ++serial)
    EXPECT_EQ(queue.push(serial, fence(serial), false), nullptr);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.pop().serial, 1U);
  EXPECT_EQ(queue.pop().fence, fence(2));
  EXPECT_EQ(queue[0].serial, 3U);
}

TEST(TicketQueue, FindsTheFirstFenceThatProvesASerial) {
  TicketQueue queue;
  for (const std::uint64_t serial : {10U, 20U, 30U}) queue.push(serial, fence(serial), false);
  EXPECT_EQ(queue.first_proving(1), 0U);
  EXPECT_EQ(queue.first_proving(10), 0U);
  EXPECT_EQ(queue.first_proving(11), 1U);
  EXPECT_EQ(queue.first_proving(30), 2U);
}

TEST(TicketQueue, ReturnsTheFencesThatTogetherProveASerial) {
  TicketQueue queue;
  queue.push(1, fence(1), false);
  queue.push(1, fence(101), true);
  queue.push(2, fence(2), false);
  queue.push(3, fence(3), false);
  queue.push(3, fence(103), true);
  queue.push(4, fence(4), false);
  const auto needed = [&](std::uint64_t serial) {
    std::vector<TicketQueue::Fence> fences;
    EXPECT_TRUE(queue.visit_proving(serial, [&](const TicketQueue::Entry& entry) {
      fences.push_back(entry.fence);
      return true;
    }));
    return fences;
  };
  using Fences = std::vector<TicketQueue::Fence>;
  EXPECT_EQ(needed(1), Fences{fence(1)});
  EXPECT_EQ(needed(2), (Fences{fence(101), fence(2)}));
  EXPECT_EQ(needed(3), (Fences{fence(101), fence(3)}));
  EXPECT_EQ(needed(4), (Fences{fence(101), fence(103), fence(4)}));
  int asked = 0;
  EXPECT_FALSE(queue.visit_proving(4, [&](const TicketQueue::Entry&) { return ++asked < 2; }));
  EXPECT_EQ(asked, 2);
}

TEST(TicketQueue, AFullQueueReturnsTheFenceThatTheNextOneProves) {
  TicketQueue queue;
  const auto capacity = TicketQueue::kCapacity;
  for (std::uint64_t serial = 1; serial <= capacity; ++serial) queue.push(serial, fence(serial), false);
  const auto superfluous = queue.push(capacity + 1, fence(capacity + 1), false);
  ASSERT_TRUE(superfluous.has_value());
  EXPECT_EQ(*superfluous, fence(capacity)) << "its serial is proved by the new fence";
  EXPECT_EQ(queue.size(), capacity);
  EXPECT_EQ(queue[queue.first_proving(capacity)].fence, fence(capacity + 1));
  EXPECT_EQ(queue[queue.first_proving(capacity - 1)].fence, fence(capacity - 1));
}

TEST(TicketQueue, AdoptedFencesNeverMerge) {
  TicketQueue queue;
  for (std::uint64_t serial = 1; serial <= TicketQueue::kCapacity; ++serial)
    queue.push(serial, fence(serial), true);
  EXPECT_FALSE(queue.push(1000, fence(1000), false).has_value());
  EXPECT_FALSE(queue.push(1000, fence(1000), true).has_value());
  EXPECT_EQ(queue.size(), TicketQueue::kCapacity);
}

TEST(TicketQueue, AnOwnFenceBeforeAnAdoptedOneIsKept) {
  TicketQueue queue;
  std::uint64_t serial = 0;
  // Own and adopted fences alternate, so no two own fences are adjacent.
  while (queue.size() < TicketQueue::kCapacity) {
    ++serial;
    queue.push(serial, fence(serial), serial % 2 == 0);
  }
  EXPECT_FALSE(queue.push(serial + 1, fence(serial + 1), false).has_value());
}

}  // namespace
