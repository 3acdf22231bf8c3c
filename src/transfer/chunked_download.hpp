// SPDX-License-Identifier: MIT
// A download through the shared ring, in chunks: the GPU fills some while the CPU empties, on several threads, those that
// have arrived.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "copy/copy_queue.hpp"

namespace pmb::detail {

class ChunkedDownload {
 public:
  /// `threads`: that copy at once.
  ChunkedDownload(ContextState& state, ReadbackRing& ring, const BufferPlace& source,
                  std::span<std::byte> bytes, std::uint64_t chunk_bytes, std::uint32_t threads,
                  std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Issues the GPU copy of the next chunk, and a fence, if the ring has room.
  bool request() noexcept;
  /// Offers the next chunk to the queue if it has arrived. `may_wait`: waits for it, at most Options::timeout.
  bool offer(bool may_wait) noexcept;
  void complete_front() noexcept;

  ContextState& state_;
  ReadbackRing& ring_;
  BufferPlace source_;  ///< Of the next chunk.
  const std::span<std::byte> bytes_;
  const std::uint64_t chunk_bytes_;
  const std::uint32_t threads_;
  const std::source_location where_;
  CopyQueue queue_;
  std::array<PendingReadback, CopyQueue::kChunks> pending_ = {};
  std::uint32_t requested_ = 0;  ///< Chunks; those before queue_.offered() have arrived.
  std::size_t asked_ = 0;        ///< Bytes.
  std::size_t offered_ = 0;      ///< Bytes.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
