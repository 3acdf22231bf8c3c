// SPDX-License-Identifier: MIT
// What the objects made on one context share. It lives until the last of them is gone; `alive` ends with the Context.
#pragma once

#include <algorithm>
#include <iterator>
#include <pmb/context.hpp>
#include <pmb/tune/profile.hpp>

#include "base/fail.hpp"
#include "base/fault_handler.hpp"
#include "base/process_exit.hpp"
#include "context/driver_messages.hpp"
#include "context/registry.hpp"
#include "context/timeline_state.hpp"
#include "gl/gl_table.hpp"
#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// The profile in force and what follows from it.
struct Plans {
  std::optional<Profile> profile;
  std::string profile_file;  ///< The file that the options led to.
  Error profile_error;
  TransferPlan transfers;
};

/// GL errors that were pending before calls of pmb that had to ask for errors: the caller's, oldest first.
class CallerErrors {
 public:
  void add(std::uint32_t error) noexcept {
    if (count_ < std::ssize(errors_)) errors_[count_++] = error;
  }
  /// 0 for none.
  std::uint32_t take() noexcept {
    if (count_ == 0) return 0;
    std::rotate(std::begin(errors_), std::begin(errors_) + 1, std::begin(errors_) + count_);
    return errors_[--count_];
  }

 private:
  std::uint32_t errors_[16] = {};  ///< Further ones are only logged.
  std::ptrdiff_t count_ = 0;
};

struct PMB_API ContextState {
  /// The state behind a public object.
  static ContextState& of(const Context& context) noexcept { return *context.state_; }
  static std::shared_ptr<ContextState> share(const Context& context) noexcept { return context.state_; }
  /// The state of contexts that were moved from: not alive.
  static const std::shared_ptr<ContextState>& none() noexcept;

  /// Reads everything from the current context. Called once.
  Result<void> open(Loader loader, Options&& chosen, std::source_location where);
  /// A second state for the same GL context: nothing is made on it yet, no option is forced, and it has no profile,
  /// validation or log.
  Result<Context> clone_for_same_gl(std::source_location where) const;
  /// The end of the Context: everything becomes inert, and what was not destroyed is reported.
  void close() noexcept;

  /// Ok if GL may be called here: the context lives, is not lost, and is current on this thread, its own.
  Result<void> check_current(std::source_location where) const noexcept;
  /// As check_current, but asks which GL context is current only under validation: libglvnd makes a system call for
  /// that, which costs more than glBufferSubData of a few bytes (docs/drivers.md).
  Result<void> check_thread(std::source_location where) const noexcept;
  /// Ok on the context's thread, whichever GL context is current there. Costs less than the two above.
  Result<void> check_own_thread(std::source_location where) const noexcept;
  /// Asks GL whether the context was reset, where GL reports that. After a reset everything ends as by lose().
  Result<void> check_lost(std::source_location where) noexcept;
  /// `outcome`, or the loss if it is an error and the context was reset. A lost context returns 0 to every query, which looks
  /// like a mistake of the program or of the driver. For errors that follow from what GL returned.
  template <class T>
  Result<T> unless_lost(Result<T> outcome, std::source_location where) noexcept {
    if (outcome) return outcome;
    if (auto usable = check_lost(where); !usable) return pass_on(usable);
    return outcome;
  }
  /// True where check_thread() succeeds without asking anything.
  bool is_usable_here() const noexcept {
    return alive && !lost && on_own_thread() && !process_is_exiting() && !validating();
  }
  /// The error if another GL context is current on this thread, or none is.
  ErrorId mismatch_here() const noexcept;
  /// The error if GL may not be called here.
  ErrorId misuse_here() const noexcept;
  /// True where GL may be called to clean up, also on a lost context.
  bool is_current() const noexcept { return misuse_here() == ErrorId::none; }

  /// Notes a reset: the timeline ends and everything becomes inert. Returns the error for the caller.
  Error lose(std::uint32_t status, std::source_location where) noexcept;
  /// The error of calls on a lost context.
  Error loss(std::source_location where) const noexcept {
    return make_error(ErrorId::context_lost, where, {.numbers = {reset_status}});
  }

  TimelineState& timeline() noexcept { return timeline_state; }
  bool validating() const noexcept { return static_cast<bool>(options.validation); }
  void report(const Report& report) const noexcept;
  /// Reports misuse, and returns it as the error of the call at `noticed_at`.
  tl::unexpected<Error> misuse(const Report& report) const noexcept;
  /// Logs the line that `make_line` returns. Does nothing without a callback, or without memory for the line.
  template <class MakeLine>
  void log(LogLevel level, MakeLine&& make_line) const noexcept {
    if (!options.log) return;
    try {
      options.log(level, make_line());
    } catch (const std::exception&) {
    }
  }

  /// Moves pending GL errors to `caller_errors`, except for one `own` that a call of pmb's caused.
  void set_caller_errors_aside(std::uint32_t own = GL_NO_ERROR) noexcept;

  GlTable gl;
  Options options;
  Plans plans;
  Registry registry;
  CallerErrors caller_errors;
  DriverMessages driver_messages;  ///< Used by validation only.
  TimelineState timeline_state{*this};
  bool advises_on_capacity = true;  ///< For rings that end under validation.
  /// The rings of transfer/transfer_rings.hpp, made at their first use. The first to go when the context closes.
  std::shared_ptr<void> transfer_rings;
  std::unique_ptr<FaultHandler> fault_handler;  ///< With Options::page_guard, until the context closes.

  void* (*current)() = nullptr;  ///< Returns the GL context that is current on a thread; null if unknown.
  void* identity = nullptr;      ///< What `current` returned when this was opened.
  std::uint64_t memory_limit = 0;
  std::atomic<bool> alive = false;  ///< Changed on the context's thread, read on any.
  bool lost = false;
  std::uint32_t reset_status = 0;

 private:
  bool on_own_thread() const noexcept {
    return timeline_state.control->owner.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
};

/// Threads that a copy of this step may use.
inline std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept {
  if (!state.options.parallel_for) return 1;
  static const std::uint32_t kMachine = std::max(1U, std::thread::hardware_concurrency());
  return std::min(step.threads, state.options.copy_threads != 0 ? state.options.copy_threads : kMachine);
}

/// How one block of `size` bytes is copied into mapped memory or out of it, by the plan of that direction.
inline CopyOptions copy_options(const ContextState& state, const TransferDirection& plan,
                                std::size_t size) noexcept {
  return {.parallel_for = &state.options.parallel_for,
          .threads = copy_threads(state, plan.step_for(size)),
          .streaming_from_bytes = static_cast<std::size_t>(plan.streaming_from_bytes),
          .slow_reads = plan.slow_reads};
}

/// The driver's traits, for plans where nothing was measured.
PMB_API DriverTraits traits_of(const ContextState& state);
/// The transfer plan in force: forced by the options, or of the profile, or the driver's default. Statuses:
/// invalid_argument.
PMB_API Result<TransferPlan> make_transfer_plan(const ContextState& state, std::source_location where);
/// The transfer plan of a profile, or the driver's default if `profile` is null. Nothing is forced.
PMB_API TransferPlan unforced_transfers(const ContextState& state, const Profile* profile);

/// Puts the profile that the options name in force, or logs why not.
void read_profile(ContextState& state);

}  // namespace pmb::detail
