// SPDX-License-Identifier: MIT
#include <pmb/timeline.hpp>

#include "base/deadline.hpp"
#include "context/context_state.hpp"
#include "context/mapping.hpp"

namespace pmb {
namespace detail {

TimelineState::TimelineState(ContextState& owner)
    : context(owner),
      control(SlotPool<TimelineControl>::take()),
      // Continues after the serials of the last tenant, at a mark boundary.
      issued(control->base.load(std::memory_order_relaxed)),
      flushed(issued),
      first_(issued) {
  control->passed.store(issued, std::memory_order_release);
}

TimelineState::~TimelineState() {
  close();
  SlotPool<TimelineControl>::give_back(control);
}

void TimelineState::begin() noexcept {
  control->owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  control->tenant.store(this, std::memory_order_relaxed);
  if (context.options.share_group == 0) return;
  const std::lock_guard lock(control->sharing);
  control->shared = this;
}

std::unique_lock<std::recursive_mutex> TimelineState::lock_fences() const noexcept {
  return context.options.share_group != 0 ? std::unique_lock(control->sharing)
                                          : std::unique_lock<std::recursive_mutex>();
}

Result<void> TimelineState::check_usable(std::source_location where) const noexcept {
  // The thread is checked first: on other threads nothing else may be read.
  if (auto current = context.check_current(where); !current) return current;
  if (failure_.id == ErrorId::none) return {};
  Error error = failure_;
  error.where = where;
  return tl::unexpected(error);
}

Result<void> TimelineState::check(Ticket ticket, std::source_location where) const noexcept {
  const TimelineControl* theirs = TimelineControl::of(ticket);
  if (!theirs) return fail(ErrorId::stale_ticket, where);
  if (theirs != control) return fail(ErrorId::foreign_ticket, where);
  if (TimelineControl::serial_of(ticket) <= control->base.load(std::memory_order_relaxed)) {
    return fail(ErrorId::stale_ticket, where);
  }
  return {};
}

Result<void> TimelineState::push(std::uint64_t serial, GLsync fence, bool adopted,
                                 std::source_location where) noexcept {
  const auto lock = lock_fences();
  const auto superfluous = queue_.push(serial, fence, adopted);
  if (!superfluous) {
    context.gl.DeleteSync(fence);
    return fail(ErrorId::too_many_fences, where, {.numbers = {queue_.size()}});
  }
  if (*superfluous) context.gl.DeleteSync(static_cast<GLsync>(*superfluous));
  issued = serial;
  // It is unknown whether an adopted fence was flushed.
  if (adopted && flushed == issued) --flushed;
  return {};
}

Result<void> TimelineState::make_room(std::source_location where) {
  return queue_.size() < TicketQueue::kCapacity ? Result<void>() : poll(where);
}

Result<Ticket> TimelineState::mark(Kind kind, std::source_location where) {
  if (auto usable = check_usable(where); !usable) return pass_on(usable);
  const bool program = kind == Kind::program;
  if (program && context.validating()) {
    if (auto dropped = drop_unmapped(context, where); !dropped) return pass_on(dropped);
    context.driver_messages.report_moved(context, where);
    if (context.fault_handler) context.fault_handler->stay_first();
    context.registry.visit_children([&](ContextChild& child) { child.inspect_at_mark(where); });
  }
  std::uint64_t serial = next_program_serial();
  if (!program && issued + 1 < serial) {
    serial = issued + 1;
  } else if (!program && awaited == serial) {
    // A million transfers since a readback was acquired, without a mark of the program: this must not arm it.
    return fail(ErrorId::never_marked, where);
  }
  if (auto room = make_room(where); !room) return pass_on(room);
  const GladGLContext& gl = context.gl;
  // OpenGL 4.6 core, section 6.2: GPU writes reach a mapping that is not coherent only after this barrier, a fence after
  // it, and a wait.
  if (context.registry.needs_barrier()) gl.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  const GLsync fence = gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) {
    if (auto usable = context.check_lost(where); !usable) return pass_on(usable);
    return fail(ErrorId::fence_is_null, where, {.gl_call = "glFenceSync"});
  }
  if (auto pushed = push(serial, fence, false, where); !pushed) return pass_on(pushed);
  return TimelineControl::ticket(control, serial);
}

TimelineState::Answer TimelineState::ask(GLsync fence, std::uint64_t timeout_ns, std::source_location where) {
  const GladGLContext& gl = context.gl;
  const GLenum answer = gl.ClientWaitSync(fence, 0, timeout_ns);
  if (answer == GL_TIMEOUT_EXPIRED) return Answer::not_yet;
  // On a lost context every fence looks signalled (OpenGL 4.6 core, section 2.3.2), and Mesa returns 0.
  if (!context.check_lost(where)) return Answer::failed;
  if (answer == GL_ALREADY_SIGNALED || answer == GL_CONDITION_SATISFIED) return Answer::signalled;
  // A failed wait also sets a GL error.
  context.set_caller_errors_aside(answer == GL_WAIT_FAILED ? GL_INVALID_VALUE : GL_NO_ERROR);
  end(make_error(ErrorId::wait_failed, where, {.numbers = {answer}, .gl_call = "glClientWaitSync"}));
  return Answer::failed;
}

void TimelineState::end(const Error& failure) noexcept {
  if (failure_.id != ErrorId::none) return;
  failure_ = failure;
  end_tickets(failure);
  drop_fences();
}

void TimelineState::end_tickets(const Error& why) noexcept {
  TicketWaiters& room = TicketWaiters::instance();
  {
    const std::lock_guard lock(room.mutex);
    control->last_end = {first_, passed(), why};
    // From here on no serial counts as passed and none can be waited for. Later tenants of the control start
    // after every serial of this timeline.
    control->base.store(next_program_serial(), std::memory_order_release);
  }
  room.changed.notify_all();
}

void TimelineState::pass_front(std::size_t count) noexcept {
  if (count == 0) return;
  {
    const auto lock = lock_fences();
    std::uint64_t serial = 0;
    for (; count > 0; --count) {
      const TicketQueue::Entry oldest = queue_.pop();
      context.gl.DeleteSync(static_cast<GLsync>(oldest.fence));
      serial = oldest.serial;
    }
    control->passed.store(serial, std::memory_order_seq_cst);
  }
  // Sequentially consistent, as are the store of `passed` before it and the two accesses in wait_any(): either a thread
  // that is about to sleep sees the passed serial, or this sees the thread.
  if (control->waited_for.load(std::memory_order_seq_cst) == 0) return;
  TicketWaiters& room = TicketWaiters::instance();
  // A thread that has looked and does not sleep yet holds the mutex until it sleeps.
  { const std::lock_guard lock(room.mutex); }
  room.changed.notify_all();
}

void TimelineState::flush_once() noexcept {
  if (flushed == issued) return;
  context.gl.Flush();
  const auto lock = lock_fences();
  flushed = issued;
}

Result<void> TimelineState::poll(std::source_location where) {
  if (auto usable = check_usable(where); !usable) return usable;
  bool asked_again = false;
  while (!queue_.empty()) {
    const TicketQueue::Entry& oldest = queue_[0];
    const Answer answer = ask(static_cast<GLsync>(oldest.fence), 0, where);
    if (answer == Answer::failed) return tl::unexpected(failure_);
    if (answer == Answer::signalled) {
      pass_front(1);
      continue;
    }
    // A fence that was not flushed may never signal (OpenGL 4.6 core, section 4.1.2). It is unknown whether
    // the caller flushed an adopted one.
    const bool was_flushed = flushed == issued || (!oldest.adopted && oldest.serial <= flushed);
    if (asked_again || was_flushed) break;
    flush_once();
    asked_again = true;
  }
  return {};
}

Result<void> TimelineState::wait_serial(std::uint64_t serial, std::chrono::nanoseconds timeout,
                                        std::source_location where) {
  if (serial <= passed() && failure_.id == ErrorId::none) return {};
  if (auto polled = poll(where); !polled) return polled;
  if (serial <= passed()) return {};
  flush_once();

  const Deadline deadline(timeout);
  Answer answer = Answer::signalled;
  queue_.visit_proving(serial, [&](const TicketQueue::Entry& entry) {
    const auto left = static_cast<std::uint64_t>(deadline.left().count());
    answer = ask(static_cast<GLsync>(entry.fence), left, where);
    return answer == Answer::signalled;
  });
  if (answer == Answer::failed) return tl::unexpected(failure_);
  if (answer == Answer::not_yet) {
    return fail(ErrorId::wait_timed_out, where, {.numbers = {deadline.timeout_ns()}});
  }
  pass_front(queue_.first_proving(serial) + 1);
  return {};
}

Result<void> TimelineState::wait_for_all(std::source_location where) {
  const auto issued_now = mark(Kind::internal, where);
  if (!issued_now) return pass_on(issued_now);
  return wait_serial(TimelineControl::serial_of(*issued_now), context.options.timeout, where);
}

Result<void> TimelineState::make_wait(ContextState& other, std::uint64_t serial,
                                      std::source_location where) const {
  if (queue_[queue_.first_proving(serial)].serial > flushed) {
    return other.misuse(
        {.id = ErrorId::fence_not_flushed, .noticed_at = where, .numbers = {serial >> kSerialShift}});
  }
  const bool known = queue_.visit_proving(serial, [&](const TicketQueue::Entry& entry) {
    // To wait for a name that is no fence there is a GL error, or worse.
    const auto fence = static_cast<GLsync>(entry.fence);
    if (!other.gl.IsSync(fence)) return false;
    // OpenGL 4.6 core, section 4.1.2: flags and timeout are fixed.
    other.gl.WaitSync(fence, 0, GL_TIMEOUT_IGNORED);
    return true;
  });
  if (known) return {};
  if (auto reset = other.check_lost(where); !reset) return reset;
  return fail(ErrorId::nothing_shared, where, {.numbers = {other.options.share_group}});
}

void TimelineState::drop_fences() noexcept {
  // If their context is not current, the fences cannot be deleted; GL deletes them with it.
  const bool current = context.is_current();
  const auto lock = lock_fences();
  while (!queue_.empty()) {
    const TicketQueue::Entry oldest = queue_.pop();
    if (current) context.gl.DeleteSync(static_cast<GLsync>(oldest.fence));
  }
}

void TimelineState::close() noexcept {
  // A timeline that failed before has ended its tickets already, with a better reason.
  if (control->base.load(std::memory_order_relaxed) < next_program_serial()) {
    end_tickets(make_error(ErrorId::stale_ticket, std::source_location()));
  }
  drop_fences();
  control->tenant.store(nullptr, std::memory_order_relaxed);
  const auto lock = lock_fences();
  control->shared = nullptr;
}

}  // namespace detail

