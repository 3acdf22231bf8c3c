// SPDX-License-Identifier: MIT
// Slices of the ring that transfers keep for the way up: filled by one thread, sent, and used again as soon as may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "gl/context_state.hpp"
#include "stream/known_target.hpp"

namespace pmb::detail {

/// Copies one published slice to its place and hands it back behind the next fence that anybody makes; makes one
/// itself each time that `fence_every` bytes went without, so that the ring comes back in parts. What shaders stored
/// before is in order already.
Result<void> send(ContextState& state, UploadRing& ring, Slice slice, const Place& place,
                  std::uint64_t fence_every, std::source_location where);

/// Bytes between two fences of transfers that use much of the ring.
std::uint64_t quarter_of(const UploadRing& ring) noexcept;

/// A whole upload in one slice, by this thread. Where the GPU keeps up, the ring starts over after
/// TransferRings::kLapBytes, and the copy stays inside the caches.
Result<void> upload_in_one(ContextState& state, UploadRing& ring, const Place& place,
                           std::span<const std::byte> bytes, std::source_location where);

}  // namespace pmb::detail
