// SPDX-License-Identifier: MIT
#include "transfer/chunked_download.hpp"

#include "context/timeline_state.hpp"
#include "copy/chunk_lengths.hpp"
#include "ring/ring_access.hpp"
#include "transfer/chunked_upload.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb::detail {

using detail::CopyQueue;

ChunkedDownload::ChunkedDownload(ContextState& state, ReadbackRing& ring, const Place& source,
                                 std::span<std::byte> bytes, const TransferStep& step,
                                 std::source_location where) noexcept
    : state_(state),
      ring_(ring),
      source_(source),
      bytes_(bytes),
      step_(step),
      where_(where),
      crew_(detail::how_to_read(bytes.size(), state.plans.transfers.down.streaming_from_bytes,
                                state.plans.transfers.down.slow_reads)) {}

Result<void> ChunkedDownload::run() noexcept {
  if (request()) state_.gl.Flush();
  crew_.run(&state_.options.parallel_for, copy_threads(state_, step_, bytes_.size()), [this] { drive(); });
  return outcome_;
}

void ChunkedDownload::drive() noexcept {
  for (;;) {
    if (crew_.front_done()) {
      settle_front();
      continue;
    }
    if (request()) continue;
    if (offer(false)) continue;
    if (crew_.work_one()) continue;
    if (!crew_.idle()) {
      crew_.wait_front();
      continue;
    }
    if (!offer(true)) break;
  }
  // After an error: what is under way keeps its memory until it has arrived.
  for (std::uint32_t chunk = crew_.offered(); chunk < requested_; ++chunk) {
    static_cast<void>(pending_[chunk % CopyQueue::kChunks].release(where_));
  }
  requested_ = crew_.offered();
}

bool ChunkedDownload::request() noexcept {
  if (!outcome_ || asked_ == bytes_.size() || requested_ - crew_.settled() == CopyQueue::kChunks)
    return false;
  const std::uint64_t size = detail::download_chunk(step_.chunk_bytes, bytes_.size() - asked_);
  Place chunk = source_;
  chunk.offset += asked_;
  // One barrier orders all that was stored before; the ones after it would hold up the copies under way.
  if (asked_ != 0) chunk.order = false;
  auto pending = with_a_fence(state_, where_, [&] { return request_from(ring_, chunk, size, where_); });
  if (!pending) {
    // With chunks of its own in the ring, full means later.
    const bool later = requested_ != crew_.settled() && pending.error().status == Status::would_block;
    if (!later) outcome_ = tl::unexpected(pending.error());
    return false;
  }
  if (auto armed = arm(state_, *pending, where_); !armed) {
    outcome_ = tl::unexpected(armed.error());
    return false;
  }
  pending_[requested_++ % CopyQueue::kChunks] = *pending;
  asked_ += size;
  return true;
}

bool ChunkedDownload::offer(bool may_wait) noexcept {
  const std::uint32_t chunk = crew_.offered();
  if (!outcome_ || chunk == requested_) return false;
  const PendingReadback& pending = pending_[chunk % CopyQueue::kChunks];
  const auto view = may_wait ? pending.wait(state_.options.timeout, where_) : pending.try_view(where_);
  if (!view) {
    if (may_wait || view.error().status != Status::would_block) outcome_ = tl::unexpected(view.error());
    return false;
  }
  crew_.offer(bytes_.data() + offered_, view->bytes().data(), view->bytes().size());
  offered_ += view->bytes().size();
  return true;
}

void ChunkedDownload::settle_front() noexcept {
  static_cast<void>(pending_[crew_.settled() % CopyQueue::kChunks].release(where_));
  crew_.settle();
}

}  // namespace pmb::detail
