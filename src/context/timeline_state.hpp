// SPDX-License-Identifier: MIT
// The working part of a timeline: fences that are out, what has been marked, and what has passed.
//
// A serial counts marks of the program in its high bits and pmb's own fences between them in its low
// kSerialShift bits. "Behind the next mark of the program" is thus a serial known beforehand, which pmb's own
// fences never reach.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <pmb/timeline.hpp>
#include <source_location>
#include <span>
#include <thread>

#include "base/slot_pool.hpp"
#include "context/ticket_queue.hpp"
#include "gl/gl.hpp"

namespace pmb::detail {

struct TimelineState;

/// What tickets point to. Never freed; serials go on growing from one tenant to the next, so that a ticket of
/// a dead timeline is told by a compare.
struct TimelineControl {
  /// Everything up to here is done on the GPU.
  std::atomic<std::uint64_t> passed = std::uint64_t{1} << kSerialShift;
  /// Serials up to here belong to timelines that are gone, or to none.
  std::atomic<std::uint64_t> base = std::uint64_t{1} << kSerialShift;
  /// The context's thread: the only one that learns what has passed.
  std::atomic<std::thread::id> owner = {};

  /// Tickets of this timeline that threads wait for in the waiting room.
  mutable std::atomic<std::uint32_t> waited_for = 0;
  /// How the last timeline here that ended did; its serials are those behind `after`.
  struct End {
    std::uint64_t after = UINT64_MAX;
    std::uint64_t passed = 0;
    Error why = {};
  };
  End last_end;  ///< Guarded by the waiting room's mutex.

  /// Guards `shared` and, as long as there is one, the fences of that timeline against other contexts' threads.
  mutable std::mutex sharing;
  TimelineState* shared = nullptr;  ///< The tenant, if its context declared a share group.

  static const TimelineControl* of(const Ticket& ticket) noexcept { return ticket.control_; }
  static std::uint64_t serial_of(const Ticket& ticket) noexcept { return ticket.serial_; }
  static Ticket ticket(const TimelineControl* control, std::uint64_t serial) noexcept {
    return {control, serial};
  }
};

struct TimelineState {
  static constexpr std::uint64_t kStep = std::uint64_t{1} << kSerialShift;

  explicit TimelineState(ContextState& owner);
  ~TimelineState();

  /// The context is open, on this thread, and its options are known.
  void begin() noexcept;

  enum class Kind : std::uint8_t { program, internal };

  /// Barrier where readable non-coherent mappings need one, then a fence. See Timeline::mark.
  Result<Ticket> mark(Kind kind, std::source_location where);
  Result<Ticket> adopt(void* sync, std::source_location where);
  Result<void> poll(std::source_location where);
  /// Waits until `serial` has passed. It must have been marked.
  Result<void> wait_serial(std::uint64_t serial, std::chrono::nanoseconds timeout,
                           std::source_location where);
  Result<void> wait(Ticket ticket, std::chrono::nanoseconds timeout, std::source_location where);
  Result<std::size_t> wait_any(std::span<const Ticket> tickets, std::chrono::nanoseconds timeout,
                               std::source_location where);
  Result<void> flush(std::source_location where);
  /// Makes `other`, current on this thread, wait on the GPU for `serial`, which has not passed. On a foreign
  /// thread, under the control's `sharing` lock.
  Result<void> make_wait(ContextState& other, std::uint64_t serial, std::source_location where) const;

  /// Ok for a ticket of this timeline that is not empty and not of an earlier tenant.
  Result<void> check(Ticket ticket, std::source_location where) const noexcept;
  std::size_t live_fences() const noexcept { return queue_.size(); }

  /// The serial that the program's next mark will have.
  std::uint64_t next_program_serial() const noexcept {
    return ((issued >> kSerialShift) + 1) << kSerialShift;
  }
  std::uint64_t passed() const noexcept { return control->passed.load(std::memory_order_relaxed); }

  /// No serial counts as passed from now on and every call answers `failure`. Only the first end counts.
  void end(const Error& failure) noexcept;
  /// Deletes what is out and ends every ticket. GL is called only if the context is current.
  void close() noexcept;

  ContextState& context;
  TimelineControl* control;
  std::uint64_t issued;       ///< The last serial given out.
  std::uint64_t flushed = 0;  ///< Fences up to this serial were flushed.
  std::uint64_t awaited = 0;  ///< The program's mark that the newest directly written readback waits for.

 private:
  enum class Answer : std::uint8_t { signalled, not_yet, failed };
  Answer ask(GLsync fence, std::uint64_t timeout_ns, std::source_location where);
  /// Ok if GL may be called and fences can still be trusted.
  Result<void> check_usable(std::source_location where) const noexcept;
  /// Learns what has passed if no further fence fits.
  Result<void> make_room(std::source_location where);
  Result<void> barrier_and_fence(std::uint64_t serial, std::source_location where);
  bool push(std::uint64_t serial, GLsync fence, bool adopted) noexcept;
  void pass_front(std::size_t count) noexcept;
  void drop_fences() noexcept;
  void flush_once() noexcept;
  /// Held while fences change that threads of other contexts may look for; locks nothing where none can.
  std::unique_lock<std::mutex> lock_fences() const noexcept;
  /// Ends every ticket given out so far, with the reason for those who wait.
  void end_tickets(const Error& why) noexcept;
  void wake_waiting() const noexcept;

  detail::TicketQueue queue_;
  std::uint64_t first_;  ///< The serial before the first one given out.
  Error failure_ =
      {};  ///< What ended this timeline: a wait whose answer proves nothing, or the loss of the context.
};

}  // namespace pmb::detail
