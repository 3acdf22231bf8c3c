// SPDX-License-Identifier: MIT
// Tickets away from their own context: polled and waited for on any thread, and waited for on the GPU by
// another context.
#include <algorithm>
#include <optional>
#include <pmb/timeline.hpp>

#include "base/deadline.hpp"
#include "context/context_state.hpp"

namespace pmb {
namespace detail {
namespace {

enum class State : std::uint8_t { passed, not_yet, ended };

State state_of(const Ticket& ticket) noexcept {
  const TimelineControl* control = TimelineControl::of(ticket);
  if (!control) return State::ended;
  const std::uint64_t serial = TimelineControl::serial_of(ticket);
  // In this order: a thread that reads the passed serial of a later tenant also reads its base.
  const bool reached = serial <= control->passed.load(std::memory_order_seq_cst);
  if (serial <= control->base.load(std::memory_order_acquire)) return State::ended;
  return reached ? State::passed : State::not_yet;
}

/// How the timeline of an ended ticket ended, as far as is known. Called with TicketWaiters::mutex held.
TimelineControl::End end_of(const Ticket& ticket, std::source_location where) noexcept {
  const TimelineControl* control = TimelineControl::of(ticket);
  if (!control || TimelineControl::serial_of(ticket) <= control->last_end.after) {
    return {.why = make_error(ErrorId::stale_ticket, where)};
  }
  TimelineControl::End end = control->last_end;
  end.why.where = where;
  return end;
}

/// The result of a wait for any of these, if there is one by now. `slept`: the caller has waited, so that a
/// ticket that passed before its timeline ended counts as passed. Called with TicketWaiters::mutex held.
std::optional<Result<std::size_t>> answer_of(std::span<const Ticket> tickets, bool slept,
                                             std::source_location where) noexcept {
  std::optional<Result<std::size_t>> ended;
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    const State state = state_of(tickets[i]);
    if (state == State::passed) return i;
    if (state == State::not_yet || ended) continue;
    const TimelineControl::End end = end_of(tickets[i], where);
    if (slept && TimelineControl::serial_of(tickets[i]) <= end.passed) return i;
    ended = tl::unexpected(end.why);
  }
  return ended;
}

/// The timeline that this thread polls for the ticket; null if another thread polls, or if the timeline is gone.
TimelineState* polled_here(const Ticket& ticket) noexcept {
  const TimelineControl* control = TimelineControl::of(ticket);
  if (!control || control->owner.load(std::memory_order_relaxed) != std::this_thread::get_id())
    return nullptr;
  return control->tenant.load(std::memory_order_relaxed);
}

/// The timeline of all of these, if this thread polls it and none of them has ended.
TimelineState* only_timeline(std::span<const Ticket> tickets) noexcept {
  TimelineState* const first = polled_here(tickets[0]);
  const bool only = first && std::all_of(tickets.begin(), tickets.end(), [&](const Ticket& ticket) {
                      return polled_here(ticket) == first && state_of(ticket) != State::ended;
                    });
  return only ? first : nullptr;
}

/// Polls every timeline of these that this thread polls. Returns the first failure. A timeline whose context is not
/// current is skipped if another one was polled.
Result<void> poll_here(std::span<const Ticket> tickets, std::source_location where) {
  Result<void> all;
  bool any_polled = false;
  for (const Ticket& ticket : tickets) {
    TimelineState* const timeline = polled_here(ticket);
    if (!timeline) continue;
    auto polled = timeline->poll(where);
    any_polled = any_polled || polled;
    if (!polled && (all || all.error().status == Status::wrong_context)) all = polled;
  }
  if (!all && any_polled && all.error().status == Status::wrong_context) return {};
  return all;
}

/// While it lives, the timelines of these tickets notify TicketWaiters when a ticket passes.
class WaitedFor {
 public:
  explicit WaitedFor(std::span<const Ticket> tickets) noexcept : tickets_(tickets) {
    for (const Ticket& ticket : tickets_) {
      TimelineControl::of(ticket)->waited_for.fetch_add(1, std::memory_order_seq_cst);
    }
  }
  WaitedFor(const WaitedFor&) = delete;
  WaitedFor& operator=(const WaitedFor&) = delete;
  ~WaitedFor() {
    for (const Ticket& ticket : tickets_) {
      TimelineControl::of(ticket)->waited_for.fetch_sub(1, std::memory_order_relaxed);
    }
  }

