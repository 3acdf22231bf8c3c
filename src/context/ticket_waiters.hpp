// SPDX-License-Identifier: MIT
// Where threads sleep that wait for tickets without calling GL. One for the process, since a thread may wait for
// tickets of several timelines; a timeline looks in only when something passed while somebody waits for a ticket
// of its own, and when it ends.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>

namespace pmb::detail {

struct TicketWaiters {
  std::mutex mutex;              ///< Also guards every TimelineControl::last_end.
  std::condition_variable news;  ///< Something has passed, or a timeline has ended.

  static TicketWaiters& instance() noexcept {
    // Outlives static destruction on purpose, as control blocks do, and needs no allocation that could fail.
    alignas(TicketWaiters) static std::byte storage[sizeof(TicketWaiters)];
    static auto* const room = new (storage) TicketWaiters;
    return *room;
  }
};

}  // namespace pmb::detail
