// SPDX-License-Identifier: MIT
// The rings that transfers share. The first transfer that needs one makes it; the context keeps it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <utility>

#include "base/guard.hpp"
#include "context/buffer_place.hpp"
#include "context/context_state.hpp"
#include "context/timeline_state.hpp"

namespace pmb::detail {

struct TransferRings {
  /// Of `unpack` and `pack`; the plan sizes the others. Texels travel in pieces of a quarter of it, so that CPU and GPU work
  /// on different ones.
  static constexpr std::uint64_t kCapacity = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kPiece = kCapacity / 4;

  std::optional<UploadRing> up;
  std::optional<ReadbackRing> down;
  std::optional<UploadRing> unpack;  ///< Texels on their way into textures.
  std::optional<ReadbackRing> pack;  ///< Texels and pixels on their way out.
  /// Of download_async: its unreleased readbacks must not block download().
  std::optional<ReadbackRing> pending;

  /// Bytes of `up` retired with the next fence, since fence `fenced`.
  std::uint64_t unfenced_bytes = 0;
  std::uint64_t fenced = 0;
};

/// The rings of a context, made empty at the first call.
inline TransferRings& rings_of(ContextState& state) {
  if (!state.transfer_rings) state.transfer_rings = std::make_shared<TransferRings>();
  return *static_cast<TransferRings*>(state.transfer_rings.get());
}

/// The ring of one direction, made at its first use.
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

/// The result of `acquire`, which is called again after a fence if the ring waits for one: pieces of earlier calls whose
/// fence failed.
template <class Acquire>
auto retry_after_fence(ContextState& state, std::source_location where, Acquire&& acquire)
    -> decltype(acquire()) {
  auto acquired = acquire();
  if (acquired || acquired.error().id != ErrorId::never_marked) return acquired;
  if (auto made = state.timeline().mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return acquire();
}

/// Makes a fence after the writer of a readback. If that fails, the readback cannot be waited for and is released; its
/// memory is reusable after the next fence.
inline Result<void> fence_behind(ContextState& state, const PendingReadback& pending,
                                 std::source_location where) {
  auto ticket = state.timeline().mark(TimelineState::Kind::internal, where);
  if (ticket) return {};
  static_cast<void>(pending.release(where));
  return pass_on(ticket);
}

/// Copies a published slice to its place and retires it after the next fence of any kind. Makes that fence itself after each
/// quarter of the ring, so that the ring becomes reusable in parts. The caller has set the barrier.
Result<void> copy_and_retire(ContextState& state, UploadRing& ring, Slice slice, const BufferPlace& target,
                             std::source_location where);

}  // namespace pmb::detail
