// SPDX-License-Identifier: MIT
// Transfers through a shared ring: in one piece, or in chunks, so that the GPU copies some while the CPU copies others on
// several threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <pmb/copy.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "context/copy_options.hpp"

namespace pmb::detail {

/// Copies `bytes` to their place, which is legal. See upload().
Result<void> upload_through_ring(Context& context, const BufferPlace& target,
                                 std::span<const std::byte> bytes, std::source_location where);

/// Fills `bytes` from their place, which is legal. See download().
Result<void> download_through_ring(Context& context, const BufferPlace& source, std::span<std::byte> bytes,
                                   std::source_location where);

/// Threads that copy `size` bytes in this step: at most one a piece.
inline std::uint32_t threads_of(const ContextState& state, const TransferStep& step,
                                std::uint64_t size) noexcept {
  const std::uint64_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(copy_threads(state, step), pieces));
}

}  // namespace pmb::detail
