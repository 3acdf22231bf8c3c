// SPDX-License-Identifier: MIT
// The order of a context's GPU work: mark() puts one fence behind all commands issued so far and answers a
// ticket.
//
//   draw_everything();
//   auto ticket = context.timeline().mark();     // one fence, however many rings retire to it
//   ring.retire(*ticket);
//   …
//   if (ticket->passed()) recycle();             // any thread
//
// Units:   nanoseconds.
// Threads: a timeline on its context's thread; Ticket::passed(), Ticket::wait() and wait_any() on any;
//          Ticket::wait_on_gpu() on the thread of the context that shall wait.
// Memory:  tickets are two words and own nothing. At most kMaxFences fences are live; beyond that neighbours
//          merge, and a merged ticket passes a little later, never earlier.
// Errors:  fence_failed, wait_failed, context_lost, timed_out, wrong_context, refused, stale_handle,
//          invalid_argument.
// GL:      OpenGL 4.6 core, section 4.1. A fence covers only the commands of its own context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;

namespace detail {
struct ContextState;
struct TimelineControl;
struct TimelineState;
}  // namespace detail

class UploadRing;

/// Between two marks of the program pmb may set fences for its own transfers; they count in the low bits of a
/// serial.
inline constexpr int kSerialShift = 20;

/// A point on a timeline. Copy it freely; an empty one has never passed.
class Ticket {
 public:
  constexpr Ticket() noexcept = default;

  /// True once the context's thread has learnt (by poll, wait, or any call that waits) that the GPU finished
  /// everything before the mark. Any thread; two loads. False for empty tickets and after the context is gone
  /// or lost.
  bool passed() const noexcept;

  /// Blocks until the ticket has passed, for at most `timeout`; on any thread, with no GL context and no GL
  /// call. The context's thread must go on learning meanwhile, by poll(), once a frame say, or by any call
  /// that waits: a mark() alone learns nothing, and where nobody polls this ends with timed_out. On the
  /// context's own thread that is Timeline::wait. Statuses: timed_out, context_lost, wait_failed, stale_handle
  /// (the context is gone, or went meanwhile), refused (this is the context's own thread).
  Result<void> wait(std::chrono::nanoseconds timeout,
                    std::source_location where = std::source_location::current()) const;

  /// Makes the commands that are issued in `other` from now on wait on the GPU until this ticket has passed.
  /// Never blocks. On the thread where `other` is current; the ticket's own context may be at work on its
  /// thread meanwhile. Both contexts were made with the same Options::share_group.
  ///
  /// The caller owes: timeline().flush() of the ticket's context behind the mark, before the ticket is handed
  /// over; and, in `other` after this call, binding anew each object that the other context changed (OpenGL
  /// 4.6 core, sections 4.1 and 5.3.3). An adopted fence that a third context made must have been flushed
  /// there. Slices and blocks that commands of `other` use are retired with a ticket of the context that lends
  /// them, marked after it waited on the GPU, in its turn, for a ticket of `other`.
  ///
  /// No GL call for a ticket that has passed, or for one of `other` itself, whose commands are in order anyway;
  /// else one glWaitSync a fence that the ticket rests on. Statuses: refused (not flushed, or of another share
  /// group), invalid_argument (the GL contexts do not share), context_lost, wait_failed, stale_handle,
  /// wrong_context.
  Result<void> wait_on_gpu(Context& other,
                           std::source_location where = std::source_location::current()) const;

  /// Position among the marks of its timeline, growing; 0 for an empty ticket.
  std::uint64_t serial() const noexcept { return serial_ >> kSerialShift; }

  friend bool operator==(const Ticket&, const Ticket&) noexcept = default;

 private:
  friend struct detail::TimelineControl;
  friend class UploadRing;
  constexpr Ticket(const detail::TimelineControl* control, std::uint64_t serial) noexcept
      : control_(control), serial_(serial) {}
  const detail::TimelineControl* control_ = nullptr;
  std::uint64_t serial_ = 0;
};

/// Blocks until any of these tickets has passed, for at most `timeout`, and answers its index. They may be of
/// several timelines. As Ticket::wait: on any thread but those of their contexts, with no GL call. A ticket that
/// can never pass ends the wait with its error, unless another has passed by then. Statuses: those of
/// Ticket::wait, and invalid_argument (no ticket).
Result<std::size_t> wait_any(std::span<const Ticket> tickets, std::chrono::nanoseconds timeout,
                             std::source_location where = std::source_location::current());

/// One a context, made by it.
class Timeline {
 public:
  /// Most fences that are live at once.
  static constexpr std::size_t kMaxFences = 128;

  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// Puts a fence behind every command issued so far, with the barrier that readable non-coherent mappings
  /// need before it, and arms the readbacks requested so far. Flushes nothing unless kMaxFences are out.
  /// About 1.6 µs on an H200 (docs/spec.md). Statuses: fence_failed (nothing was handed over; mark again),
  /// would_block (kMaxFences adopted fences are out), context_lost, wait_failed, wrong_context.
  Result<Ticket> mark(std::source_location where = std::source_location::current());

  /// Takes over a fence that the caller made with glFenceSync: owned by pmb from then, also where the answer
  /// is fence_failed or would_block; with any other error it stays the caller's. The ticket passes when it
  /// and everything marked before has passed. The caller owes: the fence stands behind the readers that the
  /// ticket shall cover. Statuses: invalid_argument (no fence; it stays the caller's), would_block,
  /// fence_failed, context_lost, wait_failed, wrong_context.
  Result<Ticket> adopt(void* gl_sync, std::source_location where = std::source_location::current());

  /// Learns what has passed. Never blocks; flushes once if unflushed work is waited for.
  /// Statuses: wait_failed, context_lost, wrong_context.
  Result<void> poll(std::source_location where = std::source_location::current());

  /// Waits for a ticket: polls first, flushes once, then blocks for at most `timeout`.
  /// Statuses: timed_out, wait_failed, context_lost, wrong_context, refused (foreign), stale_handle.
  Result<void> wait(Ticket ticket, std::chrono::nanoseconds timeout,
                    std::source_location where = std::source_location::current());

  /// Waits for any of several tickets of this timeline and answers its index. They pass in order, so that is
  /// the one marked first. Otherwise as wait(). Statuses: those of wait, and invalid_argument (no ticket).
  Result<std::size_t> wait_any(std::span<const Ticket> tickets, std::chrono::nanoseconds timeout,
                               std::source_location where = std::source_location::current());

  /// Hands everything marked so far to the GPU, where that was not done yet: what other contexts wait for with
  /// Ticket::wait_on_gpu must have been flushed here. Never blocks. Statuses: wait_failed, context_lost,
  /// wrong_context.
  Result<void> flush(std::source_location where = std::source_location::current());

  /// Serial of the last mark, and of the last one known to have passed.
  std::uint64_t marked_serial() const noexcept;
  std::uint64_t passed_serial() const noexcept;
  /// Fences that exist in GL now.
  std::size_t live_fences() const noexcept;

 private:
  friend struct detail::ContextState;
  explicit Timeline(detail::ContextState& context);
  ~Timeline();
  std::unique_ptr<detail::TimelineState> state_;
};

}  // namespace pmb
