// SPDX-License-Identifier: MIT
// The rings behind upload() and download(), made at their first use and kept with the context.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/readback_ring.hpp>
#include <pmb/upload_ring.hpp>

namespace pmb::detail {

struct TransferRings {
  /// Of each ring; a transfer is cut into pieces of a quarter, so that CPU and GPU work on different ones.
  static constexpr std::uint64_t kCapacity = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kPiece = kCapacity / 4;

  std::optional<UploadRing> up;
  std::optional<ReadbackRing> down;
};

}  // namespace pmb::detail
