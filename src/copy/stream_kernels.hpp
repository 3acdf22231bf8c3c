// SPDX-License-Identifier: MIT
// One piece of a copy on one thread. The inner loops are compiled for several instruction sets; the best one of the machine
// runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/copy.hpp>

namespace pmb::detail {

enum class CopyHow : std::uint8_t {
  plain,
  streaming_stores,  ///< Non-temporal, fenced on return.
  streaming_loads,   ///< In whole cache lines; plain stores.
};

/// The ranges must not overlap.
void copy_piece(std::byte* to, const std::byte* from, std::size_t size, CopyHow how) noexcept;

/// How to copy `size` bytes to mapped memory. `streaming_from` 0: the measured default, here and below.
constexpr CopyHow how_to_write(std::uint64_t size, std::uint64_t streaming_from) noexcept {
  const std::uint64_t from = streaming_from != 0 ? streaming_from : kStreamingFromBytes;
  return size >= from ? CopyHow::streaming_stores : CopyHow::plain;
}

/// How to copy `size` bytes from mapped memory. Slow loads decide; otherwise non-temporal stores spare large targets the
/// reading of their old lines.
constexpr CopyHow how_to_read(std::uint64_t size, std::uint64_t streaming_from, bool slow_reads) noexcept {
  if (slow_reads) return CopyHow::streaming_loads;
  const std::uint64_t from = streaming_from != 0 ? streaming_from : kStreamingReadsFromBytes;
  return size >= from ? CopyHow::streaming_stores : CopyHow::plain;
}

}  // namespace pmb::detail
