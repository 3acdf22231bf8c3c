// SPDX-License-Identifier: MIT
// Ends blocking reads from elsewhere: from another thread, or by Ctrl-C.
//
// Threads: request() and requested() on any thread and in signal handlers.
#pragma once

#include <signal.h>

#include <atomic>

namespace pmb::tool {

/// A flag with a file descriptor that becomes readable when it is raised, for poll().
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void request() noexcept;
  bool requested() const noexcept { return requested_.load(); }
  int descriptor() const noexcept { return descriptor_; }

 private:
  std::atomic<bool> requested_ = false;
  static_assert(std::atomic<bool>::is_always_lock_free);
  int descriptor_ = -1;
};

/// While it lives, the first SIGINT raises `stop` and the second one ends the process as usual; SIGPIPE is
/// ignored, so that a closed output is an error of write(). At most one at a time.
class SignalGuard {
 public:
  explicit SignalGuard(StopSignal& stop);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// A SIGINT came.
  bool interrupted() const noexcept;

 private:
  struct sigaction previous_interrupt_ = {};
  struct sigaction previous_pipe_ = {};
};

}  // namespace pmb::tool
