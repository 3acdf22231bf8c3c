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

#include "core/copy_crew.hpp"
#include "gl/context_state.hpp"
#include "stream/kept_upload.hpp"

namespace pmb::detail {

/// Threads that a copy of this step may take here.
std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept;
/// The same for `size` bytes: no more than there are pieces.
std::uint32_t copy_threads(const ContextState& state, const TransferStep& step, std::size_t size) noexcept;

/// How one block of `size` bytes is copied into mapped memory or out of it, as the plan of its direction says.
CopyOptions copy_options(const ContextState& state, const TransferDirection& way, std::size_t size) noexcept;

class ChunkedUpload {
 public:
  ChunkedUpload(ContextState& state, UploadRing& ring, const Place& place, std::span<const std::byte> bytes,
                const TransferStep& step, std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Adds the next chunk, if the ring has room; the first error ends the adding.
  bool offer(bool may_wait) noexcept;
  void settle_front() noexcept;

  ContextState& state_;
  UploadRing& ring_;
  const Place place_;
  const std::span<const std::byte> bytes_;
  const TransferStep& step_;
  const std::source_location where_;
  core::CopyCrew crew_;
  std::array<Slice, core::CopyCrew::kChunks> slices_ = {};
  bool in_a_row_ = false;    ///< The GPU was busy when it began.
  std::size_t offered_ = 0;  ///< Bytes.
  std::size_t sent_ = 0;     ///< Bytes.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
