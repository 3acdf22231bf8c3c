// SPDX-License-Identifier: MIT
// The state of a timeline: live fences, and which marks were made and have passed.
//
// A serial counts marks of the program in its high bits and pmb's own fences between them in its low kSerialShift bits.
// The serial of the next mark of the program is thus known beforehand, and pmb's own fences never reach it.
#pragma once

#include <glad/gl.h>

#include <atomic>
#include <condition_variable>
#include <new>
#include <pmb/timeline.hpp>
#include <thread>

#include "base/slot_pool.hpp"
#include "context/ticket_queue.hpp"

namespace pmb::detail {

struct ContextState;

/// Threads that wait for tickets without calling GL sleep here. The process has one, since a thread may wait for tickets of
/// several timelines. A timeline notifies it when it ends, and when one of its tickets passes while a thread waits.
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

/// Tickets point to it. It is never freed, and serials grow from one tenant to the next, so that a compare detects a
/// ticket of a dead timeline.
struct TimelineControl {
  /// The GPU has finished everything up to this serial.
  std::atomic<std::uint64_t> passed = std::uint64_t{1} << kSerialShift;
  /// Serials up to here belong to timelines that are gone, or to none.
  std::atomic<std::uint64_t> base = std::uint64_t{1} << kSerialShift;
  /// The context's thread, the only one that polls.
  std::atomic<std::thread::id> owner = {};
  /// The timeline that this belongs to now, or null. Read on the owner's thread only.
  std::atomic<TimelineState*> tenant = nullptr;

  /// Tickets of this timeline that sleeping threads wait for.
  mutable std::atomic<std::uint32_t> waited_for = 0;
  /// How the last timeline that used this ended. Its serials are those above `after`.
  struct End {
    std::uint64_t after = UINT64_MAX;
    std::uint64_t passed = 0;
    Error why = {};
  };
  End last_end;  ///< Guarded by TicketWaiters::mutex.

  /// Guards `shared`, and while it is set, the fences of that timeline against the threads of other contexts. Recursive,
  /// as Registry's mutex is.
  mutable std::recursive_mutex sharing;
  TimelineState* shared = nullptr;  ///< The tenant, if its context declared a share group.

  static const TimelineControl* of(const Ticket& ticket) noexcept { return ticket.control_; }
  static std::uint64_t serial_of(const Ticket& ticket) noexcept { return ticket.serial_; }
  static Ticket ticket(const TimelineControl* control, std::uint64_t serial) noexcept {
    return {control, serial};
  }
};

struct TimelineState : Timeline {
  explicit TimelineState(ContextState& owner);
  ~TimelineState();

  /// Called when the context is open on this thread and its options are known.
  void begin() noexcept;

  enum class Kind : std::uint8_t { program, internal };

  /// Issues a barrier if readable non-coherent mappings need one, then a fence. See Timeline::mark.
  Result<Ticket> mark(Kind kind, std::source_location where);
  Result<void> poll(std::source_location where);
  /// Waits until `serial` has passed. It must have been marked.
  Result<void> wait_serial(std::uint64_t serial, std::chrono::nanoseconds timeout,
                           std::source_location where);
  /// Waits until the GPU has finished everything issued so far, at most for the timeout of the context's options. Precedes
  /// GL calls that wait without a limit, and takes the place of glFinish. Statuses: those of mark, timed_out, wait_failed.
  Result<void> wait_for_all(std::source_location where);
  /// Makes `other`, current on this thread, wait on the GPU for `serial`, which has not passed. Called on a foreign
  /// thread, with the control's `sharing` lock held.
  Result<void> make_wait(ContextState& other, std::uint64_t serial, std::source_location where) const;

  /// Ok for a ticket of this timeline. An empty ticket or one of an earlier tenant is stale.
  Result<void> check(Ticket ticket, std::source_location where) const noexcept;
  std::size_t live_fences() const noexcept { return queue_.size(); }

  /// The serial that the program's next mark will have.
  std::uint64_t next_program_serial() const noexcept {
    return ((issued >> kSerialShift) + 1) << kSerialShift;
  }
  std::uint64_t passed() const noexcept { return control->passed.load(std::memory_order_relaxed); }

  /// From now on no serial counts as passed, and every call returns `failure`. Only the first call counts.
  void end(const Error& failure) noexcept;
  /// Deletes the live fences and ends every ticket. Calls GL only if the context is current.
  void close() noexcept;

  ContextState& context;
  TimelineControl* control;
  std::uint64_t issued;       ///< The serial of the last fence.
  std::uint64_t flushed = 0;  ///< Fences up to this serial were flushed.
  std::uint64_t awaited = 0;  ///< The program's mark that the newest directly written readback waits for.

 private:
  friend class pmb::Timeline;
  enum class Answer : std::uint8_t { signalled, not_yet, failed };
  Answer ask(GLsync fence, std::uint64_t timeout_ns, std::source_location where);
  /// Ok if GL may be called and the timeline has not ended.
  Result<void> check_usable(std::source_location where) const noexcept;
  /// Polls if no further fence fits.
  Result<void> make_room(std::source_location where);
  /// Takes the fence over. Deletes it if there is no room.
  Result<void> push(std::uint64_t serial, GLsync fence, bool adopted, std::source_location where) noexcept;
  void pass_front(std::size_t count) noexcept;
  void drop_fences() noexcept;
  void flush_once() noexcept;
  /// Held while fences change that threads of other contexts may read. Locks nothing without a share group.
  std::unique_lock<std::recursive_mutex> lock_fences() const noexcept;
  /// Ends every ticket so far; sleeping threads return `why`.
  void end_tickets(const Error& why) noexcept;

  TicketQueue queue_;
  std::uint64_t first_;  ///< The serial before the first one of this timeline.
  /// The end of this timeline: a wait whose answer proves nothing, or the loss of the context.
  Error failure_ = {};
};

}  // namespace pmb::detail
