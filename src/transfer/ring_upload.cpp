// SPDX-License-Identifier: MIT
#include <array>

#include "copy/copy_queue.hpp"
#include "gl/buffer_calls.hpp"
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

/// True if earlier work is unfinished, as far as fences tell.
bool is_gpu_busy(ContextState& state, std::source_location where) noexcept {
  TimelineState& timeline = state.timeline();
  if (timeline.issued > timeline.passed()) static_cast<void>(timeline.poll(where));
  return timeline.issued > timeline.passed();
}

struct ChunkedUpload {
  ContextState& state;
  UploadRing& ring;
  BufferPlace target;  ///< Of the next chunk to complete.
  const std::span<const std::byte> bytes;
  const std::uint64_t chunk_bytes;
  const std::source_location where;
  CopyQueue queue;
  std::array<Slice, CopyQueue::kChunks> slices = {};
  std::uint64_t head_start = 0;  ///< Bytes that stand for the GPU's earlier work.
  std::size_t offered = 0;       ///< Bytes.
  std::size_t sent = 0;          ///< Bytes.
  Result<void> outcome = {};

  Result<void> run(std::uint32_t threads) noexcept {
    if (is_gpu_busy(state, where)) head_start = chunk_bytes;
    // Before the workers start, so that none of them finds nothing to do and leaves.
    while (queue.has_room() && offer()) {
    }
    queue.run(&state.options.parallel_for, threads,
              [this] { queue.drive([this](bool) { return offer(); }, [this] { complete_front(); }); });
    return outcome;
  }

  /// Adds the next chunk. Waits for room in the ring only while no chunk is in the queue. After an error no chunk is added.
  bool offer() noexcept {
    if (!outcome || offered == bytes.size()) return false;
    const bool may_wait = queue.idle();
    const std::size_t size = upload_chunk(chunk_bytes, head_start + offered, bytes.size() - offered);
    auto slice = retry_after_fence(state, where, [&] {
      return may_wait ? ring.acquire(size, kCacheLine, where) : ring.try_acquire(size, kCacheLine, where);
    });
    if (!slice) {
      // While the ring holds chunks of this upload, a full ring is no error.
      if (may_wait || slice.error().status != Status::would_block) outcome = pass_on(slice);
      return false;
    }
    slices[queue.offered() % CopyQueue::kChunks] = *slice;
    queue.offer(slice->raw_bytes().data(), bytes.data() + offered, size);
    offered += size;
    return true;
  }

  void complete_front() noexcept {
    const Slice slice = slices[queue.completed() % CopyQueue::kChunks];
    const std::uint64_t size = slice.size_bytes();
    queue.complete();
    if (outcome) outcome = ring.publish(slice, size, where);
    if (!outcome) {
      static_cast<void>(ring.cancel(slice, where));
      return;
    }
    outcome = copy_and_retire(state, ring, slice, target, where);
    target.offset += size;
    sent += size;
    // Without a flush, the GPU would start only after the last chunk.
    if (outcome && sent < bytes.size()) state.gl.Flush();
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
  return ChunkedUpload{state, **ring, target, bytes, step.chunk_bytes, where, CopyQueue(how)}.run(threads);
}

}  // namespace pmb::detail
