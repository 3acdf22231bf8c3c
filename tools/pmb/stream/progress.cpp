// SPDX-License-Identifier: MIT
// Draws the progress line.

#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pmb::tool {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};

}  // namespace

std::string progress_line(std::string_view noun, std::uint64_t blocks, std::uint64_t bytes, double seconds,
                          std::optional<std::uint64_t> expected_blocks) {
  const double rate = seconds > 0 ? static_cast<double>(blocks) / seconds : 0;
  const double megabytes_per_second = seconds > 0 ? static_cast<double>(bytes) / seconds / 1e6 : 0;
  std::string line;
  if (expected_blocks && *expected_blocks > 0) {
    const std::uint64_t done = std::min(blocks, *expected_blocks);
    line = fmt::format("{:3}%  {}/{} {}s", done * 100 / *expected_blocks, done, *expected_blocks, noun);
  } else {
    line = fmt::format("{} {}s", blocks, noun);
  }
  line += fmt::format("  {:.1f}/s  {:.1f} MB/s", rate, megabytes_per_second);
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
  // "\x1b[K" clears what a longer line left behind.
  fmt::print(stderr, "\r{}\x1b[K", progress_line(noun_, blocks, bytes, passed.count(), expected_blocks_));
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace pmb::tool
