// SPDX-License-Identifier: MIT
// Arithmetic on byte ranges that cannot overflow: bounds, and the first and last byte that differ.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pmb::detail {

/// A half-open range.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool empty() const noexcept { return begin >= end; }
  friend bool operator==(const ByteRange&, const ByteRange&) noexcept = default;
};

/// True if [offset, offset + size) lies in [0, total).
constexpr bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t total) noexcept {
  return offset <= total && size <= total - offset;
}

/// The smallest range outside of which each byte is `expected(index)`.
template <class Expected>
ByteRange differing_from_pattern(std::span<const std::byte> bytes, Expected expected) noexcept {
  std::size_t begin = 0;
  while (begin < bytes.size() && bytes[begin] == expected(begin)) ++begin;
  std::size_t end = bytes.size();
  while (end > begin && bytes[end - 1] == expected(end - 1)) --end;
  return begin < end ? ByteRange{begin, end} : ByteRange{};
}

/// The smallest range outside of which both are equal; compares their common length.
inline ByteRange differing_range(std::span<const std::byte> left, std::span<const std::byte> right) noexcept {
  return differing_from_pattern(left.first(std::min(left.size(), right.size())),
                                [right](std::size_t index) { return right[index]; });
}

}  // namespace pmb::detail
