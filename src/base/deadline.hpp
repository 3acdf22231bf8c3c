// SPDX-License-Identifier: MIT
// The end of a bounded wait, from any timeout of a caller, including negative and endless ones.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pmb::detail {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// From 0 to a year from now: beyond that the arithmetic of the clock could overflow.
  explicit Deadline(std::chrono::nanoseconds timeout) noexcept
      : timeout_(std::clamp<std::chrono::nanoseconds>(timeout, std::chrono::nanoseconds(0),
                                                      std::chrono::hours(8760))),
        at_(Clock::now() + timeout_) {}

  Clock::time_point at() const noexcept { return at_; }
  /// Never negative.
  std::chrono::nanoseconds left() const noexcept {
    return std::max<std::chrono::nanoseconds>(at_ - Clock::now(), std::chrono::nanoseconds(0));
  }
  /// The whole timeout, for the error.
  std::uint64_t timeout_ns() const noexcept { return static_cast<std::uint64_t>(timeout_.count()); }

 private:
  std::chrono::nanoseconds timeout_;
  Clock::time_point at_;
};

}  // namespace pmb::detail
