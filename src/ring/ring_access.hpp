// SPDX-License-Identifier: MIT
// What transfers need to know of slices and readbacks beyond what programs do.
#pragma once

#include <cstdint>
#include <pmb/readback_ring.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>

#include "context/buffer_place.hpp"
#include "context/context_state.hpp"

namespace pmb::detail {

struct SlicePlace {
  std::uint32_t buffer = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Where a published slice lies. Statuses: stale_handle, refused (unpublished), wrong_context (a ring of another
/// context).
Result<SlicePlace> place_of_published(const ContextState& context, const Slice& slice,
                                      std::source_location where) noexcept;

/// As ReadbackRing::request, of a source that was checked.
Result<PendingReadback> request_from(ReadbackRing& ring, const Place& source, std::uint64_t size,
                                     std::source_location where);

/// Says of a readback from acquire() that its writer was issued: any fence from now on stands behind it, pmb's own
/// too.
void note_writer_issued(const PendingReadback& pending) noexcept;

}  // namespace pmb::detail
