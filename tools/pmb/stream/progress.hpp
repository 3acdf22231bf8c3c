// SPDX-License-Identifier: MIT
// One line on a terminal that shows the progress of a stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pmb::tool {

class Progress {
 public:
  /// Draws only if stderr is a terminal and `wanted` is true.
  Progress(bool wanted, std::string_view noun, std::optional<std::uint64_t> expected_blocks);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Redraws, at most a few times a second.
  void update(std::uint64_t blocks, std::uint64_t bytes);
  /// Removes the line.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool shown_;
  bool drawn_ = false;
  std::string_view noun_;
  std::optional<std::uint64_t> expected_blocks_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
};

/// The text of the line, without the terminal's control characters.
std::string progress_line(std::string_view noun, std::uint64_t blocks, std::uint64_t bytes, double seconds,
                          std::optional<std::uint64_t> expected_blocks);

}  // namespace pmb::tool
