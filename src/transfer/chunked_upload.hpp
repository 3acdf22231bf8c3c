// SPDX-License-Identifier: MIT
// An upload in chunks through a ring: the CPU copies some of them, on several threads, while the GPU takes others.
#pragma once

#include <array>

#include "copy/copy_queue.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {

/// True if earlier work is unfinished, as far as fences tell.
inline bool is_gpu_busy(ContextState& state, std::source_location where) noexcept {
  TimelineState& timeline = state.timeline();
  if (timeline.issued > timeline.passed()) static_cast<void>(timeline.poll(where));
  return timeline.issued > timeline.passed();
}

/// `Chunks` cuts the upload and knows the GL commands:
///   next(index, begin, size)  the bytes of chunk `index`, about `size`; `begin` bytes are in earlier chunks
///   send(index, slice)        issues the commands that read the published slice, and retires it
template <class Chunks>
struct ChunkedUpload {
  ContextState& state;
  UploadRing& ring;
  Chunks& chunks;
  const std::uint64_t total_bytes;
  const std::uint64_t chunk_bytes;
  const std::uint64_t alignment;
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
    if (!outcome || offered == total_bytes) return false;
    const bool may_wait = queue.idle();
    const std::span<const std::byte> bytes = chunks.next(
        queue.offered(), offered, upload_chunk(chunk_bytes, head_start + offered, total_bytes - offered));
    auto slice = retry_after_fence(state, where, [&] {
      return may_wait ? ring.acquire(bytes.size(), alignment, where)
                      : ring.try_acquire(bytes.size(), alignment, where);
    });
    if (!slice) {
      // While the ring holds chunks of this upload, a full ring is no error.
      if (may_wait || slice.error().status != Status::would_block) outcome = pass_on(slice);
      return false;
    }
    slices[queue.offered() % CopyQueue::kChunks] = *slice;
    queue.offer(slice->raw_bytes().data(), bytes.data(), bytes.size());
    offered += bytes.size();
    return true;
  }

  void complete_front() noexcept {
    const std::uint32_t index = queue.completed();
    const Slice slice = slices[index % CopyQueue::kChunks];
    const std::uint64_t size = slice.size_bytes();
    queue.complete();
    if (outcome) outcome = ring.publish(slice, size, where);
    if (!outcome) {
      static_cast<void>(ring.cancel(slice, where));
      return;
    }
    outcome = chunks.send(index, slice);
    sent += size;
    // Without a flush, the GPU would start only after the last chunk.
    if (outcome && sent < total_bytes) state.gl.Flush();
  }
};

}  // namespace pmb::detail
