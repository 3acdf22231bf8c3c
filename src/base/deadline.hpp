// SPDX-License-Identifier: MIT
// A bounded wait's end: from any timeout, negative and endless ones too, that a caller may give.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pmb::detail {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// At least nothing and at most a year from now: beyond that the clock's arithmetic could overflow.
  explicit Deadline(std::chrono::nanoseconds timeout) noexcept
      : timeout_(std::clamp<std::chrono::nanoseconds>(timeout, std::chrono::nanoseconds(0),
                                                      std::chrono::hours(8760))),
        at_(Clock::now() + timeout_) {}

  Clock::time_point at() const noexcept { return at_; }
  /// Never negative.
  std::chrono::nanoseconds left() const noexcept {
    return std::max<std::chrono::nanoseconds>(at_ - Clock::now(), std::chrono::nanoseconds(0));
  }
  /// What was waited in all, for the error.
  std::uint64_t timeout_ns() const noexcept { return static_cast<std::uint64_t>(timeout_.count()); }

 private:
  std::chrono::nanoseconds timeout_;
  Clock::time_point at_;
};

}  // namespace pmb::detail
