// SPDX-License-Identifier: MIT

#include "common/size_option.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace pmb::tool {
namespace {

/// The power of two of a unit, or -1.
int shift_of(std::string unit) {
  for (char& letter : unit) letter = CLI::detail::to_lower(std::string(1, letter)).front();
  if (unit.empty() || unit == "b") return 0;
  int shift = 0;
  for (const char letter : {'k', 'm', 'g', 't'}) {
    shift += 10;
    if (unit == std::string(1, letter) || unit == letter + std::string("b") ||
        unit == letter + std::string("ib"))
      return shift;
  }
  return -1;
}

std::string read_size(std::string& text) {
  std::uint64_t size = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, size);
  const int shift = error == std::errc() ? shift_of(std::string(stop, end)) : -1;
  if (shift < 0) return "'" + text + "' is not a size; write a whole number of bytes such as 4096, 64K or 8M";
  if (size == 0) return "a size must be at least one byte";
  if (size > std::numeric_limits<std::uint64_t>::max() >> shift) return "'" + text + "' is too large";
  text = std::to_string(size << shift);
  return {};
}

}  // namespace

CLI::Validator size_value() {
  return {read_size, "", "size"};
}

}  // namespace pmb::tool
