// SPDX-License-Identifier: MIT
#include "gl/buffer_calls.hpp"
#include "transfer/chunked_upload.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {
namespace {

/// Copies a published slice to its place, after the barrier of the caller, and retires it.
Result<void> copy_and_retire(ContextState& state, UploadRing& ring, Slice slice, const BufferPlace& target,
                             std::source_location where) {
  BufferCalls(state.gl).copy(slice.buffer(), slice.offset_bytes(), target.buffer, target.offset,
                             slice.size_bytes());
  return retire_after_next_fence(state, ring, rings_of(state).up_fences, slice, where);
}

Result<void> upload_one(ContextState& state, UploadRing& ring, const BufferPlace& target,
                        std::span<const std::byte> bytes, CopyHow how, std::source_location where) {
  auto slice = retry_after_fence(state, where, [&] { return ring.acquire(bytes.size(), kCacheLine, where); });
  if (!slice) return pass_on(slice);
  copy_piece(slice->raw_bytes().data(), bytes.data(), bytes.size(), how);
  if (auto published = ring.publish(*slice, bytes.size(), where); !published) return published;
  if (target.needs_write_barrier) barrier_before_buffer_update(state.gl);
  return copy_and_retire(state, ring, *slice, target, where);
}

struct BufferChunks {
  ContextState& state;
  UploadRing& ring;
  BufferPlace target;  ///< Of the next chunk to send.
  const std::span<const std::byte> bytes;
  const std::source_location where;

  std::span<const std::byte> next(std::uint32_t, std::size_t begin, std::size_t size) const noexcept {
    return bytes.subspan(begin, size);
  }
  Result<void> send(std::uint32_t, Slice slice) noexcept {
    const std::uint64_t size = slice.size_bytes();
    auto sent = copy_and_retire(state, ring, slice, target, where);
    target.offset += size;
    return sent;
  }
};

}  // namespace

Result<void> upload_through_ring(Context& context, const BufferPlace& target,
                                 std::span<const std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.up;
  const auto ring =
      shared_ring(context, &TransferRings::up, "pmb upload", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  const TransferStep& step = plan.step_for(bytes.size());
  const std::uint32_t threads = threads_of(state, step, bytes.size());
  const CopyHow how = how_to_write(bytes.size(), plan.streaming_from_bytes);
  if (bytes.size() <= step.chunk_bytes && threads <= 1)
    return upload_one(state, **ring, target, bytes, how, where);
  if (target.needs_write_barrier) barrier_before_buffer_update(state.gl);
  BufferChunks chunks = {state, **ring, target, bytes, where};
  return ChunkedUpload{state,      **ring, chunks,        bytes.size(), step.chunk_bytes,
                       kCacheLine, where,  CopyQueue(how)}
      .run(threads);
}

}  // namespace pmb::detail
