// SPDX-License-Identifier: MIT
#include "transfer/chunked_upload.hpp"

#include "context/timeline_state.hpp"
#include "copy/chunk_lengths.hpp"
#include "gl/buffer_calls.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {

Result<void> copy_and_retire(ContextState& state, UploadRing& ring, Slice slice, const BufferPlace& target,
                             std::source_location where) {
  TimelineState& timeline = state.timeline();
  TransferRings& rings = rings_of(state);
  const std::uint64_t size = slice.size_bytes();
  BufferCalls(state.gl).copy(slice.buffer(), slice.offset_bytes(), target.buffer, target.offset, size);
  const Ticket next = TimelineControl::ticket(timeline.control, timeline.issued + 1);
  if (auto retired = ring.retire(slice, next, where); !retired) return retired;
  // Fences of the program count as well: a program that marks every frame gets none of these.
  if (rings.fenced != timeline.issued) rings.unfenced_bytes = 0;
  rings.fenced = timeline.issued;
  rings.unfenced_bytes += size;
  if (rings.unfenced_bytes < ring.mapped_buffer().size_bytes() / 4) return {};
  if (auto made = timeline.mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return {};
}

namespace {

/// True if earlier work is unfinished, as far as fences tell.
bool is_gpu_busy(ContextState& state, std::source_location where) noexcept {
  TimelineState& timeline = state.timeline();
  if (timeline.issued > timeline.passed()) static_cast<void>(timeline.poll(where));
  return timeline.issued > timeline.passed();
}

}  // namespace

ChunkedUpload::ChunkedUpload(ContextState& state, UploadRing& ring, const BufferPlace& target,
                             std::span<const std::byte> bytes, std::uint64_t chunk_bytes,
                             std::uint32_t threads, std::source_location where) noexcept
    : state_(state),
      ring_(ring),
      target_(target),
      bytes_(bytes),
      chunk_bytes_(chunk_bytes),
      threads_(threads),
      where_(where),
      queue_(how_to_write(bytes.size(), state.plans.transfers.up.streaming_from_bytes)) {}

Result<void> ChunkedUpload::run() noexcept {
  if (is_gpu_busy(state_, where_)) head_start_ = chunk_bytes_;
  // Before the workers start, so that none of them finds nothing to do and leaves.
  while (queue_.has_room() && offer(queue_.idle())) {
  }
  queue_.run(&state_.options.parallel_for, threads_, [this] { drive(); });
  return outcome_;
}

void ChunkedUpload::drive() noexcept {
  for (;;) {
    if (queue_.front_done()) {
      complete_front();
      continue;
    }
    if (queue_.has_room() && offer(queue_.idle())) continue;
    if (queue_.copy_next_piece()) continue;
    if (queue_.idle()) return;
    queue_.wait_front();
  }
}

bool ChunkedUpload::offer(bool may_wait) noexcept {
  if (!outcome_ || offered_ == bytes_.size()) return false;
  const std::size_t size = upload_chunk(chunk_bytes_, head_start_ + offered_, bytes_.size() - offered_);
  auto slice = retry_after_fence(state_, where_, [&] {
    return may_wait ? ring_.acquire(size, kCacheLine, where_) : ring_.try_acquire(size, kCacheLine, where_);
  });
  if (!slice) {
    // While the ring holds chunks of this upload, a full ring is no error.
    if (may_wait || slice.error().status != Status::would_block) outcome_ = pass_on(slice);
    return false;
  }
  slices_[queue_.offered() % CopyQueue::kChunks] = *slice;
  queue_.offer(slice->raw_bytes().data(), bytes_.data() + offered_, size);
  offered_ += size;
  return true;
}

void ChunkedUpload::complete_front() noexcept {
  const Slice slice = slices_[queue_.completed() % CopyQueue::kChunks];
  const std::uint64_t size = slice.size_bytes();
  queue_.complete();
  if (outcome_) outcome_ = ring_.publish(slice, size, where_);
  if (!outcome_) {
    static_cast<void>(ring_.cancel(slice, where_));
    return;
  }
  BufferPlace place = target_;
  place.offset += sent_;
  outcome_ = copy_and_retire(state_, ring_, slice, place, where_);
  sent_ += size;
  // Without a flush, the GPU would start only after the last chunk.
  if (outcome_ && sent_ < bytes_.size()) state_.gl.Flush();
}

}  // namespace pmb::detail
