// SPDX-License-Identifier: MIT
#include "stream/kept_upload.hpp"

#include <algorithm>

#include "core/copy_piece.hpp"
#include "gl/buffer_calls.hpp"
#include "gl/timeline_state.hpp"
#include "stream/known_target.hpp"
#include "stream/transfer_rings.hpp"
#include "stream/upload_ring_control.hpp"

namespace pmb::detail {

namespace {

/// Looks, once after each fence, whether the GPU is done with all of the ring. It starts over at its beginning then.
void look(ContextState& state, UploadRing& ring, std::source_location where) noexcept {
  TransferRings& rings = *state.transfer;
  TimelineState& line = state.line();
  if (rings.looked == line.issued) return;
  rings.looked = line.issued;
  // A failed poll says no more than that nothing new is known.
  if (line.issued > line.passed()) static_cast<void>(line.poll(where));
  rings.short_laps = UploadRingControl::of(ring)->take_back(where);
}

}  // namespace

std::uint64_t quarter_of(const UploadRing& ring) noexcept {
  return ring.mapped_buffer().size_bytes() / 4;
}

Result<void> send(ContextState& state, UploadRing& ring, Slice slice, const Place& place,
                  std::uint64_t fence_every, std::source_location where) {
  TimelineState& line = state.line();
  TransferRings& rings = *state.transfer;
  const std::uint64_t size = slice.size_bytes();
  BufferCalls(state).copy(slice.buffer(), slice.offset_bytes(), place.buffer, place.offset, size);
  if (auto retired = ring.retire(slice, TimelineControl::ticket(line.control, line.issued + 1), where);
      !retired)
    return retired;
  // Fences of the program's count as well: who marks every frame gets none of these.
  if (rings.fenced != line.issued) rings.unfenced_bytes = 0;
  rings.fenced = line.issued;
  rings.unfenced_bytes += size;
  if (rings.unfenced_bytes < fence_every) return {};
  if (auto made = line.mark(TimelineState::Kind::internal, where); !made) return tl::unexpected(made.error());
  return {};
}

Result<void> upload_in_one(ContextState& state, UploadRing& ring, const Place& place,
                           std::span<const std::byte> bytes, std::source_location where) {
  look(state, ring, where);
  auto slice =
      with_a_fence(state, where, [&] { return ring.acquire(bytes.size(), core::kCacheLine, where); });
  if (!slice) return tl::unexpected(slice.error());
  const bool short_laps = state.transfer->short_laps;
  const bool cached = short_laps && slice->offset_bytes() + bytes.size() <= 2 * TransferRings::kLapBytes;
  core::copy_piece({slice->raw_bytes().data(), bytes.data(), bytes.size(),
                    cached ? core::CopyHow::plain
                           : core::how_to_write(bytes.size(), state.transfer_plan.up.streaming_from_bytes)});
  if (auto published = ring.publish(*slice, bytes.size(), where); !published) return published;
  if (place.order) order_behind_shaders(state);
  const std::uint64_t quarter = quarter_of(ring);
  return send(state, ring, *slice, place, short_laps ? std::min(TransferRings::kLapBytes, quarter) : quarter,
              where);
}

}  // namespace pmb::detail