 private:
  std::span<const Ticket> tickets_;
};

}  // namespace
}  // namespace detail

using detail::TimelineControl;

bool Ticket::passed() const noexcept {
  return control_ && serial_ <= control_->passed.load(std::memory_order_acquire) &&
         serial_ > control_->base.load(std::memory_order_acquire);
}

Result<std::size_t> wait_any(std::span<const Ticket> tickets, std::chrono::nanoseconds timeout,
                             std::source_location where) {
  if (tickets.empty()) return fail(ErrorId::no_tickets, where);
  if (detail::TimelineState* const timeline = detail::only_timeline(tickets)) {
    // They pass in order.
    const auto oldest = std::ranges::min_element(tickets, {}, TimelineControl::serial_of);
    const std::uint64_t serial = TimelineControl::serial_of(*oldest);
    if (auto passed = timeline->wait_serial(serial, timeout, where); !passed) return pass_on(passed);
    return static_cast<std::size_t>(oldest - tickets.begin());
  }
  const detail::Deadline deadline(timeout);
  detail::TicketWaiters& room = detail::TicketWaiters::instance();
  std::unique_lock lock(room.mutex);
  if (auto answer = detail::answer_of(tickets, false, where)) return *answer;
  const bool polls = std::ranges::any_of(tickets, detail::polled_here);
  const detail::WaitedFor waited_for(tickets);
  for (bool in_time = true;;) {
    Result<void> polled;
    if (polls) {
      // A poll that passes a ticket takes the lock.
      lock.unlock();
      polled = detail::poll_here(tickets, where);
      lock.lock();
    }
    if (auto answer = detail::answer_of(tickets, true, where)) return *answer;
    if (!polled) return pass_on(polled);
    if (!in_time) return fail(ErrorId::wait_timed_out, where, {.numbers = {deadline.timeout_ns()}});
    const auto next_poll = detail::Deadline::Clock::now() + std::chrono::milliseconds(1);
    room.changed.wait_until(lock, polls ? std::min(deadline.at(), next_poll) : deadline.at());
    in_time = deadline.left().count() > 0;
  }
}

Result<void> Ticket::wait(std::chrono::nanoseconds timeout, std::source_location where) const {
  return wait_any({this, 1}, timeout, where).map([](std::size_t) {});
}

Result<void> Ticket::wait_on_gpu(Context& other, std::source_location where) const {
  detail::ContextState& waiting = detail::ContextState::of(other);
  if (auto current = waiting.check_current(where); !current) return current;
  if (control_) {
    const std::lock_guard lock(control_->sharing);
    // While this is locked, no ticket of a sharing timeline passes and none of its fences is deleted.
    const detail::State state = detail::state_of(*this);
    if (state != detail::State::ended) {
      // The commands of one context are in order.
      if (control_ == waiting.timeline().control) return {};
      const std::uint64_t declared = control_->shared ? control_->shared->context.options.share_group : 0;
      if (declared == 0 || declared != waiting.options.share_group) {
        return waiting.misuse({.id = ErrorId::other_share_group,
                               .noticed_at = where,
                               .numbers = {declared, waiting.options.share_group}});
      }
      if (state == detail::State::passed) return {};
      return control_->shared->make_wait(waiting, serial_, where);
    }
  }
  const std::lock_guard lock(detail::TicketWaiters::instance().mutex);
  return tl::unexpected(detail::end_of(*this, where).why);
}

}  // namespace pmb
