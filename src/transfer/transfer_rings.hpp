// SPDX-License-Identifier: MIT
// The rings that all transfers of a context share, and their fences. The first transfer that needs a ring makes it.
#pragma once

#include <pmb/readback_ring.hpp>
#include <pmb/upload_ring.hpp>

#include "base/fail.hpp"
#include "context/buffer_place.hpp"
#include "ring/ring_control.hpp"

namespace pmb::detail {

/// When slices that wait for the next fence get one.
struct NextFence {
  std::uint64_t bytes = 0;  ///< Since the fence `last`.
  std::uint64_t last = 0;   ///< Serial.
};

struct TransferRings {
  /// Of `unpack` and `pack`; the plan sizes the others. Texels travel in pieces of a quarter, so that CPU and GPU work on
  /// different ones.
  static constexpr std::uint64_t kCapacity = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kPiece = kCapacity / 4;

  std::optional<UploadRing> up;
  std::optional<ReadbackRing> down;
  std::optional<UploadRing> unpack;  ///< Texels to textures.
  std::optional<ReadbackRing> pack;  ///< Texels and pixels from GL.
  /// Of download_async(), whose unreleased readbacks must not block download().
  std::optional<ReadbackRing> pending;
  NextFence up_fences;
};

/// The rings of a context, none at the first call.
inline TransferRings& rings_of(ContextState& state) {
  if (!state.transfer_rings) state.transfer_rings = std::make_shared<TransferRings>();
  return *static_cast<TransferRings*>(state.transfer_rings.get());
}

/// The ring of one kind, made at its first use.
template <class Ring>
Result<Ring*> shared_ring(Context& context, std::optional<Ring> TransferRings::*direction, const char* label,
                          std::source_location where, std::uint64_t capacity_bytes = TransferRings::kCapacity,
                          std::optional<Model> model = {}) {
  return guarded(where, [&]() -> Result<Ring*> {
    ContextState& state = ContextState::of(context);
    std::optional<Ring>& kept = rings_of(state).*direction;
    if (!kept) {
      auto ring =
          Ring::create(context, {.capacity_bytes = capacity_bytes, .label = label, .model = model}, where);
      if (!ring) return pass_on(ring);
      kept = std::move(*ring);
    }
    return &*kept;
  });
}

/// Returns the result of `acquire`. If the ring waits for a fence that an earlier call failed to make, makes one and calls
/// `acquire` again.
template <class Acquire>
auto retry_after_fence(ContextState& state, std::source_location where, Acquire&& acquire)
    -> decltype(acquire()) {
  auto acquired = acquire();
  if (acquired || acquired.error().id != ErrorId::never_marked) return acquired;
  if (auto made = state.timeline().mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return acquire();
}

/// Returns the readback that `request` makes with its writer, with a fence after that. Without the fence no wait could end,
/// so a failure releases the readback: its memory is reusable after the next fence.
template <class Request>
Result<PendingReadback> request_and_fence(ContextState& state, std::source_location where,
                                          Request&& request) {
  auto pending = retry_after_fence(state, where, request);
  if (!pending) return pending;
  auto fence = state.timeline().mark(TimelineState::Kind::internal, where);
  if (fence) return pending;
  static_cast<void>(pending->release(where));
  return pass_on(fence);
}

/// Retires a published slice, whose readers were issued, with the next fence of any kind. Makes that fence after each quarter
/// of the ring, so that the ring becomes reusable in parts.
inline Result<void> retire_after_next_fence(ContextState& state, UploadRing& ring, NextFence& fences,
                                            Slice slice, std::source_location where) {
  TimelineState& timeline = state.timeline();
  const std::uint64_t size = slice.size_bytes();
  const Ticket next = TimelineControl::ticket(timeline.control, timeline.issued + 1);
  if (auto retired = ring.retire(slice, next, where); !retired) return retired;
  // Fences of the program count as well: a program that marks every frame gets none of these.
  if (fences.last != timeline.issued) fences.bytes = 0;
  fences.last = timeline.issued;
  fences.bytes += size;
  if (!worth_a_fence(fences.bytes, ring.mapped_buffer().size_bytes())) return {};
  if (auto made = timeline.mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return {};
}

/// Threads that copy `size` bytes in this step: at most one a piece.
inline std::uint32_t threads_of(const ContextState& state, const TransferStep& step,
                                std::uint64_t size) noexcept {
  const std::uint64_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(copy_threads(state, step), pieces));
}

/// Copies `bytes` to their place, which is legal: in one piece, or in chunks, so that the GPU copies some while the CPU
/// copies others on several threads. See upload().
Result<void> upload_through_ring(Context& context, const BufferPlace& target,
                                 std::span<const std::byte> bytes, std::source_location where);

/// Fills `bytes` from their place, likewise. See download().
Result<void> download_through_ring(Context& context, const BufferPlace& source, std::span<std::byte> bytes,
                                   std::source_location where);

}  // namespace pmb::detail
