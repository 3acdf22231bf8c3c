// SPDX-License-Identifier: MIT
// The length of a soak, and the memory that must not grow in it. Shared by the soak on the fake and the one on a real driver.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace test_support {

/// PMB_SOAK_FRAMES, or `few`, for every run of the tests.
inline std::uint64_t soak_frames(std::uint64_t few) {
  const char* const given = std::getenv("PMB_SOAK_FRAMES");
  return given ? std::strtoull(given, nullptr, 10) : few;
}

/// Resident memory of this process; 0 where the system does not report it.
inline std::int64_t resident_pages() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  file >> size >> resident;
  return resident;
}

/// The resident memory after each of several equal parts of a soak.
class ResidentMemory {
 public:
  void end_part() { pages_.push_back(resident_pages()); }
  /// The pages that every part after the first added. A leak adds some in each part. The caches of a driver grow now and then.
  std::int64_t growth_of_each_part() const {
    std::int64_t least = pages_.back();
    for (std::size_t part = 1; part < pages_.size(); ++part)
      least = std::min(least, pages_[part] - pages_[part - 1]);
    return least;
  }

 private:
  std::vector<std::int64_t> pages_;
};

}  // namespace test_support
