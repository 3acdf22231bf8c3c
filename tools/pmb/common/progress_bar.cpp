// SPDX-License-Identifier: MIT

#include "common/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "common/terminal_line.hpp"

namespace pmb::tool {

ProgressBar::ProgressBar(bool wanted) : shown_(wanted && isatty(STDERR_FILENO) == 1) {}

void ProgressBar::show(double done, std::string_view what) const {
  if (!shown_) return;
  constexpr std::size_t kWidth = 24;
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * kWidth);
  draw_line(fmt::format("[{:#<{}}{:.<{}}] {}", "", filled, "", kWidth - filled, what));
}

void ProgressBar::clear() const {
  if (shown_) clear_line();
}

}  // namespace pmb::tool
