// SPDX-License-Identifier: MIT
// Where a transfer starts or ends, and which GL calls may be used there.
#pragma once

#include <pmb/buffer_target.hpp>
#include <pmb/result.hpp>

#include "base/byte_ranges.hpp"
#include "context/context_state.hpp"

namespace pmb::detail {

/// Ok if `size` bytes at `offset` of a buffer of the program may be copied from or to: it exists, the range lies in it, and
/// it is not mapped without PERSISTENT (OpenGL 4.6 core, section 6.6). Asks GL. Empty ranges are zero_size.
Result<void> check_copy(ContextState& context, std::uint32_t buffer, std::uint64_t offset, std::uint64_t size,
                        std::source_location where);

/// A byte of a buffer.
struct BufferPlace {
  std::uint32_t buffer = 0;
  std::uint64_t offset = 0;
  bool sub_data_ok = false;        ///< glBufferSubData writes the buffer, in order.
  bool get_sub_data_ok = false;    ///< glGetBufferSubData does no harm.
  bool needs_read_barrier = true;  ///< After shader stores.
  bool needs_write_barrier = true;

  /// Ok for a range of the buffer on this context, an empty one too. Asks GL unless the target was queried.
  static Result<void> check(ContextState& state, const BufferTarget& target, std::uint64_t offset,
                            std::uint64_t size, std::source_location where);
  /// The place in a target that check() has passed. Never asks GL: of a target that was not queried, `sub_data_ok` is false.
  static BufferPlace of(const ContextState& state, const BufferTarget& target, std::uint64_t offset) noexcept;
  /// The place of an upload of `size` bytes; asks GL where glBufferSubData may be used on a target that was not queried.
  static BufferPlace of_upload(const ContextState& state, const BufferTarget& target, std::uint64_t offset,
                               std::uint64_t size) noexcept;

  /// True if an upload is glBufferSubData and legal, as far as is known without asking GL.
  static bool is_plain_sub_data(const ContextState& state, const BufferTarget& target, std::uint64_t offset,
                                std::uint64_t size) noexcept {
    return size <= target.sub_data_up_to_ && size != 0 && state.is_usable_here() &&
           fits(offset, size, target.size_bytes_);
  }
  static bool needs_barrier(const BufferTarget& target) noexcept { return target.needs_write_barrier_; }
};

}  // namespace pmb::detail
