// SPDX-License-Identifier: MIT
#include <pmb/context.hpp>
#include <pmb/transfer.hpp>

#include "base/fail.hpp"
#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "context/source_check.hpp"
#include "context/timeline_state.hpp"
#include "copy/copy_piece.hpp"
#include "gl/buffer_calls.hpp"
#include "ring/ring_access.hpp"
#include "transfer/chunked_download.hpp"
#include "transfer/chunked_upload.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::arm;
using detail::BufferCalls;
using detail::ContextState;
using detail::kept_ring;
using detail::KnownTarget;
using detail::Place;
using detail::TimelineState;
using detail::TransferRings;
using detail::with_a_fence;

namespace {

/// More than one piece of work: chunks to overlap, or threads to share one among.
bool is_chunked(const ContextState& state, const TransferStep& step, std::uint64_t size) noexcept {
  if (size > step.chunk_bytes) return true;
  return size > kCopyPieceBytes && detail::copy_threads(state, step) > 1;
}

Result<void> upload_one(ContextState& state, UploadRing& ring, const Place& place,
                        std::span<const std::byte> bytes, std::source_location where) {
  auto slice =
      with_a_fence(state, where, [&] { return ring.acquire(bytes.size(), detail::kCacheLine, where); });
  if (!slice) return pass_on(slice);
  detail::copy_piece({slice->raw_bytes().data(), bytes.data(), bytes.size(),
                      detail::how_to_write(bytes.size(), state.plans.transfers.up.streaming_from_bytes)});
  if (auto published = ring.publish(*slice, bytes.size(), where); !published) return published;
  if (place.order_update) detail::order_update_among_shaders(state.gl);
  return detail::send(state, ring, *slice, {place.buffer, place.offset}, where);
}

Result<void> download_one(ContextState& state, ReadbackRing& ring, const Place& place,
                          std::span<std::byte> bytes, std::source_location where) {
  auto pending =
      with_a_fence(state, where, [&] { return detail::request_from(ring, place, bytes.size(), where); });
  if (!pending) return pass_on(pending);
  if (auto armed = arm(state, *pending, where); !armed) return pass_on(armed);
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

Result<void> upload_through_ring(Context& context, const Place& place, const TransferStep& step,
                                 std::span<const std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.up;
  const auto ring = kept_ring(context, &TransferRings::up, "pmb upload", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  if (!is_chunked(state, step, bytes.size())) return upload_one(state, **ring, place, bytes, where);
  if (place.order_update) detail::order_update_among_shaders(state.gl);
  return detail::ChunkedUpload(state, **ring, {place.buffer, place.offset}, bytes, step, where).run();
}

inline void update(const ContextState& state, std::uint32_t buffer, std::uint64_t offset,
                   std::span<const std::byte> bytes, bool ordered) noexcept {
  if (ordered) detail::order_update_among_shaders(state.gl);
  BufferCalls(state.gl).write(buffer, offset, bytes.data(), bytes.size());
}

/// The rest of an upload whose target and range are legal.
Result<void> upload_to(Context& context, const Place& place, const TransferStep& step,
                       std::span<const std::byte> bytes, std::source_location where) {
  if (!place.takes_sub_data) return upload_through_ring(context, place, step, bytes, where);
  update(ContextState::of(context), place.buffer, place.offset, bytes, place.order_update);
  return {};
}

Result<void> download_through_ring(Context& context, const Place& place, const TransferStep& step,
                                   std::span<std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  const TransferDirection& plan = state.plans.transfers.down;
  const auto ring =
      kept_ring(context, &TransferRings::down, "pmb download", where, plan.ring_bytes, plan.model);
  if (!ring) return pass_on(ring);
  if (!is_chunked(state, step, bytes.size())) return download_one(state, **ring, place, bytes, where);
  return detail::ChunkedDownload(state, **ring, place, bytes, step, where).run();
}

inline Result<void> download_from(Context& context, const Place& place, const TransferStep& step,
                                  std::span<std::byte> bytes, std::source_location where) {
  if (step.path != Path::traditional || !place.gives_sub_data)
    return download_through_ring(context, place, step, bytes, where);
  ContextState& state = ContextState::of(context);
  if (place.order) detail::order_read_behind_shaders(state.gl);
  auto copied = BufferCalls(state.gl).read(place.buffer, place.offset, bytes.data(), bytes.size(), where);
  // On a lost context the call does nothing and says nothing.
  if (auto usable = state.check_lost(where); !usable) return usable;
  return copied;
}

}  // namespace

namespace detail {

struct PendingAccess {
  template <class Ask>
  static Result<PendingDownload> begin(Context& context, Ask&& ask, std::source_location where) {
    ContextState& state = ContextState::of(context);
    const auto ring = kept_ring(context, &TransferRings::pending, "pmb pending downloads", where,
                                state.plans.transfers.pending_bytes, state.plans.transfers.down.model);
    if (!ring) return pass_on(ring);
    auto pending = with_a_fence(state, where, [&] { return ask(**ring); });
    if (!pending) return pass_on(pending);
    auto ticket = arm(state, *pending, where);
    if (!ticket) return pass_on(ticket);
    PendingDownload download;
    download.pending_ = *pending;
    download.ticket_ = *ticket;
    download.state_ = &state;
    return download;
  }
};

}  // namespace detail

using detail::PendingAccess;

Result<void> upload(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (bytes.empty()) return state.check_current(where);
  if (auto legal = detail::check_copy(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  const TransferStep& step = state.plans.transfers.up.step_for(bytes.size());
  const bool sub_data = step.path == Path::traditional && detail::takes_sub_data(state, buffer);
  return upload_to(context, {.buffer = buffer, .offset = offset_bytes, .takes_sub_data = sub_data}, step,
                   bytes, where);
}

namespace {

/// What is not known to be an update by GL.
[[gnu::noinline]] Result<void> upload_slowly(Context& context, const BufferTarget& buffer,
                                             std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                                             std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = KnownTarget::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const TransferStep& step = state.plans.transfers.up.step_for(bytes.size());
  Place place = KnownTarget::place(state, buffer, offset_bytes);
  if (step.path != Path::traditional && !KnownTarget::is_update(buffer, bytes.size()))
    place.takes_sub_data = false;
  return upload_to(context, place, step, bytes, where);
}

}  // namespace

Result<void> upload(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes, std::source_location where) {
  // Around a small update by GL every instruction counts.
  const ContextState& state = ContextState::of(context);
  const bool at_once = KnownTarget::is_update(buffer, bytes.size()) &&
                       KnownTarget::is_fine(state, buffer, offset_bytes, bytes.size());
  if (!at_once) return upload_slowly(context, buffer, offset_bytes, bytes, where);
  update(state, buffer.buffer(), offset_bytes, bytes, KnownTarget::orders_update(buffer));
  return {};
}

Result<Ticket> upload_async(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                            std::span<const std::byte> bytes, std::source_location where) {
  if (auto uploaded = upload(context, buffer, offset_bytes, bytes, where); !uploaded)
    return pass_on(uploaded);
  return ContextState::of(context).timeline().mark(TimelineState::Kind::internal, where);
}

Result<Ticket> upload_async(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                            std::span<const std::byte> bytes, std::source_location where) {
  if (auto uploaded = upload(context, buffer, offset_bytes, bytes, where); !uploaded)
    return pass_on(uploaded);
  return ContextState::of(context).timeline().mark(TimelineState::Kind::internal, where);
}

Result<void> download(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (bytes.empty()) return state.check_current(where);
  const TransferStep& step = state.plans.transfers.down.step_for(bytes.size());
  auto legal = detail::check_copy(state, buffer, offset_bytes, bytes.size(), where);
  if (!legal) return legal;
  const Place place{
      .buffer = buffer, .offset = offset_bytes, .gives_sub_data = detail::gives_sub_data(state)};
  return download_from(context, place, step, bytes, where);
}

Result<void> download(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto legal = KnownTarget::check(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (bytes.empty()) return {};
  const TransferStep& step = state.plans.transfers.down.step_for(bytes.size());
  return download_from(context, KnownTarget::place(state, buffer, offset_bytes), step, bytes, where);
}

Result<PendingDownload> download_async(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                                       std::uint64_t size_bytes, std::source_location where) {
  return PendingAccess::begin(
      context, [&](ReadbackRing& ring) { return ring.request(buffer, offset_bytes, size_bytes, where); },
      where);
}

Result<PendingDownload> download_async(Context& context, const BufferTarget& buffer,
                                       std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                       std::source_location where) {
  return PendingAccess::begin(
      context, [&](ReadbackRing& ring) { return ring.request(buffer, offset_bytes, size_bytes, where); },
      where);
}

Result<void> PendingDownload::finish(std::span<std::byte> target, std::chrono::nanoseconds timeout,
                                     std::source_location where) const {
  if (target.size() < size_bytes())
    return fail(ErrorId::range_outside, where, {.numbers = {0, size_bytes(), target.size()}});
  auto view = pending_.wait(timeout, where);
  if (!view) return pass_on(view);
  copy_from_mapped(target, view->bytes(),
                   detail::copy_options(*state_, state_->plans.transfers.down, view->bytes().size()));
  return release(where);
}

}  // namespace pmb
