// SPDX-License-Identifier: MIT
#include <pmb/buffer_target.hpp>
#include <pmb/context.hpp>

#include "base/byte_ranges.hpp"
#include "base/fail.hpp"
#include "context/buffer_place.hpp"
#include "context/source_check.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb {
namespace detail {
namespace {

/// With quirk nvidia_update_order: updates shorter than this stood behind updates and shader stores that were issued before;
/// updates from 128 KiB on, and of any length behind copies out of host memory, did not
/// (bench/results/2026-11-25-nvidia-update-order.json).
constexpr std::uint64_t kOrderedUpdateBytes = std::uint64_t{64} << 10;

/// True where updates of a buffer of this size take their place among the commands.
bool updates_keep_order(const ContextState& state, BufferPromises promises, std::uint64_t size) noexcept {
  if (!state.gl.quirk(QuirkId::nvidia_update_order)) return !promises.no_updates;
  return promises.only_updates && !promises.no_updates && size <= kOrderedUpdateBytes;
}

/// With quirk nvidia_update_order glGetBufferSubData moves a buffer to host memory, where the GPU's own work on it is slow; a
/// few pages of it do not matter.
constexpr std::uint64_t kMovableBytes = std::uint64_t{16} << 10;

/// True where reading by GL does no harm to what the program or pmb does with the buffer later.
bool may_be_read_by_gl(const ContextState& state, BufferPromises promises, std::uint64_t size) noexcept {
  if (!state.gl.quirk(QuirkId::nvidia_update_order)) return true;
  return promises.no_updates && size <= kMovableBytes;
}

/// Shaders that read the buffer as storage would be overtaken, or go on seeing older bytes, without one.
bool readers_need_barrier(const ContextState& state) noexcept {
  return state.gl.quirk(QuirkId::software_update_order) || state.gl.quirk(QuirkId::nvidia_flush_barrier);
}

/// Of a buffer that takes updates: uploads of up to so many bytes are some.
std::uint64_t longest_update(const ContextState& state) noexcept {
  // Where updates overtake copies (quirk nvidia_update_order) a buffer gets nothing but updates or nothing but copies,
  // whatever the plan says of a length.
  if (state.gl.quirk(QuirkId::nvidia_update_order) && !state.options.path) return UINT64_MAX;
  std::uint64_t longest = 0;
  for (const TransferStep& step : state.plans.transfers.up.steps) {
    if (step.path != Path::traditional) break;
    longest = step.up_to_bytes;
  }
  return longest;
}

/// glBufferSubData writes immutable storage only where it is DYNAMIC (OpenGL 4.6 core, section 6.2.1). What glBufferData
/// made says that it is (tables 6.2 and 6.3), so that one query mostly tells.
bool is_dynamic(const ContextState& state, std::uint32_t buffer) noexcept {
  if (!state.gl.limits.buffer_storage) return true;
  const BufferCalls calls(state.gl);
  return (calls.parameter(buffer, GL_BUFFER_STORAGE_FLAGS) & GL_DYNAMIC_STORAGE_BIT) != 0 ||
         calls.parameter(buffer, GL_BUFFER_IMMUTABLE_STORAGE) == 0;
}

}  // namespace

bool takes_sub_data(const ContextState& state, std::uint32_t buffer) noexcept {
  return updates_keep_order(state, {}, 0) && is_dynamic(state, buffer);
}

bool gives_sub_data(const ContextState& state) noexcept {
  return may_be_read_by_gl(state, {}, 0);
}

BufferTarget KnownTarget::make(const ContextState& state, std::uint32_t buffer,
                               BufferPromises promises) noexcept {
  BufferTarget known;
  known.buffer_ = buffer;
  known.promises_ = promises;
  known.size_bytes_ = BufferCalls(state.gl).parameter(buffer, GL_BUFFER_SIZE);
  known.orders_update_ =
      !promises.no_shader_stores || (readers_need_barrier(state) && !promises.no_storage_reads);
  known.takes_updates_ = updates_keep_order(state, promises, known.size_bytes_) && is_dynamic(state, buffer);
  if (known.takes_updates_) known.updates_up_to_ = longest_update(state);
  return known;
}

Result<void> KnownTarget::check(const ContextState& state, const BufferTarget& known, std::uint64_t offset,
                                std::uint64_t size, std::source_location where) noexcept {
  if (auto placed = state.check_thread(where); !placed) return placed;
  if (known.buffer_ == 0) return fail(ErrorId::not_a_buffer, where);
  if (!detail::fits(offset, size, known.size_bytes_))
    return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, known.size_bytes_}});
  return {};
}

Place KnownTarget::place(const ContextState& state, const BufferTarget& known,
                         std::uint64_t offset) noexcept {
  return {.buffer = known.buffer_,
          .offset = offset,
          .takes_sub_data = known.takes_updates_,
          .gives_sub_data = may_be_read_by_gl(state, known.promises_, known.size_bytes_),
          .order = !known.promises_.no_shader_stores,
          .order_update = known.orders_update_};
}

}  // namespace detail

Result<BufferTarget> BufferTarget::look_up(Context& context, std::uint32_t buffer, BufferPromises promises,
                                           std::source_location where) {
  detail::ContextState& state = detail::ContextState::of(context);
  if (auto legal = detail::check_copy(state, buffer, 0, 1, where); !legal) return pass_on(legal);
  return detail::KnownTarget::make(state, buffer, promises);
}

}  // namespace pmb
