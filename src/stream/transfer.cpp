// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>
#include <pmb/context.hpp>
#include <pmb/transfer.hpp>

#include "core/plan_rules.hpp"
#include "gl/buffer_calls.hpp"
#include "gl/context_state.hpp"
#include "gl/mapping.hpp"
#include "gl/timeline_state.hpp"
#include "stream/source_check.hpp"
#include "stream/transfer_rings.hpp"

namespace pmb {

using detail::ContextState;
using detail::kept_ring;
using detail::TimelineControl;
using detail::TimelineState;
using detail::TransferRings;
using detail::with_a_fence;

namespace {

/// True where the plan leaves a transfer to glBufferSubData and glGetBufferSubData, and the buffer takes those:
/// immutable storage has to be DYNAMIC for a write (OpenGL 4.6 core, section 6.2.1).
bool goes_traditional(const ContextState& state, Access access, std::uint32_t buffer, std::uint64_t size) {
  const auto plan = detail::make_plan(state, {.access = access, .size_bytes = size}, detail::Memory::any,
                                      std::source_location::current());
  if (!plan || !core::is_private(plan->path)) return false;
  if (access == Access::read || !state.limits.buffer_storage) return true;
  const detail::BufferCalls calls(state);
  return calls.parameter(buffer, GL_BUFFER_IMMUTABLE_STORAGE) == 0 ||
         (calls.parameter(buffer, GL_BUFFER_STORAGE_FLAGS) & GL_DYNAMIC_STORAGE_BIT) != 0;
}

/// Copies out the readback of one piece and gives its memory back.
Result<void> collect(const PendingReadback& pending, std::span<std::byte> target,
                     std::chrono::nanoseconds timeout, std::source_location where) {
  auto view = pending.wait(timeout, where);
  if (view) std::memcpy(target.data(), view->bytes().data(), target.size());
  static_cast<void>(pending.release(where));
  if (!view) return tl::unexpected(view.error());
  return {};
}

}  // namespace

Result<void> upload(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (bytes.empty()) return state.check_current(where);
  if (auto legal = detail::check_copy(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (goes_traditional(state, Access::sequential_write, buffer, bytes.size())) {
    detail::order_behind_shaders(state);
    detail::BufferCalls(state).write(buffer, offset_bytes, bytes.data(), bytes.size());
    return {};
  }
  const auto kept = kept_ring(context, &TransferRings::up, "pmb upload", where);
  if (!kept) return tl::unexpected(kept.error());
  UploadRing& ring = **kept;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - done, TransferRings::kPiece);
    auto slice = with_a_fence(state, where, [&] { return ring.acquire(size, 1, where); });
    if (!slice) return tl::unexpected(slice.error());
    slice->copy_from(bytes.subspan(done, size));
    if (auto published = ring.publish(*slice, size, where); !published) return published;
    detail::copy_behind_shaders(state, slice->buffer(), slice->offset_bytes(), buffer, offset_bytes + done,
                                size);
    const auto ticket = state.line().mark(TimelineState::Kind::internal, where);
    // With no fence of its own the slice waits for the next one that anybody makes.
    const Ticket behind_copy =
        ticket ? *ticket : TimelineControl::ticket(state.line().control, state.line().issued + 1);
    if (auto retired = ring.retire(*slice, behind_copy, where); !retired) return retired;
    if (!ticket) return tl::unexpected(ticket.error());
    done += size;
  }
  return {};
}

Result<void> download(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (bytes.empty()) return state.check_current(where);
  if (auto legal = detail::check_copy(state, buffer, offset_bytes, bytes.size(), where); !legal) return legal;
  if (goes_traditional(state, Access::read, buffer, bytes.size())) {
    detail::order_behind_shaders(state);
    return detail::BufferCalls(state).read(buffer, offset_bytes, bytes.data(), bytes.size(), where);
  }
  const auto kept = kept_ring(context, &TransferRings::down, "pmb download", where);
  if (!kept) return tl::unexpected(kept.error());
  ReadbackRing& ring = **kept;
  // Two pieces are under way: while the CPU copies one out, the GPU fills the other.
  struct Piece {
    PendingReadback pending;
    std::span<std::byte> target;
  };
  std::array<Piece, 2> under_way = {};
  Result<void> outcome = {};
  std::size_t asked = 0;
  std::size_t turn = 0;
  const auto finish = [&](Piece& piece) {
    if (piece.target.empty()) return;
    auto collected = collect(piece.pending, piece.target, state.options.timeout, where);
    if (outcome && !collected) outcome = collected;
    piece = {};
  };
  while (asked < bytes.size() && outcome) {
    finish(under_way[turn]);
    if (!outcome) break;
    const std::size_t size = std::min<std::size_t>(bytes.size() - asked, TransferRings::kPiece);
    auto pending =
        with_a_fence(state, where, [&] { return ring.request(buffer, offset_bytes + asked, size, where); });
    if (!pending) {
      outcome = tl::unexpected(pending.error());
      break;
    }
    if (auto ticket = state.line().mark(TimelineState::Kind::internal, where); !ticket) {
      // With no fence it cannot be waited for; its memory comes back behind the next one.
      static_cast<void>(pending->release(where));
      outcome = tl::unexpected(ticket.error());
      break;
    }
    under_way[turn] = {*pending, bytes.subspan(asked, size)};
    asked += size;
    turn ^= 1;
  }
  finish(under_way[turn]);
  finish(under_way[turn ^ 1]);
  return outcome;
}

}  // namespace pmb
