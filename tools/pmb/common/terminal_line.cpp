// SPDX-License-Identifier: MIT

#include "common/terminal_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace pmb::tool {
namespace {

// Asked at every redraw, so that a resize needs no signal handler.
std::size_t terminal_columns() {
  constexpr std::size_t kUsual = 80;
  struct winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

std::string_view fitted(std::string_view text, std::size_t columns) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Bytes 10xxxxxx continue a character of UTF-8.
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts && ++characters > columns) return text.substr(0, i);
  }
  return text;
}

void draw_line(std::string_view text) {
  // Some terminals wrap as soon as the last column is filled. "\x1b[K" clears the rest of a longer line.
  fmt::print(stderr, "\r{}\x1b[K", fitted(text, terminal_columns() - 1));
  std::fflush(stderr);
}

void clear_line() {
  draw_line("");
}

}  // namespace pmb::tool
