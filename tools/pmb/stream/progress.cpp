// SPDX-License-Identifier: MIT
// Draws the progress line.

#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "common/terminal_line.hpp"
#include "common/units.hpp"

namespace pmb::tool {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};

}  // namespace

std::string progress_line(std::string_view noun, std::uint64_t blocks, std::uint64_t bytes, double seconds,
                          std::optional<std::uint64_t> expected_blocks) {
  const double rate = seconds > 0 ? static_cast<double>(blocks) / seconds : 0;
  std::string line;
  if (expected_blocks && *expected_blocks > 0) {
    const std::uint64_t done = std::min(blocks, *expected_blocks);
    line = fmt::format("{:3}%  {}/{} {}s", done * 100 / *expected_blocks, done, *expected_blocks, noun);
  } else {
    line = fmt::format("{} {}s", blocks, noun);
  }
  line += fmt::format("  {:.1f}/s  {}", rate, rate_text(bytes, seconds));
  if (expected_blocks && rate > 0 && *expected_blocks > blocks) {
    const auto left = static_cast<std::uint64_t>(static_cast<double>(*expected_blocks - blocks) / rate + 0.5);
    line += fmt::format("  {}:{:02} left", left / 60, left % 60);
  }
  return line;
}

Progress::Progress(bool wanted, std::string_view noun, std::optional<std::uint64_t> expected_blocks)
    : shown_(wanted && isatty(STDERR_FILENO) == 1), noun_(noun), expected_blocks_(expected_blocks) {}

void Progress::update(std::uint64_t blocks, std::uint64_t bytes) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kRedraw;
  const std::chrono::duration<double> passed = now - start_;
  draw_line(progress_line(noun_, blocks, bytes, passed.count(), expected_blocks_));
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  clear_line();
  drawn_ = false;
}

}  // namespace pmb::tool
