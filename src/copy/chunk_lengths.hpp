// SPDX-License-Identifier: MIT
// The lengths of a transfer's chunks: long, since each chunk costs the GPU a few microseconds, but short where CPU and GPU
// would otherwise wait for each other. No GL.
#pragma once

#include <algorithm>
#include <cstdint>
#include <pmb/copy.hpp>

namespace pmb::detail {

/// Only the last chunk of a transfer, or one of a plan with shorter chunks, is shorter than this. Small transfers in two
/// chunks instead of one took 12 to 17 µs longer on an H200, in which the bus moves about as much
/// (bench/results/2026-11-28-middle-sizes-h200.json).
inline constexpr std::uint64_t kShortestChunk = std::uint64_t{512} << 10;

/// The GPU waits for the first chunk of an upload: it is short. Each later chunk is as long as all the bytes `before` it.
constexpr std::uint64_t upload_chunk(std::uint64_t chunk_bytes, std::uint64_t before,
                                     std::uint64_t left) noexcept {
  return std::min({std::max(kShortestChunk, before), chunk_bytes, left});
}

/// The CPU copies the last chunk of a download while the GPU is idle: chunks get shorter towards the end.
constexpr std::uint64_t download_chunk(std::uint64_t chunk_bytes, std::uint64_t left) noexcept {
  const std::uint64_t half = left / 2 / kCopyPieceBytes * kCopyPieceBytes;
  return std::min({std::max(kShortestChunk, half), chunk_bytes, left});
}

}  // namespace pmb::detail
