// SPDX-License-Identifier: MIT
// An upload through the kept ring: chunks that the CPU fills, on several threads, while the GPU takes those before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/stream_copy.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "context/context_state.hpp"
#include "copy/copy_queue.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {

/// Threads that a copy of this step may take here.
std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept;
/// The same for `size` bytes: no more than there are pieces.
std::uint32_t copy_threads(const ContextState& state, const TransferStep& step, std::size_t size) noexcept;

/// How one block of `size` bytes is copied into mapped memory or out of it, as the plan of its direction says.
CopyOptions copy_options(const ContextState& state, const TransferDirection& way, std::size_t size) noexcept;

/// Where an upload goes.
struct UploadTarget {
  std::uint32_t buffer = 0;
  std::uint64_t offset_bytes = 0;
};

/// Copies one published slice to its place and hands it back behind the next fence that anybody makes; makes one
/// itself for each quarter of the ring, so that the ring comes back in parts. What shaders stored before is in order
/// already.
Result<void> send(ContextState& state, UploadRing& ring, Slice slice, UploadTarget target,
                  std::source_location where);

class ChunkedUpload {
 public:
  ChunkedUpload(ContextState& state, UploadRing& ring, UploadTarget target, std::span<const std::byte> bytes,
                const TransferStep& step, std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Adds the next chunk, if the ring has room; the first error ends the adding.
  bool offer(bool may_wait) noexcept;
  void settle_front() noexcept;

  ContextState& state_;
  UploadRing& ring_;
  const UploadTarget target_;
  const std::span<const std::byte> bytes_;
  const TransferStep& step_;
  const std::source_location where_;
  detail::CopyQueue crew_;
  std::array<Slice, detail::CopyQueue::kChunks> slices_ = {};
  std::uint64_t head_start_ = 0;  ///< Bytes that the GPU is taken to be busy with.
  std::size_t offered_ = 0;       ///< Bytes.
  std::size_t sent_ = 0;          ///< Bytes.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
