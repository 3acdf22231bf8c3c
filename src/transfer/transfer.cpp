// SPDX-License-Identifier: MIT
#include <pmb/transfer.hpp>

#include "gl/buffer_calls.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::BufferCalls;
using detail::BufferPlace;
using detail::ContextState;
using detail::TransferRings;

namespace {

inline void sub_data(const ContextState& state, std::uint32_t buffer, std::uint64_t offset,
                     std::span<const std::byte> bytes, bool needs_barrier) noexcept {
  if (needs_barrier) detail::barrier_before_buffer_update(state.gl);
  BufferCalls(state.gl).write(buffer, offset, bytes.data(), bytes.size());
}

[[gnu::noinline]] Result<void> upload_checked(Context& context, const BufferTarget& buffer,
                                              std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                                              std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const BufferPlace place = BufferPlace::of_upload(state, buffer, offset_bytes, bytes.size());
  if (!place.sub_data_ok) return detail::upload_through_ring(context, place, bytes, where);
  sub_data(state, place.buffer, place.offset, bytes, place.needs_write_barrier);
  return {};
}

}  // namespace

Result<void> upload(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                    detail::SourceBytes bytes, std::source_location where) {
  // Around a short glBufferSubData every instruction counts.
  const ContextState& state = ContextState::of(context);
  if (!BufferPlace::is_plain_sub_data(state, buffer, offset_bytes, bytes.size()))
    return upload_checked(context, buffer, offset_bytes, bytes, where);
  sub_data(state, buffer.buffer(), offset_bytes, bytes, BufferPlace::needs_barrier(buffer));
  return {};
}

Result<void> download(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                      detail::TargetBytes bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const BufferPlace place = BufferPlace::of(state, buffer, offset_bytes);
  const bool planned = state.plans.transfers.down.step_for(bytes.size()).path == Path::traditional;
  if (!planned || !place.get_sub_data_ok) return detail::download_through_ring(context, place, bytes, where);
  if (place.needs_read_barrier) detail::barrier_before_buffer_read(state.gl);
  auto copied = BufferCalls(state.gl).read(place.buffer, place.offset, bytes.data(), bytes.size(), where);
  // On a lost context the call does nothing and reports no error.
  if (auto usable = state.check_lost(where); !usable) return usable;
  return copied;
}

Result<PendingReadback> download_async(Context& context, const BufferTarget& buffer,
                                       std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                       std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferPlan& plan = state.plans.transfers;
  const auto ring = shared_ring(context, &TransferRings::pending, "pmb pending downloads", where,
                                plan.pending_bytes, plan.down.model);
  if (!ring) return pass_on(ring);
  return request_and_fence(state, where,
                           [&] { return (*ring)->request(buffer, offset_bytes, size_bytes, where); });
}

}  // namespace pmb
