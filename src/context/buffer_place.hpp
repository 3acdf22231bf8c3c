// SPDX-License-Identifier: MIT
// What transfers need of a BufferTarget beyond what programs do.
#pragma once

#include <cstdint>
#include <pmb/buffer_target.hpp>
#include <pmb/result.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <source_location>

#include "base/byte_ranges.hpp"
#include "context/context_state.hpp"
#include "context/usable_here.hpp"

namespace pmb::detail {

/// Where a transfer goes, as far as it is known without asking.
struct Place {
  std::uint32_t buffer = 0;
  std::uint64_t offset = 0;
  bool takes_sub_data = false;  ///< glBufferSubData.
  bool gives_sub_data = false;  ///< glGetBufferSubData.
  bool order = true;            ///< Behind shader stores.
  bool order_update = true;     ///< An update, behind shader stores and among shaders that read.
};

/// Whether glBufferSubData writes the buffer, of which nothing was promised, in order: asks GL, up to twice.
bool takes_sub_data(const ContextState& state, std::uint32_t buffer) noexcept;

/// Whether glGetBufferSubData may read a buffer of the program's, of which nothing was promised.
bool gives_sub_data(const ContextState& state) noexcept;

struct KnownTarget {
  /// True where check() is ok, as far as that is known without asking GL.
  static bool is_fine(const ContextState& state, const BufferTarget& known, std::uint64_t offset,
                      std::uint64_t size) noexcept {
    return state.is_usable_here() && known.buffer_ != 0 && detail::fits(offset, size, known.size_bytes_);
  }
  /// Ok for a range of it, on its context. Empty ranges are.
  static Result<void> check(const ContextState& state, const BufferTarget& known, std::uint64_t offset,
                            std::uint64_t size, std::source_location where) noexcept;
  /// Of a range that check() has passed.
  static Place place(const ContextState& state, const BufferTarget& known, std::uint64_t offset) noexcept;

  /// Whether an upload of this size, which is not empty, is an update by GL.
  static bool is_update(const BufferTarget& known, std::uint64_t size) noexcept {
    return size <= known.updates_up_to_ && size != 0;
  }
  static bool orders_update(const BufferTarget& known) noexcept { return known.orders_update_; }

  static BufferTarget make(const ContextState& state, std::uint32_t buffer, BufferPromises promises) noexcept;
};

}  // namespace pmb::detail
