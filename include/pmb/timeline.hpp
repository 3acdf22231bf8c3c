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
// Threads: mark, adopt, poll and wait on the context's thread; Ticket::passed() on any.
// Memory:  tickets are two words and own nothing. At most kMaxFences fences are live; beyond that neighbours
//          merge, and a merged ticket passes a little later, never earlier.
// Errors:  fence_failed, wait_failed, context_lost, timed_out, wrong_context, refused, stale_handle.
// GL:      OpenGL 4.6 core, section 4.1. A fence covers only the commands of its own context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

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
