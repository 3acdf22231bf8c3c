// SPDX-License-Identifier: MIT
// The order of a context's GPU work: mark() inserts one fence after all commands issued so far and returns a ticket.
//
//   draw_everything();
//   auto ticket = context.timeline().mark();  // one fence, for any number of rings
//   ring.retire(*ticket);
//   context.timeline().poll();
//   if (ticket->passed()) recycle();          // on any thread, once the context's thread has polled
//
// Units:   nanoseconds.
// Threads: a timeline on the thread of its context; Ticket::passed(), Ticket::wait() and wait_any() on any thread;
//          Ticket::wait_on_gpu() on the thread of the waiting context.
// Memory:  a ticket is two words and owns nothing. At most kMaxFences fences exist; beyond that, neighbours merge. A
//          merged ticket passes a little later, never earlier.
// Errors:  fence_failed, wait_failed, context_lost, timed_out, wrong_context, refused, stale_handle, invalid_argument.
// GL:      OpenGL 4.6 core, section 4.1. A fence covers only the commands of its own context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;
class UploadRing;

namespace detail {
struct TimelineControl;
struct TimelineState;

/// The low bits of a serial count pmb's own fences between two marks of the program.
inline constexpr int kSerialShift = 20;
}  // namespace detail

/// A point on a timeline. Copy it freely; an empty one has never passed.
class PMB_API Ticket {
 public:
  constexpr Ticket() noexcept = default;

  /// True once the thread of the context has noticed, by poll() or a call that waits, that the GPU finished everything before
  /// the mark. On any thread; two loads. False for an empty ticket, and after the context is gone or lost.
  bool passed() const noexcept;

  /// Blocks until the ticket has passed, for at most `timeout`. On the thread of its context it polls, flushes once, and
  /// waits through GL. On any other thread it sleeps without a GL call, and the thread of the context must call poll()
  /// meanwhile, or a call that waits; do not rely on mark() for this. Statuses: timed_out, context_lost, wait_failed, stale_handle (the
  /// ticket is empty, or its context is gone), wrong_context (the GL context is not current on the thread of its context).
  [[nodiscard]] Result<void> wait(std::chrono::nanoseconds timeout,
                                  std::source_location where = std::source_location::current()) const;

  /// Makes the commands that `other` issues from now on wait on the GPU until this ticket has passed. Never blocks. Call it
  /// on the thread where `other` is current; the context of the ticket may work on its own thread meanwhile. Both contexts
  /// have the same Options::share_group.
  ///
  /// Before the ticket is passed on, call timeline().flush() of its context after the mark. After this call, bind each object
  /// that the other context changed again in `other` (OpenGL 4.6 core, sections 4.1 and 5.3.3). If a third context made an
  /// adopted fence, it must have flushed it. To retire slices or blocks that commands of `other` use: let the context that
  /// lends them wait on the GPU for a ticket of `other`, then mark, then retire with that ticket.
  ///
  /// Makes one glWaitSync for each fence that the ticket depends on, and none for a ticket that has passed or is of `other`.
  /// Statuses: refused (not flushed, or of another share group), invalid_argument (the GL contexts do not share),
  /// context_lost, wait_failed, stale_handle, wrong_context.
  [[nodiscard]] Result<void> wait_on_gpu(Context& other,
                                         std::source_location where = std::source_location::current()) const;

  /// The number of its mark on its timeline, growing; 0 for an empty ticket.
  std::uint64_t serial() const noexcept { return serial_ >> detail::kSerialShift; }

  friend bool operator==(const Ticket&, const Ticket&) noexcept = default;

 private:
  friend struct detail::TimelineControl;
  friend class UploadRing;
  constexpr Ticket(const detail::TimelineControl* control, std::uint64_t serial) noexcept
      : control_(control), serial_(serial) {}
  const detail::TimelineControl* control_ = nullptr;
  std::uint64_t serial_ = 0;
};

/// Blocks until any of the tickets has passed, for at most `timeout`, and returns its index. If all are of one timeline and
/// this is its thread, it waits through GL as Ticket::wait does. Otherwise it sleeps; if some are of this thread, it polls
/// their timelines about every millisecond, so that their GL context must be current. A ticket that can never pass ends the
/// wait with its error, unless another one has passed. Statuses: those of Ticket::wait, and invalid_argument (no ticket).
[[nodiscard]] PMB_API Result<std::size_t> wait_any(
    std::span<const Ticket> tickets, std::chrono::nanoseconds timeout,
    std::source_location where = std::source_location::current());

/// Each context has one.
class PMB_API Timeline {
 public:
  static constexpr std::size_t kMaxFences = 128;  ///< Most fences that exist at once.

  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// Inserts a fence after every command issued so far, preceded by the barrier that readable non-coherent mappings
  /// need. The readbacks requested so far arrive with it. Polls, and may flush, only if kMaxFences fences exist. A fence between copies
  /// costs the GPU 4 to 5 µs on an H200 (docs/drivers.md). Statuses: fence_failed (nothing was retired; mark again),
  /// would_block (kMaxFences adopted fences exist), context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<Ticket> mark(std::source_location where = std::source_location::current());

  /// Takes over a fence that the caller made with glFenceSync after the readers that the ticket shall cover. pmb then owns
  /// it, also with fence_failed or would_block; with any other error it stays the caller's. Makes a second fence: the ticket
  /// passes when the adopted fence and every command issued before adopt() are done. Statuses: those of mark(), and invalid_argument (no fence).
  [[nodiscard]] Result<Ticket> adopt(void* gl_sync,
                                     std::source_location where = std::source_location::current());

  /// Finds out which tickets have passed. Never blocks; flushes once if the oldest fence was not flushed. Statuses:
  /// wait_failed, context_lost, wrong_context.
  [[nodiscard]] Result<void> poll(std::source_location where = std::source_location::current());

  /// Flushes everything marked so far, if that was not done yet: Ticket::wait_on_gpu in other contexts needs it. Never
  /// blocks. Statuses: wait_failed, context_lost, wrong_context.
  [[nodiscard]] Result<void> flush(std::source_location where = std::source_location::current());

  /// Ticket::serial of the last mark.
  std::uint64_t marked_serial() const noexcept;

 private:
  friend struct detail::TimelineState;
  Timeline() noexcept = default;
  ~Timeline() = default;
};

}  // namespace pmb
