// SPDX-License-Identifier: MIT
// One piece of a copy on one thread, and the call that lends threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/copy.hpp>

namespace pmb::detail {

enum class CopyHow : std::uint8_t { plain, streaming_stores, streaming_loads };

struct CopyPiece {
  std::byte* to = nullptr;
  const std::byte* from = nullptr;
  std::size_t size = 0;
  CopyHow how = CopyHow::plain;
};

/// Copies; non-temporal stores are fenced on return.
void copy_piece(const CopyPiece& piece) noexcept;

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

/// Calls `body` through `parallel_for`, and once more on this thread. That call finishes the work of a callback that threw
/// or called too few bodies.
void run_parallel(const ParallelFor* parallel_for, std::size_t count,
                  const std::function<void(std::size_t)>& body) noexcept;

}  // namespace pmb::detail
