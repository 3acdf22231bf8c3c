// SPDX-License-Identifier: MIT
#include "transfer/chunked_download.hpp"

#include "copy/chunk_lengths.hpp"
#include "ring/ring_access.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {

ChunkedDownload::ChunkedDownload(ContextState& state, ReadbackRing& ring, const BufferPlace& source,
                                 std::span<std::byte> bytes, std::uint64_t chunk_bytes, std::uint32_t threads,
                                 std::source_location where) noexcept
    : state_(state),
      ring_(ring),
      source_(source),
      bytes_(bytes),
      chunk_bytes_(chunk_bytes),
      threads_(threads),
      where_(where),
      queue_(how_to_read(bytes.size(), state.plans.transfers.down.streaming_from_bytes,
                         state.plans.transfers.down.slow_reads)) {}

Result<void> ChunkedDownload::run() noexcept {
  if (request()) state_.gl.Flush();
  queue_.run(&state_.options.parallel_for, threads_, [this] { drive(); });
  return outcome_;
}

void ChunkedDownload::drive() noexcept {
  for (;;) {
    if (queue_.front_done()) {
      complete_front();
      continue;
    }
    if (request()) continue;
    if (offer(false)) continue;
    if (queue_.copy_next_piece()) continue;
    if (!queue_.idle()) {
      queue_.wait_front();
      continue;
    }
    if (!offer(true)) break;
  }
  // After an error: the memory of chunks in flight is reusable once they have arrived.
  for (std::uint32_t chunk = queue_.offered(); chunk < requested_; ++chunk) {
    static_cast<void>(pending_[chunk % CopyQueue::kChunks].release(where_));
  }
  requested_ = queue_.offered();
}

bool ChunkedDownload::request() noexcept {
  if (!outcome_ || asked_ == bytes_.size() || requested_ - queue_.completed() == CopyQueue::kChunks)
    return false;
  const std::uint64_t size = download_chunk(chunk_bytes_, bytes_.size() - asked_);
  auto pending =
      retry_after_fence(state_, where_, [&] { return request_from(ring_, source_, size, where_); });
  if (!pending) {
    // While the ring holds chunks of this download, a full ring is no error.
    const bool later = requested_ != queue_.completed() && pending.error().status == Status::would_block;
    if (!later) outcome_ = pass_on(pending);
    return false;
  }
  if (auto fenced = fence_behind(state_, *pending, where_); !fenced) {
    outcome_ = fenced;
    return false;
  }
  pending_[requested_++ % CopyQueue::kChunks] = *pending;
  asked_ += size;
  source_.offset += size;
  // One barrier orders all earlier stores. Another would delay the copies in flight.
  source_.needs_read_barrier = false;
  return true;
}

bool ChunkedDownload::offer(bool may_wait) noexcept {
  const std::uint32_t chunk = queue_.offered();
  if (!outcome_ || chunk == requested_) return false;
  const PendingReadback& pending = pending_[chunk % CopyQueue::kChunks];
  const auto view = may_wait ? pending.wait(state_.options.timeout, where_) : pending.try_view(where_);
  if (!view) {
    if (may_wait || view.error().status != Status::would_block) outcome_ = pass_on(view);
    return false;
  }
  queue_.offer(bytes_.data() + offered_, view->bytes().data(), view->bytes().size());
  offered_ += view->bytes().size();
  return true;
}

void ChunkedDownload::complete_front() noexcept {
  static_cast<void>(pending_[queue_.completed() % CopyQueue::kChunks].release(where_));
  queue_.complete();
}

}  // namespace pmb::detail
