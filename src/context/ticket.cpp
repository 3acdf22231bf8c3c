// SPDX-License-Identifier: MIT
// What a ticket can do away from its own context: be asked and waited for on any thread, and be waited for on
// the GPU by another context.
#include <algorithm>
#include <mutex>
#include <optional>
#include <pmb/timeline.hpp>
#include <thread>

#include "base/deadline.hpp"
#include "context/context_state.hpp"
#include "context/ticket_waiters.hpp"
#include "context/timeline_state.hpp"

namespace pmb {
namespace detail {
namespace {

enum class State : std::uint8_t { passed, not_yet, ended };

State state_of(const Ticket& ticket) noexcept {
  const TimelineControl* control = TimelineControl::of(ticket);
  if (!control) return State::ended;
  const std::uint64_t serial = TimelineControl::serial_of(ticket);
  // In this order: who reads what a later tenant has passed reads its base as well.
  const bool reached = serial <= control->passed.load(std::memory_order_seq_cst);
  if (serial <= control->base.load(std::memory_order_acquire)) return State::ended;
  return reached ? State::passed : State::not_yet;
}

/// How the timeline of an ended ticket ended, as far as is known. Under the waiting room's mutex.
TimelineControl::End end_of(const Ticket& ticket, std::source_location where) noexcept {
  const TimelineControl* control = TimelineControl::of(ticket);
  if (!control || TimelineControl::serial_of(ticket) <= control->last_end.after) {
    return {.why = make_error(ErrorId::stale_ticket, where)};
  }
  TimelineControl::End end = control->last_end;
  end.why.where = where;
  return end;
}

/// The answer to a wait for any of these, if there is one by now. `slept`: the caller has waited, so that what
/// passed before its timeline ended passed for it. Under the waiting room's mutex.
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

bool learnt_here(const Ticket& ticket) noexcept {
  return TimelineControl::of(ticket)->owner.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

/// As long as it lives, the tickets' timelines tell of what passes.
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
  const detail::Deadline deadline(timeout);
  detail::TicketWaiters& room = detail::TicketWaiters::instance();
  std::unique_lock lock(room.mutex);
  if (auto answer = detail::answer_of(tickets, false, where)) return *answer;
  if (std::any_of(tickets.begin(), tickets.end(), detail::learnt_here)) {
    return fail(ErrorId::waits_for_itself, where);
  }
  const detail::WaitedFor waited_for(tickets);
  for (bool in_time = true;;) {
    if (auto answer = detail::answer_of(tickets, true, where)) return *answer;
    if (!in_time) return fail(ErrorId::wait_timed_out, where, {.numbers = {deadline.timeout_ns()}});
    in_time = room.news.wait_until(lock, deadline.at()) == std::cv_status::no_timeout;
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
    // Of a timeline that shares, nothing passes and no fence goes while this is locked.
    const detail::State state = detail::state_of(*this);
    if (state != detail::State::ended) {
      // The commands of one context are in order.
      if (control_ == waiting.timeline().control) return {};
      const std::uint64_t declared = control_->shared ? control_->shared->context.options.share_group : 0;
      if (declared == 0 || declared != waiting.options.share_group) {
        waiting.report({.rule = Rule::other_share_group, .noticed_at = where});
        return fail(ErrorId::other_share_group, where, {.numbers = {declared, waiting.options.share_group}});
      }
      if (state == detail::State::passed) return {};
      return control_->shared->make_wait(waiting, serial_, where);
    }
  }
  const std::lock_guard lock(detail::TicketWaiters::instance().mutex);
  return tl::unexpected(detail::end_of(*this, where).why);
}

}  // namespace pmb
