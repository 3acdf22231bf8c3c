// SPDX-License-Identifier: MIT
// How a transfer is cut into chunks: long ones, since each costs the GPU a few microseconds, and shorter ones where
// nothing else is under way to hide behind. No GL.
#pragma once

#include <algorithm>
#include <cstdint>
#include <pmb/stream_copy.hpp>

namespace pmb::detail {

/// No chunk but the last of a transfer is shorter than an eighth of the plan's, or than a thread's piece.
constexpr std::uint64_t shortest_chunk(std::uint64_t chunk_bytes) noexcept {
  return std::max<std::uint64_t>(chunk_bytes / 8, kCopyPieceBytes);
}

/// On the way up the GPU waits for the first chunk: it is short, and each one after it as long as all that the GPU had to
/// do `before`.
constexpr std::uint64_t upload_chunk(std::uint64_t chunk_bytes, std::uint64_t before,
                                     std::uint64_t left) noexcept {
  const std::uint64_t grown = std::max(shortest_chunk(chunk_bytes), before);
  return std::min({grown, chunk_bytes, left});
}

/// On the way down the CPU empties the last one alone: chunks get shorter towards the end.
constexpr std::uint64_t download_chunk(std::uint64_t chunk_bytes, std::uint64_t left) noexcept {
  const std::uint64_t half = left / 2 / kCopyPieceBytes * kCopyPieceBytes;
  return std::min({std::max(shortest_chunk(chunk_bytes), half), chunk_bytes, left});
}

}  // namespace pmb::detail
