// SPDX-License-Identifier: MIT
#include <pmb/buffer_target.hpp>
#include <pmb/context.hpp>

#include "base/fail.hpp"
#include "context/buffer_place.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb {
namespace detail {
namespace {

constexpr bool promises(BufferUse use, BufferUse promise) noexcept {
  const auto wanted = static_cast<unsigned>(promise);
  return (static_cast<unsigned>(use) & wanted) == wanted;
}

/// With quirk nvidia_update_order, glBufferSubData of less than this was ordered after earlier glBufferSubData and shader
/// stores. From 128 KiB on, and at any length after copies out of system memory, it was not
/// (bench/results/2026-11-25-nvidia-update-order.json).
constexpr std::uint64_t kOrderedSubDataBytes = std::uint64_t{64} << 10;

/// True if glBufferSubData into a buffer of this size is ordered among the commands.
bool keeps_order(const ContextState& state, BufferUse use, std::uint64_t size) noexcept {
  if (!state.gl.quirk(QuirkId::nvidia_update_order)) return !promises(use, BufferUse::download_only);
  return promises(use, BufferUse::upload_only) && size <= kOrderedSubDataBytes;
}

/// With quirk nvidia_update_order, glGetBufferSubData moves a buffer to system memory, where the GPU is slow on it. A few
/// pages do not matter.
constexpr std::uint64_t kMovableBytes = std::uint64_t{16} << 10;

/// True if glGetBufferSubData does no harm to later commands on the buffer.
bool get_sub_data_ok(const ContextState& state, BufferUse use, std::uint64_t size) noexcept {
  if (!state.gl.quirk(QuirkId::nvidia_update_order)) return true;
  return promises(use, BufferUse::download_only) && size <= kMovableBytes;
}

/// Without a barrier, shaders that read the buffer as storage would be overtaken or see stale data.
bool readers_need_barrier(const ContextState& state) noexcept {
  return state.gl.quirk(QuirkId::software_update_order) || state.gl.quirk(QuirkId::nvidia_flush_barrier);
}

/// Uploads of up to this size use glBufferSubData, in a buffer where it is in order.
std::uint64_t longest_sub_data(const ContextState& state) noexcept {
  // With quirk nvidia_update_order glBufferSubData overtakes copies: a buffer gets only one of them, at every length.
  if (state.gl.quirk(QuirkId::nvidia_update_order) && !state.options.path) return UINT64_MAX;
  std::uint64_t longest = 0;
  for (const TransferStep& step : state.plans.transfers.up.steps) {
    if (step.path != Path::traditional) break;
    longest = step.up_to_bytes;
  }
  return longest;
}

/// glBufferSubData writes immutable storage only if it is DYNAMIC (OpenGL 4.6 core, section 6.2.1). Storage of glBufferData
/// reports that flag (tables 6.2 and 6.3), so that one query usually suffices.
bool is_dynamic(const ContextState& state, std::uint32_t buffer) noexcept {
  if (!state.gl.limits.buffer_storage) return true;
  const BufferCalls calls(state.gl);
  return (calls.parameter(buffer, GL_BUFFER_STORAGE_FLAGS) & GL_DYNAMIC_STORAGE_BIT) != 0 ||
         calls.parameter(buffer, GL_BUFFER_IMMUTABLE_STORAGE) == 0;
}

/// As check_copy(), by what GL returns. A lost context returns 0.
Result<void> check_range(const GlTable& gl, std::uint32_t buffer, std::uint64_t offset, std::uint64_t size,
                         std::source_location where) {
  if (!gl.IsBuffer(buffer)) return fail(ErrorId::not_a_buffer, where, {.numbers = {buffer}});
  const BufferCalls calls(gl);
  const std::uint64_t total = calls.parameter(buffer, GL_BUFFER_SIZE);
  if (!fits(offset, size, total)) {
    return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, total}});
  }
  if (calls.parameter(buffer, GL_BUFFER_MAPPED) != 0 &&
      (calls.parameter(buffer, GL_BUFFER_ACCESS_FLAGS) & GL_MAP_PERSISTENT_BIT) == 0) {
    return fail(ErrorId::source_is_mapped, where, {.numbers = {buffer}});
  }
  return {};
}

}  // namespace

Result<void> check_copy(ContextState& context, std::uint32_t buffer, std::uint64_t offset, std::uint64_t size,
                        std::source_location where) {
  if (auto current = context.check_current(where); !current) return current;
  if (size == 0) return fail(ErrorId::zero_size, where);
  return context.unless_lost(check_range(context.gl, buffer, offset, size, where), where);
}

Result<void> BufferPlace::check(ContextState& state, const BufferTarget& target, std::uint64_t offset,
                                std::uint64_t size, std::source_location where) {
  if (!target.is_queried_) {
    if (size == 0) return state.check_current(where);
    return check_copy(state, target.buffer_, offset, size, where);
  }
  if (auto placed = state.check_thread(where); !placed) return placed;
  if (!fits(offset, size, target.size_bytes_))
    return fail(ErrorId::range_outside, where, {.numbers = {offset, offset + size, target.size_bytes_}});
  return {};
}

BufferPlace BufferPlace::of(const ContextState& state, const BufferTarget& target,
                            std::uint64_t offset) noexcept {
  return {.buffer = target.buffer_,
          .offset = offset,
          .sub_data_ok = target.sub_data_ok_,
          .get_sub_data_ok = detail::get_sub_data_ok(state, target.use_, target.size_bytes_),
          .needs_read_barrier = !promises(target.use_, BufferUse::no_shader_writes),
          .needs_write_barrier = target.needs_write_barrier_};
}

BufferPlace BufferPlace::of_upload(const ContextState& state, const BufferTarget& target,
                                   std::uint64_t offset, std::uint64_t size) noexcept {
  BufferPlace place = of(state, target, offset);
  const bool planned = state.plans.transfers.up.step_for(size).path == Path::traditional;
  if (!target.is_queried_) {
    place.sub_data_ok = planned && keeps_order(state, BufferUse::any, 0) && is_dynamic(state, target.buffer_);
  } else if (!planned && size > target.sub_data_up_to_) {
    place.sub_data_ok = false;
  }
  return place;
}

}  // namespace detail

Result<BufferTarget> BufferTarget::query(Context& context, std::uint32_t buffer, BufferUse use,
                                         std::source_location where) {
  detail::ContextState& state = detail::ContextState::of(context);
  if (auto legal = detail::check_copy(state, buffer, 0, 1, where); !legal) return pass_on(legal);
  BufferTarget target(buffer);
  target.is_queried_ = true;
  target.use_ = use;
  target.size_bytes_ = detail::BufferCalls(state.gl).parameter(buffer, GL_BUFFER_SIZE);
  if (target.size_bytes_ == 0) {
    if (auto usable = state.check_lost(where); !usable) return pass_on(usable);
  }
  target.needs_write_barrier_ =
      !detail::promises(use, BufferUse::no_shader_writes) ||
      (detail::readers_need_barrier(state) && !detail::promises(use, BufferUse::vertices_and_uniforms));
  target.sub_data_ok_ =
      detail::keeps_order(state, use, target.size_bytes_) && detail::is_dynamic(state, buffer);
  if (target.sub_data_ok_) target.sub_data_up_to_ = detail::longest_sub_data(state);
  return target;
}

}  // namespace pmb
