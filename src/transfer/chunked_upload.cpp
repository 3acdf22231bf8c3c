// SPDX-License-Identifier: MIT
#include "transfer/chunked_upload.hpp"

#include <algorithm>
#include <thread>

#include "context/timeline_state.hpp"
#include "copy/chunk_lengths.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

using detail::CopyQueue;

std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept {
  if (!state.options.parallel_for) return 1;
  static const std::uint32_t kMachine = std::max(1U, std::thread::hardware_concurrency());
  const std::uint32_t most = state.options.copy_threads != 0 ? state.options.copy_threads : kMachine;
  return std::min(step.threads, most);
}

std::uint32_t copy_threads(const ContextState& state, const TransferStep& step, std::size_t size) noexcept {
  const std::size_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  return static_cast<std::uint32_t>(std::min<std::size_t>(copy_threads(state, step), pieces));
}

CopyOptions copy_options(const ContextState& state, const TransferDirection& way, std::size_t size) noexcept {
  return {.parallel_for = &state.options.parallel_for,
          .threads = copy_threads(state, way.step_for(size)),
          .streaming_from_bytes = static_cast<std::size_t>(way.streaming_from_bytes),
          .slow_reads = way.slow_reads};
}

Result<void> send(ContextState& state, UploadRing& ring, Slice slice, UploadTarget target,
                  std::source_location where) {
  TimelineState& line = state.timeline();
  TransferRings& rings = rings_of(state);
  const std::uint64_t size = slice.size_bytes();
  BufferCalls(state.gl).copy(slice.buffer(), slice.offset_bytes(), target.buffer, target.offset_bytes, size);
  if (auto retired = ring.retire(slice, TimelineControl::ticket(line.control, line.issued + 1), where);
      !retired)
    return retired;
  // Fences of the program's count as well: who marks every frame gets none of these.
  if (rings.fenced != line.issued) rings.unfenced_bytes = 0;
  rings.fenced = line.issued;
  rings.unfenced_bytes += size;
  if (rings.unfenced_bytes < ring.mapped_buffer().size_bytes() / 4) return {};
  if (auto made = line.mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return {};
}

namespace {

/// True where the GPU is still busy with what was issued before, as far as fences tell.
bool is_gpu_busy(ContextState& state, std::source_location where) noexcept {
  TimelineState& line = state.timeline();
  if (line.issued > line.passed()) static_cast<void>(line.poll(where));
  return line.issued > line.passed();
}

}  // namespace

ChunkedUpload::ChunkedUpload(ContextState& state, UploadRing& ring, UploadTarget target,
                             std::span<const std::byte> bytes, const TransferStep& step,
                             std::source_location where) noexcept
    : state_(state),
      ring_(ring),
      target_(target),
      bytes_(bytes),
      step_(step),
      where_(where),
      crew_(detail::how_to_write(bytes.size(), state.plans.transfers.up.streaming_from_bytes)) {}

Result<void> ChunkedUpload::run() noexcept {
  if (is_gpu_busy(state_, where_)) head_start_ = step_.chunk_bytes;
  // What fits is there before the helpers are, so that none of them finds nothing to do and leaves.
  while (crew_.has_room() && offer(crew_.idle())) {
  }
  crew_.run(&state_.options.parallel_for, copy_threads(state_, step_, bytes_.size()), [this] { drive(); });
  return outcome_;
}

void ChunkedUpload::drive() noexcept {
  for (;;) {
    if (crew_.front_done()) {
      settle_front();
      continue;
    }
    if (crew_.has_room() && offer(crew_.idle())) continue;
    if (crew_.work_one()) continue;
    if (crew_.idle()) return;
    crew_.wait_front();
  }
}

bool ChunkedUpload::offer(bool may_wait) noexcept {
  if (!outcome_ || offered_ == bytes_.size()) return false;
  const std::size_t size =
      detail::upload_chunk(step_.chunk_bytes, head_start_ + offered_, bytes_.size() - offered_);
  auto slice = with_a_fence(state_, where_, [&] {
    return may_wait ? ring_.acquire(size, detail::kCacheLine, where_)
                    : ring_.try_acquire(size, detail::kCacheLine, where_);
  });
  if (!slice) {
    // With chunks of its own in the ring, full means later.
    if (may_wait || slice.error().status != Status::would_block) outcome_ = tl::unexpected(slice.error());
    return false;
  }
  slices_[crew_.offered() % CopyQueue::kChunks] = *slice;
  crew_.offer(slice->raw_bytes().data(), bytes_.data() + offered_, size);
  offered_ += size;
  return true;
}

void ChunkedUpload::settle_front() noexcept {
  const Slice slice = slices_[crew_.settled() % CopyQueue::kChunks];
  const std::uint64_t size = slice.size_bytes();
  crew_.settle();
  if (outcome_) outcome_ = ring_.publish(slice, size, where_);
  if (!outcome_) {
    static_cast<void>(ring_.cancel(slice, where_));
    return;
  }
  outcome_ = send(state_, ring_, slice, {target_.buffer, target_.offset_bytes + sent_}, where_);
  sent_ += size;
  // Unflushed, the GPU would begin with the first chunk when the last one is there.
  if (outcome_ && sent_ < bytes_.size()) state_.gl.Flush();
}

}  // namespace pmb::detail
