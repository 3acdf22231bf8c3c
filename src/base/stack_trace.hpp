// SPDX-License-Identifier: MIT
// The return addresses of a call, for reports of validation.
//
// Threads: any.
// Memory:  none; the first capture of a process may allocate.
#pragma once

#include <algorithm>
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
  /// In a signal handler: of the function that the signal interrupted at `instruction`.
  static StackTrace capture_from(void* instruction) noexcept {
    StackTrace trace = capture();
    const auto found = std::ranges::find(trace.frames(), instruction);
    if (found == trace.frames().end()) {
      trace.frames_ = {instruction};
      trace.count_ = 1;
    } else {
      trace.count_ = static_cast<std::size_t>(
          std::ranges::copy(found, trace.frames().end(), trace.frames_.begin()).out - trace.frames_.begin());
    }
    return trace;
  }
  std::span<void* const> frames() const noexcept { return std::span(frames_).first(count_); }

 private:
  static constexpr std::size_t kDeepest = 24;
  std::array<void*, kDeepest> frames_ = {};
  std::size_t count_ = 0;
};

}  // namespace pmb::detail
