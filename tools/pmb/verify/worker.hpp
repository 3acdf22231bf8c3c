// SPDX-License-Identifier: MIT
// A process that does work which may hang or crash, and sends lines of text meanwhile.
//
// Threads: the caller has one thread, and no GL, so that the new process can open it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "common/failure.hpp"
#include "common/stop_signal.hpp"

namespace pmb::tool::verify {

/// Sends one line, without a newline in it.
using SendLine = std::function<void(std::string_view line)>;

class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  /// Starts the process, which ends with `work`. Failures: kLimit.
  static Outcome<Worker> start(const std::function<void(const SendLine&)>& work);
  Worker(Worker&& other) noexcept;
  Worker& operator=(Worker&&) = delete;
  /// Ends the process.
  ~Worker();

  enum class Event { line, end, late, stopped };
  /// Waits for the next line, the end of the process, the deadline or the stop.
  Event next(std::string& line, Clock::time_point deadline, const StopSignal& stop);
  /// After Event::end: "the process ended by signal 11".
  std::string ending();

 private:
  Worker(pid_t process, int pipe) noexcept : process_(process), pipe_(pipe) {}

  pid_t process_;
  int pipe_;
  std::string received_;
};

}  // namespace pmb::tool::verify
