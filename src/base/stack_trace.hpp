// SPDX-License-Identifier: MIT
// The return addresses of a call, for reports of validation.
//
// Threads: any.
// Memory:  none; the first capture of a process may allocate.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/platform.hpp"

namespace pmb::detail {

class StackTrace {
 public:
  StackTrace() noexcept = default;
  /// Of the calling function, innermost first.
  static StackTrace capture() noexcept {
    StackTrace trace;
    trace.count_ = capture_stack(trace.frames_);
    return trace;
  }
  std::span<void* const> frames() const noexcept { return std::span(frames_).first(count_); }

 private:
  static constexpr std::size_t kDeepest = 24;
  std::array<void*, kDeepest> frames_ = {};
  std::size_t count_ = 0;
};

}  // namespace pmb::detail
