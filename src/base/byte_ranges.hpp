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

/// The smallest range outside of which both are equal; compares their common length.
inline ByteRange differing_range(std::span<const std::byte> left, std::span<const std::byte> right) noexcept {
  const std::size_t size = std::min(left.size(), right.size());
  std::size_t begin = 0;
  while (begin < size && left[begin] == right[begin]) ++begin;
  std::size_t end = size;
  while (end > begin && left[end - 1] == right[end - 1]) --end;
  return begin < end ? ByteRange{begin, end} : ByteRange{};
}

}  // namespace pmb::detail
