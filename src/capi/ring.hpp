// SPDX-License-Identifier: MIT
// What upload and readback rings of pmb.h have in common.
#pragma once

#include "capi/options.hpp"

namespace pmb::capi {

pmb_ring_stats to_c(const RingStats& stats) noexcept;

/// Makes a ring on a buffer that the caller gives away.
template <class Ring>
Result<Ring> create_on(pmb_context* context, pmb_mapped_buffer** buffer, const pmb_ring_options* options,
                       std::source_location where) {
  Context& owner = object(context);
  MappedBuffer& given = object(*not_null(buffer));
  const RingOptions chosen = from_c(checked_or_default(options));
  MappedBuffer taken = std::move(given);
  destroy(buffer);
  return Ring::create_on(owner, std::move(taken), chosen, where);
}

template <class Ring>
Result<void> drain(Ring& ring, std::int64_t timeout_ns, std::source_location where) {
  if (timeout_ns == PMB_RING_TIMEOUT) return ring.drain({}, where);
  return ring.drain(timeout(timeout_ns), where);
}

/// The buffer of a ring, as one that C cannot destroy.
template <class Handle>
const pmb_mapped_buffer* buffer_of(const Handle* ring) noexcept {
  return ring ? reinterpret_cast<const pmb_mapped_buffer*>(&object(ring).mapped_buffer()) : nullptr;
}

}  // namespace pmb::capi
