// SPDX-License-Identifier: MIT

#include "common/units.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pmb::tool {

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  const bool whole = value == static_cast<double>(static_cast<std::uint64_t>(value));
  return whole ? fmt::format("{:.0f} {}", value, kUnits[unit])
               : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(bytes) / seconds / 1e9 : 0;
  // A slow stream would read 0.000.
  const int digits = rate == 0 || rate >= 0.001 ? 3 : 6;
  return fmt::format("{:.{}f} GB/s", rate, digits);
}

}  // namespace pmb::tool
