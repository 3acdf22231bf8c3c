// SPDX-License-Identifier: MIT
#include <array>

#include "copy/copy_queue.hpp"
#include "ring/ring_control.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {
namespace {

/// Issues the GPU copy from `source` into the ring, and its fence.
Result<PendingReadback> request_chunk(ContextState& state, ReadbackRing& ring, const BufferPlace& source,
                                      std::uint64_t size, std::source_location where) {
  return request_and_fence(state, where, [&] {
    return RingControl::request(ring, source, size, RingControl::Wait::among_own, where);
  });
}

Result<void> download_one(ContextState& state, ReadbackRing& ring, const BufferPlace& source,
                          std::span<std::byte> bytes, CopyHow how, std::source_location where) {
  const auto pending = request_chunk(state, ring, source, bytes.size(), where);
  if (!pending) return pass_on(pending);
  const auto view = pending->wait(state.options.timeout, where);
  if (view) copy_piece(bytes.data(), view->bytes().data(), bytes.size(), how);
  static_cast<void>(pending->release(where));
  if (!view) return pass_on(view);
  return {};
}

struct ChunkedDownload {
  ContextState& state;
  ReadbackRing& ring;
  BufferPlace source;  ///< Of the next chunk to request.
  const std::span<std::byte> bytes;
  const std::uint64_t chunk_bytes;
  const std::source_location where;
  CopyQueue queue;
  std::array<PendingReadback, CopyQueue::kChunks> pending = {};
  std::uint32_t requested = 0;  ///< Chunks. Those before queue.offered() have arrived.
  std::size_t asked = 0;        ///< Bytes.
  std::size_t offered = 0;      ///< Bytes.
  Result<void> outcome = {};

  Result<void> run(std::uint32_t threads) noexcept {
    if (request()) state.gl.Flush();
    queue.run(&state.options.parallel_for, threads, [this] {
      queue.drive([this](bool may_wait) { return (!may_wait && request()) || offer(may_wait); },
                  [this] { complete_front(); });
    });
    // After an error: the memory of chunks in flight is reusable once they have arrived.
    for (std::uint32_t chunk = queue.offered(); chunk < requested; ++chunk) release(chunk);
    return outcome;
  }

  /// Requests the next chunk if the ring has room.
  bool request() noexcept {
    if (!outcome || asked == bytes.size() || requested - queue.completed() == CopyQueue::kChunks)
      return false;
    const std::uint64_t size = download_chunk(chunk_bytes, bytes.size() - asked);
    const auto chunk = request_chunk(state, ring, source, size, where);
    if (!chunk) {
      // While the ring holds chunks of this download, a full ring is no error.
      const bool later = requested != queue.completed() && chunk.error().status == Status::would_block;
      if (!later) outcome = pass_on(chunk);
      return false;
    }
    pending[requested++ % CopyQueue::kChunks] = *chunk;
    asked += size;
    source.offset += size;
    // One barrier orders all earlier stores. Another would delay the copies in flight.
    source.needs_read_barrier = false;
    return true;
  }

  /// Adds the next chunk to the queue if it has arrived. `may_wait`: waits for it, at most Options::timeout.
  bool offer(bool may_wait) noexcept {
    const std::uint32_t chunk = queue.offered();
    if (!outcome || chunk == requested) return false;
    const PendingReadback& next = pending[chunk % CopyQueue::kChunks];
    const auto view = may_wait ? next.wait(state.options.timeout, where) : next.try_view(where);
    if (!view) {
      if (may_wait || view.error().status != Status::would_block) outcome = pass_on(view);
      return false;
    }
    queue.offer(bytes.data() + offered, view->bytes().data(), view->bytes().size());
    offered += view->bytes().size();
    return true;
  }

  void complete_front() noexcept {
    release(queue.completed());
    queue.complete();
  }

  void release(std::uint32_t chunk) noexcept {
    static_cast<void>(pending[chunk % CopyQueue::kChunks].release(where));
  }
};

}  // namespace

Result<void> download_through_ring(Context& context, const BufferPlace& source, std::span<std::byte> bytes,
                                   std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.down;
  const auto ring =
      shared_ring(context, &TransferRings::down, "pmb download", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  const TransferStep& step = plan.step_for(bytes.size());
  const std::uint32_t threads = threads_of(state, step, bytes.size());
  const CopyHow how = how_to_read(bytes.size(), plan.streaming_from_bytes, plan.slow_reads);
  if (bytes.size() <= step.chunk_bytes && threads <= 1)
    return download_one(state, **ring, source, bytes, how, where);
  return ChunkedDownload{state, **ring, source, bytes, step.chunk_bytes, where, CopyQueue(how)}.run(threads);
}

}  // namespace pmb::detail
