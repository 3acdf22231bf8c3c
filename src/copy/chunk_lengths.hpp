// SPDX-License-Identifier: MIT
// The lengths of a transfer's chunks: long, since each chunk costs the GPU a few microseconds, but short where CPU and GPU
// would otherwise wait for each other. No GL.
#pragma once

#include <algorithm>
#include <cstdint>
#include <pmb/copy.hpp>

namespace pmb::detail {

/// Only the last chunk of a transfer is shorter than an eighth of the plan's length, or than a piece.
constexpr std::uint64_t shortest_chunk(std::uint64_t chunk_bytes) noexcept {
  return std::max<std::uint64_t>(chunk_bytes / 8, kCopyPieceBytes);
}

/// The GPU waits for the first chunk of an upload: it is short. Each later chunk is as long as all the bytes `before` it.
constexpr std::uint64_t upload_chunk(std::uint64_t chunk_bytes, std::uint64_t before,
                                     std::uint64_t left) noexcept {
  const std::uint64_t grown = std::max(shortest_chunk(chunk_bytes), before);
  return std::min({grown, chunk_bytes, left});
}

/// The CPU copies the last chunk of a download while the GPU is idle: chunks get shorter towards the end.
constexpr std::uint64_t download_chunk(std::uint64_t chunk_bytes, std::uint64_t left) noexcept {
  const std::uint64_t half = left / 2 / kCopyPieceBytes * kCopyPieceBytes;
  return std::min({std::max(shortest_chunk(chunk_bytes), half), chunk_bytes, left});
}

}  // namespace pmb::detail
