// SPDX-License-Identifier: MIT
// Threads that wait for tickets without calling GL sleep here. The process has one, since a thread may wait
// for tickets of several timelines. A timeline notifies it when a ticket passes while a thread waits for one
// of its tickets, and when it ends.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>

namespace pmb::detail {

struct TicketWaiters {
  std::mutex mutex;                 ///< Also guards every TimelineControl::last_end.
  std::condition_variable changed;  ///< A ticket has passed, or a timeline has ended.

  static TicketWaiters& instance() noexcept {
    // Outlives static destruction, as control blocks do, and needs no allocation that could fail.
    alignas(TicketWaiters) static std::byte storage[sizeof(TicketWaiters)];
    static auto* const room = new (storage) TicketWaiters;
    return *room;
  }
};

}  // namespace pmb::detail
