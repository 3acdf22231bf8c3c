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
#include <pmb/timeline.hpp>
#include <source_location>

#include "core/ticket_queue.hpp"
#include "gl/control_pool.hpp"
#include "gl/gl.hpp"

namespace pmb::detail {

/// What tickets point to. Never freed; serials go on growing from one tenant to the next, so that a ticket of
/// a dead timeline is told by a compare.
struct TimelineControl {
  /// Everything up to here is done on the GPU.
  std::atomic<std::uint64_t> passed = std::uint64_t{1} << kSerialShift;
  /// Serials up to here belong to timelines that are gone, or to none.
  std::atomic<std::uint64_t> base = std::uint64_t{1} << kSerialShift;

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

  enum class Kind : std::uint8_t { program, internal };

  /// Barrier where readable non-coherent mappings need one, then a fence. See Timeline::mark.
  Result<Ticket> mark(Kind kind, std::source_location where);
  Result<Ticket> adopt(void* sync, std::source_location where);
  Result<void> poll(std::source_location where);
  /// Waits until `serial` has passed. It must have been marked.
  Result<void> wait_serial(std::uint64_t serial, std::chrono::nanoseconds timeout,
                           std::source_location where);
  Result<void> wait(Ticket ticket, std::chrono::nanoseconds timeout, std::source_location where);

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
  void inspect_lenders(std::source_location where) const;
  bool push(std::uint64_t serial, GLsync fence, bool adopted) noexcept;
  void pass_front(std::size_t count) noexcept;
  void drop_fences() noexcept;
  void flush_once() noexcept;

  core::TicketQueue queue_;
  Error failure_ =
      {};  ///< What ended this timeline: a wait whose answer proves nothing, or the loss of the context.
};

}  // namespace pmb::detail
