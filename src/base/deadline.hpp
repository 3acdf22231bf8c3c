// SPDX-License-Identifier: MIT
// The end of a bounded wait, from any timeout of a caller, including negative and endless ones.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pmb::detail {

/// The clock starts at the first at() or left(), so that a call that does not wait never reads it.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// From 0 to a year from now: beyond that the arithmetic of the clock could overflow.
  explicit Deadline(std::chrono::nanoseconds timeout) noexcept
      : timeout_(std::clamp<std::chrono::nanoseconds>(timeout, std::chrono::nanoseconds(0),
                                                      std::chrono::hours(8760))) {}

  Clock::time_point at() const noexcept {
    if (at_ == kNotStarted) at_ = Clock::now() + timeout_;
    return at_;
  }
  /// Never negative.
  std::chrono::nanoseconds left() const noexcept {
    const Clock::time_point now = Clock::now();
    if (at_ == kNotStarted) at_ = now + timeout_;
    return std::max<std::chrono::nanoseconds>(at_ - now, std::chrono::nanoseconds(0));
  }
  /// The whole timeout, for the error.
  std::uint64_t timeout_ns() const noexcept { return static_cast<std::uint64_t>(timeout_.count()); }

 private:
  static constexpr Clock::time_point kNotStarted = Clock::time_point::min();

  std::chrono::nanoseconds timeout_;
  mutable Clock::time_point at_ = kNotStarted;
};

}  // namespace pmb::detail
