// SPDX-License-Identifier: MIT
// A download through the kept ring: chunks that the GPU copies into it while the CPU, on several threads, empties those
// that have arrived.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

#include "core/copy_crew.hpp"
#include "gl/context_state.hpp"

namespace pmb::detail {

class ChunkedDownload {
 public:
  ChunkedDownload(ContextState& state, ReadbackRing& ring, std::uint32_t buffer, std::uint64_t offset_bytes,
                  std::span<std::byte> bytes, const TransferStep& step, std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Asks the GPU for the next chunk, with a fence behind it, if the ring has room.
  bool request() noexcept;
  /// Hands the next chunk to the crew if it has arrived; `may_wait`: waits until it has, boundedly.
  bool offer(bool may_wait) noexcept;
  void settle_front() noexcept;
  std::size_t size_of(std::uint32_t chunk) const noexcept;

  ContextState& state_;
  ReadbackRing& ring_;
  const std::uint32_t buffer_;
  const std::uint64_t offset_bytes_;
  const std::span<std::byte> bytes_;
  const TransferStep& step_;
  const std::source_location where_;
  const std::uint32_t chunks_;
  core::CopyCrew crew_;
  std::array<PendingReadback, core::CopyCrew::kChunks> pending_ = {};
  std::uint32_t requested_ = 0;  ///< Chunks; those before crew_.offered() have arrived.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