using detail::TimelineState;

Result<Ticket> Timeline::mark(std::source_location where) {
  return static_cast<TimelineState*>(this)->mark(TimelineState::Kind::program, where);
}

Result<Ticket> Timeline::adopt(void* gl_sync, std::source_location where) {
  auto& state = static_cast<TimelineState&>(*this);
  if (!gl_sync) return fail(ErrorId::no_such_fence, where);
  if (auto usable = state.check_usable(where); !usable) return pass_on(usable);
  if (auto room = state.make_room(where); !room) return pass_on(room);
  const auto fence = static_cast<GLsync>(gl_sync);
  if (!state.context.gl.IsSync(fence)) {
    if (auto reset = state.context.check_lost(where); !reset) return pass_on(reset);
    return fail(ErrorId::no_such_fence, where);
  }
  // pmb does not know when the caller made the fence: perhaps before copies that wait for the next mark, and without a
  // barrier. The fence alone proves no new serial; the mark after it does, once both have passed.
  if (auto pushed = state.push(state.issued, fence, true, where); !pushed) return pass_on(pushed);
  return mark(where);
}

Result<void> Timeline::poll(std::source_location where) {
  return static_cast<TimelineState*>(this)->poll(where);
}

Result<void> Timeline::flush(std::source_location where) {
  auto& state = static_cast<TimelineState&>(*this);
  if (auto usable = state.check_usable(where); !usable) return usable;
  state.flush_once();
  return {};
}

std::uint64_t Timeline::marked_serial() const noexcept {
  return static_cast<const TimelineState*>(this)->issued >> detail::kSerialShift;
}

}  // namespace pmb
