// SPDX-License-Identifier: MIT
#include "stream/chunked_download.hpp"

#include <algorithm>

#include "gl/timeline_state.hpp"
#include "stream/chunked_upload.hpp"
#include "stream/transfer_rings.hpp"

namespace pmb::detail {

using core::CopyCrew;

ChunkedDownload::ChunkedDownload(ContextState& state, ReadbackRing& ring, std::uint32_t buffer,
                                 std::uint64_t offset_bytes, std::span<std::byte> bytes,
                                 const TransferStep& step, std::source_location where) noexcept
    : state_(state),
      ring_(ring),
      buffer_(buffer),
      offset_bytes_(offset_bytes),
      bytes_(bytes),
      step_(step),
      where_(where),
      chunks_(static_cast<std::uint32_t>((bytes.size() + step.chunk_bytes - 1) / step.chunk_bytes)),
      crew_(std::min<std::uint64_t>(step.chunk_bytes, bytes.size()),
            core::how_to_read(bytes.size(), state.transfer_plan.down.streaming_from_bytes,
                              state.transfer_plan.down.slow_reads)) {}

std::size_t ChunkedDownload::size_of(std::uint32_t chunk) const noexcept {
  const std::uint64_t begin = chunk * step_.chunk_bytes;
  return static_cast<std::size_t>(std::min(step_.chunk_bytes, bytes_.size() - begin));
}

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
    static_cast<void>(pending_[chunk % CopyCrew::kChunks].release(where_));
  }
  requested_ = crew_.offered();
}

bool ChunkedDownload::request() noexcept {
  if (!outcome_ || requested_ == chunks_ || requested_ - crew_.settled() == CopyCrew::kChunks) return false;
  const std::size_t size = size_of(requested_);
  const std::uint64_t at = offset_bytes_ + requested_ * step_.chunk_bytes;
  auto pending = with_a_fence(state_, where_, [&] { return ring_.request(buffer_, at, size, where_); });
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
  pending_[requested_++ % CopyCrew::kChunks] = *pending;
  return true;
}

bool ChunkedDownload::offer(bool may_wait) noexcept {
  const std::uint32_t chunk = crew_.offered();
  if (!outcome_ || chunk == requested_) return false;
  const PendingReadback& pending = pending_[chunk % CopyCrew::kChunks];
  const auto view = may_wait ? pending.wait(state_.options.timeout, where_) : pending.try_view(where_);
  if (!view) {
    if (may_wait || view.error().status != Status::would_block) outcome_ = tl::unexpected(view.error());
    return false;
  }
  crew_.offer(bytes_.data() + chunk * step_.chunk_bytes, view->bytes().data(), view->bytes().size());
  return true;
}

void ChunkedDownload::settle_front() noexcept {
  static_cast<void>(pending_[crew_.settled() % CopyCrew::kChunks].release(where_));
  crew_.settle();
}

}  // namespace pmb::detail
