// SPDX-License-Identifier: MIT
// What upload and readback rings share: a mapped buffer, the layout of its slices, and how to find room.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/mapped_buffer.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "check/ring_shadow.hpp"
#include "gl/context_state.hpp"
#include "gl/timeline_state.hpp"

namespace pmb::detail {

struct RingOptions {
  std::uint32_t max_slices = 0;
  std::optional<std::chrono::nanoseconds> timeout = {};
};

/// Recycled, never freed; see ControlPool. Without a tenant every operation answers stale_slice.
struct RingControl : Lender, RingHot {
  /// Takes the buffer in. On failure nothing is kept.
  Result<void> open(std::shared_ptr<ContextState> state, MappedBuffer buffer, const RingOptions& options,
                    std::source_location where);
  /// Ends the tenancy: reports slices that are out, unmaps.
  void close() noexcept;

  void make_inert() noexcept override;

  enum class Wait : std::uint8_t { no, bounded };

  /// Reserves a slice wherever it may lie, taking back what has passed, waiting if that is allowed.
  Result<void> reserve(std::uint64_t size, std::uint64_t alignment, Wait wait, std::source_location where);

  /// Reserves a slice for each size, one behind the other, or none.
  Result<void> reserve_all(std::span<const std::uint64_t> sizes, std::uint64_t alignment,
                           std::source_location where);

  std::byte* bytes_at(std::uint64_t buffer_offset) const noexcept { return base + buffer_offset; }

  /// The error of a handle that is not live here, with a report. kNoHandle: of the ring itself.
  static constexpr std::uint64_t kNoHandle = UINT64_MAX;
  tl::unexpected<Error> stale(std::uint64_t key, std::source_location where) const noexcept;

  std::byte* base = nullptr;  ///< Where byte 0 of the GL buffer would be.
  std::uint32_t buffer = 0;
  bool explicit_flush = false;
  bool orphans = false;  ///< The buffer is specified anew instead of waiting for what is in flight.
  TimelineState* line = nullptr;
  std::unique_ptr<RingShadow> shadow;
  std::shared_ptr<ContextState> context;
  MappedBuffer mapped;
  std::chrono::nanoseconds timeout = {};
  std::uint64_t first_key = 0;
  std::uint64_t flushes = 0;
  std::uint64_t waits = 0;
  std::uint64_t would_blocks = 0;

  RingStats stats() const noexcept;

 protected:
  ~RingControl() = default;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  Deadline deadline_from_now() const noexcept;
  Result<void> reserve_until(std::uint64_t size, std::uint64_t alignment, Wait wait, Deadline deadline,
                             std::source_location where);
  void orphan(std::source_location where);
  Result<void> check_request(std::uint64_t size, std::uint64_t alignment, std::source_location where) const;
};

}  // namespace pmb::detail
