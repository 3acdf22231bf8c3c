// SPDX-License-Identifier: MIT
// One piece of a copy, as a single thread does it, and how the caller's threads are set to work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/stream_copy.hpp>

namespace pmb::detail {

enum class CopyHow : std::uint8_t { plain, streaming_stores, streaming_loads };

struct CopyPiece {
  std::byte* to = nullptr;
  const std::byte* from = nullptr;
  std::size_t size = 0;
  CopyHow how = CopyHow::plain;
};

/// Copies; streaming stores are fenced on return.
void copy_piece(const CopyPiece& piece) noexcept;

/// How `size` bytes reach mapped memory. `streaming_from` 0 stands for the measured default, here and below.
constexpr CopyHow how_to_write(std::uint64_t size, std::uint64_t streaming_from) noexcept {
  const std::uint64_t from = streaming_from != 0 ? streaming_from : kStreamingFromBytes;
  return size >= from ? CopyHow::streaming_stores : CopyHow::plain;
}

/// How `size` bytes leave it. Where loads are the slow part they decide; else large targets take the stores past the
/// caches, which spares reading the target's lines first.
constexpr CopyHow how_to_read(std::uint64_t size, std::uint64_t streaming_from, bool slow_reads) noexcept {
  if (slow_reads) return CopyHow::streaming_loads;
  const std::uint64_t from = streaming_from != 0 ? streaming_from : kStreamingReadsFromBytes;
  return size >= from ? CopyHow::streaming_stores : CopyHow::plain;
}

/// Calls `body` through `parallel_for`, and once more on this thread, which thus finishes whatever a callback that
/// threw, or called fewer bodies than asked, has left.
void run_parallel(const ParallelFor* parallel_for, std::size_t count, ParallelBody body) noexcept;

}  // namespace pmb::detail
