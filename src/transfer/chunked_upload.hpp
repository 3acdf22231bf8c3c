// SPDX-License-Identifier: MIT
// An upload through the shared ring, in chunks: the CPU fills one, on several threads, while the GPU copies those before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "copy/copy_queue.hpp"

namespace pmb::detail {

class ChunkedUpload {
 public:
  /// `threads`: that copy at once.
  ChunkedUpload(ContextState& state, UploadRing& ring, const BufferPlace& target,
                std::span<const std::byte> bytes, std::uint64_t chunk_bytes, std::uint32_t threads,
                std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Adds the next chunk, if the ring has room. After an error no chunk is added.
  bool offer(bool may_wait) noexcept;
  void complete_front() noexcept;

  ContextState& state_;
  UploadRing& ring_;
  const BufferPlace target_;
  const std::span<const std::byte> bytes_;
  const std::uint64_t chunk_bytes_;
  const std::uint32_t threads_;
  const std::source_location where_;
  CopyQueue queue_;
  std::array<Slice, CopyQueue::kChunks> slices_ = {};
  std::uint64_t head_start_ = 0;  ///< Bytes that stand for the GPU's earlier work.
  std::size_t offered_ = 0;       ///< Bytes.
  std::size_t sent_ = 0;          ///< Bytes.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
