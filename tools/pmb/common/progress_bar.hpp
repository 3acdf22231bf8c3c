// SPDX-License-Identifier: MIT
// One line on a terminal that shows how much of a run is done.
#pragma once

#include <string_view>

namespace pmb::tool {

class ProgressBar {
 public:
  /// Draws only if stderr is a terminal and `wanted` is true.
  explicit ProgressBar(bool wanted);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` from 0 to 1.
  void show(double done, std::string_view what) const;
  void clear() const;

 private:
  bool shown_;
};

}  // namespace pmb::tool
