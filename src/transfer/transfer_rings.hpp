// SPDX-License-Identifier: MIT
// The rings behind transfers, made at their first use and kept with the context.
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
#include "context/context_state.hpp"
#include "context/timeline_state.hpp"

namespace pmb::detail {

struct TransferRings {
  /// Of each ring; a transfer is cut into pieces of a quarter, so that CPU and GPU work on different ones.
  static constexpr std::uint64_t kCapacity = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kPiece = kCapacity / 4;

  std::optional<UploadRing> up;
  std::optional<ReadbackRing> down;
  std::optional<UploadRing> unpack;  ///< Texels on their way into textures.
  std::optional<ReadbackRing> pack;  ///< Texels and pixels on their way out.
  /// Of download_async: what the program keeps must not block download().
  std::optional<ReadbackRing> pending;

  /// Bytes of `up` that were retired behind the next fence, whoever makes it, since `fenced` was the last one.
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
Result<Ring*> kept_ring(Context& context, std::optional<Ring> TransferRings::*direction, const char* label,
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

/// What `acquire` answers, with a fence made for it where it is missing: pieces of earlier calls whose fence
/// failed wait for the next one.
template <class Acquire>
auto with_a_fence(ContextState& state, std::source_location where, Acquire&& acquire) -> decltype(acquire()) {
  auto answer = acquire();
  if (answer || answer.error().id != ErrorId::never_marked) return answer;
  if (auto made = state.timeline().mark(TimelineState::Kind::internal, where); !made) return pass_on(made);
  return acquire();
}

/// A fence behind the writer of a readback. With none it cannot be waited for and is released; its memory then comes
/// back behind the next one.
inline Result<Ticket> arm(ContextState& state, const PendingReadback& pending, std::source_location where) {
  auto ticket = state.timeline().mark(TimelineState::Kind::internal, where);
  if (!ticket) static_cast<void>(pending.release(where));
  return ticket;
}

}  // namespace pmb::detail
