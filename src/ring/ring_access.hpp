// SPDX-License-Identifier: MIT
// Access to slices and readbacks that transfers need and programs do not.
#pragma once

#include <cstdint>
#include <pmb/readback_ring.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"

namespace pmb::detail {

/// The place of a published slice. Statuses: stale_handle, refused (unpublished), wrong_context (a ring of another
/// context).
Result<BufferPlace> place_of_published(const ContextState& context, const Slice& slice,
                                       std::source_location where) noexcept;

/// As ReadbackRing::request, without checking the source.
Result<PendingReadback> request_from(ReadbackRing& ring, const BufferPlace& source, std::uint64_t size,
                                     std::source_location where);

/// The writer of a readback from acquire() was issued: the next fence, an internal one too, is after it.
void note_writer_issued(const PendingReadback& pending) noexcept;

}  // namespace pmb::detail
