// SPDX-License-Identifier: MIT
#include <algorithm>
#include <pmb/context.hpp>
#include <pmb/transfer.hpp>

#include "base/fail.hpp"
#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "context/copy_options.hpp"
#include "copy/copy_piece.hpp"
#include "gl/buffer_calls.hpp"
#include "ring/ring_access.hpp"
#include "transfer/chunked_download.hpp"
#include "transfer/chunked_upload.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::BufferCalls;
using detail::BufferPlace;
using detail::ContextState;
using detail::fence_behind;
using detail::retry_after_fence;
using detail::shared_ring;
using detail::TransferRings;

namespace {

/// Threads that copy `size` bytes in this step: at most one a piece.
std::uint32_t threads_of(const ContextState& state, const TransferStep& step, std::uint64_t size) noexcept {
  const std::uint64_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(detail::copy_threads(state, step), pieces));
}

/// More than one piece of work: several chunks to overlap, or several threads.
bool is_chunked(const ContextState& state, const TransferStep& step, std::uint64_t size) noexcept {
  return size > step.chunk_bytes || threads_of(state, step, size) > 1;
}

Result<void> upload_one(ContextState& state, UploadRing& ring, const BufferPlace& place,
                        std::span<const std::byte> bytes, std::source_location where) {
  auto slice =
      retry_after_fence(state, where, [&] { return ring.acquire(bytes.size(), detail::kCacheLine, where); });
  if (!slice) return pass_on(slice);
  detail::copy_piece({slice->raw_bytes().data(), bytes.data(), bytes.size(),
                      detail::how_to_write(bytes.size(), state.plans.transfers.up.streaming_from_bytes)});
  if (auto published = ring.publish(*slice, bytes.size(), where); !published) return published;
  if (place.needs_write_barrier) detail::order_update_among_shaders(state.gl);
  return copy_and_retire(state, ring, *slice, place, where);
}

Result<void> download_one(ContextState& state, ReadbackRing& ring, const BufferPlace& place,
                          std::span<std::byte> bytes, std::source_location where) {
  auto pending =
      retry_after_fence(state, where, [&] { return request_from(ring, place, bytes.size(), where); });
  if (!pending) return pass_on(pending);
  if (auto fenced = fence_behind(state, *pending, where); !fenced) return fenced;
  auto view = pending->wait(state.options.timeout, where);
  if (view) {
    const TransferDirection& down = state.plans.transfers.down;
    detail::copy_piece({bytes.data(), view->bytes().data(), bytes.size(),
                        detail::how_to_read(bytes.size(), down.streaming_from_bytes, down.slow_reads)});
  }
  static_cast<void>(pending->release(where));
  if (!view) return pass_on(view);
  return {};
}

Result<void> upload_through_ring(Context& context, const BufferPlace& place, std::span<const std::byte> bytes,
                                 std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.up;
  const auto ring =
      shared_ring(context, &TransferRings::up, "pmb upload", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  const TransferStep& step = plan.step_for(bytes.size());
  if (!is_chunked(state, step, bytes.size())) return upload_one(state, **ring, place, bytes, where);
  if (place.needs_write_barrier) detail::order_update_among_shaders(state.gl);
  const std::uint32_t threads = threads_of(state, step, bytes.size());
  return detail::ChunkedUpload(state, **ring, place, bytes, step.chunk_bytes, threads, where).run();
}

Result<void> download_through_ring(Context& context, const BufferPlace& place, std::span<std::byte> bytes,
                                   std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.down;
  const auto ring =
      shared_ring(context, &TransferRings::down, "pmb download", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  const TransferStep& step = plan.step_for(bytes.size());
  if (!is_chunked(state, step, bytes.size())) return download_one(state, **ring, place, bytes, where);
  const std::uint32_t threads = threads_of(state, step, bytes.size());
  return detail::ChunkedDownload(state, **ring, place, bytes, step.chunk_bytes, threads, where).run();
}

inline void sub_data(const ContextState& state, std::uint32_t buffer, std::uint64_t offset,
                     std::span<const std::byte> bytes, bool needs_barrier) noexcept {
  if (needs_barrier) detail::order_update_among_shaders(state.gl);
  BufferCalls(state.gl).write(buffer, offset, bytes.data(), bytes.size());
}

[[gnu::noinline]] Result<void> upload_checked(Context& context, const BufferTarget& buffer,
                                              std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                                              std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const BufferPlace place = BufferPlace::of_upload(state, buffer, offset_bytes, bytes.size());
  if (!place.sub_data_ok) return upload_through_ring(context, place, bytes, where);
  sub_data(state, place.buffer, place.offset, bytes, place.needs_write_barrier);
  return {};
}

}  // namespace

Result<void> upload(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes, std::source_location where) {
  // Around a short glBufferSubData every instruction counts.
  const ContextState& state = ContextState::of(context);
  if (!BufferPlace::is_plain_sub_data(state, buffer, offset_bytes, bytes.size()))
    return upload_checked(context, buffer, offset_bytes, bytes, where);
  sub_data(state, buffer.buffer(), offset_bytes, bytes, BufferPlace::needs_barrier(buffer));
  return {};
}

Result<void> download(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = BufferPlace::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const BufferPlace place = BufferPlace::of(state, buffer, offset_bytes);
  const bool planned = state.plans.transfers.down.step_for(bytes.size()).path == Path::traditional;
  if (!planned || !place.get_sub_data_ok) return download_through_ring(context, place, bytes, where);
  if (place.needs_read_barrier) detail::order_read_behind_shaders(state.gl);
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
  const auto pending = retry_after_fence(
      state, where, [&] { return (*ring)->request(buffer, offset_bytes, size_bytes, where); });
  if (!pending) return pending;
  if (auto fenced = fence_behind(state, *pending, where); !fenced) return pass_on(fenced);
  return pending;
}

}  // namespace pmb
