// SPDX-License-Identifier: MIT
// Decides when a fence is due: once a quarter of a ring was handed to the GPU since the last one.
// A fence can cost a GPU more than a little data does (docs/drivers.md).
//
// Units:   bytes or records, the caller's choice.
#pragma once

#include <cstdint>

namespace pmb::detail {

struct FencePacer {
  std::uint64_t total = 0;      ///< Handed to the GPU so far. A caller that counts itself may set it.
  std::uint64_t fenced_at = 0;  ///< `total` at the last fence.

  void note(std::uint64_t amount) noexcept { total += amount; }
  bool is_due(std::uint64_t capacity) const noexcept { return total - fenced_at >= capacity / 4; }
  /// A fence was made, which covers everything noted so far.
  void fenced() noexcept { fenced_at = total; }
};

}  // namespace pmb::detail
