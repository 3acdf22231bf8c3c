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

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "copy/copy_queue.hpp"

namespace pmb::detail {

class ChunkedDownload {
 public:
  ChunkedDownload(ContextState& state, ReadbackRing& ring, const Place& source, std::span<std::byte> bytes,
                  const TransferStep& step, std::source_location where) noexcept;

  Result<void> run() noexcept;

 private:
  void drive() noexcept;
  /// Asks the GPU for the next chunk, with a fence behind it, if the ring has room.
  bool request() noexcept;
  /// Hands the next chunk to the crew if it has arrived; `may_wait`: waits until it has, boundedly.
  bool offer(bool may_wait) noexcept;
  void settle_front() noexcept;

  ContextState& state_;
  ReadbackRing& ring_;
  const Place source_;
  const std::span<std::byte> bytes_;
  const TransferStep& step_;
  const std::source_location where_;
  detail::CopyQueue crew_;
  std::array<PendingReadback, detail::CopyQueue::kChunks> pending_ = {};
  std::uint32_t requested_ = 0;  ///< Chunks; those before crew_.offered() have arrived.
  std::size_t asked_ = 0;        ///< Bytes.
  std::size_t offered_ = 0;      ///< Bytes.
  Result<void> outcome_ = {};
};

}  // namespace pmb::detail
