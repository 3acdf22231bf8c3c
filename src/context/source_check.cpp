// SPDX-License-Identifier: MIT
#include "context/source_check.hpp"

#include "base/byte_ranges.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

Result<void> check_copy(ContextState& context, std::uint32_t buffer, std::uint64_t offset, std::uint64_t size,
                        std::source_location where) {
  if (auto current = context.check_current(where); !current) return current;
  if (size == 0) return fail(ErrorId::zero_size, where);
  if (!context.gl.IsBuffer(buffer)) {
    if (auto usable = context.check_lost(where); !usable) return usable;
    return fail(ErrorId::not_a_buffer, where, {.numbers = {buffer}});
  }
  const BufferCalls calls(context.gl);
  const std::uint64_t total = calls.parameter(buffer, GL_BUFFER_SIZE);
  if (!detail::fits(offset, size, total)) {
    return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, total}});
  }
  if (calls.parameter(buffer, GL_BUFFER_MAPPED) != 0 &&
      (calls.parameter(buffer, GL_BUFFER_ACCESS_FLAGS) & GL_MAP_PERSISTENT_BIT) == 0) {
    return fail(ErrorId::source_is_mapped, where, {.numbers = {buffer}});
  }
  return {};
}

}  // namespace pmb::detail
