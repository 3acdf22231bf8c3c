// SPDX-License-Identifier: MIT
#include "base/byte_ranges.hpp"

#include <algorithm>

namespace pmb::detail {

ByteRange differing_range(std::span<const std::byte> left, std::span<const std::byte> right) noexcept {
  const std::size_t size = std::min(left.size(), right.size());
  std::size_t begin = 0;
  while (begin < size && left[begin] == right[begin]) ++begin;
  std::size_t end = size;
  while (end > begin && left[end - 1] == right[end - 1]) --end;
  return begin < end ? ByteRange{begin, end} : ByteRange{};
}

}  // namespace pmb::detail
