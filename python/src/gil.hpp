// SPDX-License-Identifier: MIT
// The lock of the interpreter (GIL): released while pmb waits or copies, taken where pmb calls back.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>
#include <pmb/result.hpp>
#include <utility>

namespace pmb::python {

namespace py = pybind11;

/// Calls `work`, which must not throw, without the lock. No destructor takes the lock back: an interpreter that ends
/// unwinds its daemon threads there, and a destructor would turn that into an abort.
template <class Work>
auto without_lock(Work&& work) {
  PyThreadState* const thread = PyEval_SaveThread();
  if constexpr (std::is_void_v<decltype(work())>) {
    work();
    PyEval_RestoreThread(thread);
  } else {
    auto result = work();
    PyEval_RestoreThread(thread);
    return result;
  }
}

/// Holds the lock on a thread that may or may not have it.
class Lock {
 public:
  Lock() : state_(PyGILState_Ensure()) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_;
};

/// Seconds of Python. Negative ones and NaN are 0; those that do not fit, infinity too, are the longest duration.
inline std::chrono::nanoseconds to_duration(double seconds) noexcept {
  using std::chrono::nanoseconds;
  constexpr double kLongest = 9e9;
  if (!(seconds > 0)) return nanoseconds(0);
  return nanoseconds(static_cast<nanoseconds::rep>(std::min(seconds, kLongest) * 1e9));
}

inline double to_seconds(std::chrono::nanoseconds duration) noexcept {
  return static_cast<double>(duration.count()) * 1e-9;
}

/// Calls `wait(timeout)`, a bounded wait of pmb, without the lock. It waits in short steps, so that Ctrl-C ends it.
template <class Wait>
auto wait_in_steps(double seconds, Wait wait) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::nanoseconds kStep = std::chrono::milliseconds(50);
  const std::chrono::nanoseconds timeout = to_duration(seconds);
  const auto start = Clock::now();
  for (std::chrono::nanoseconds left = timeout;; left = timeout - (Clock::now() - start)) {
    auto result = without_lock([&] { return wait(std::clamp(left, std::chrono::nanoseconds(0), kStep)); });
    if (result || result.error().status != StatusCode::timed_out) return result;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (left <= kStep) {
      result.error().numbers[0] = static_cast<std::uint64_t>(timeout.count());
      return result;
    }
  }
}

}  // namespace pmb::python
