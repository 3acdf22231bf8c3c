// SPDX-License-Identifier: MIT
#include <pmb/readback_ring.hpp>

#include "capi/ring.hpp"

using namespace pmb::capi;

pmb_status pmb_readback_ring_create(pmb_context* context, const pmb_ring_options* options,
                                    pmb_readback_ring** ring) {
  return answer(ring, [&](auto where) {
    return pmb::ReadbackRing::create(object(context), from_c(checked(options)), where);
  });
}

pmb_status pmb_readback_ring_create_on(pmb_context* context, pmb_mapped_buffer** buffer,
                                       const pmb_ring_options* options, pmb_readback_ring** ring) {
  return answer(ring,
                [&](auto where) { return create_on<pmb::ReadbackRing>(context, buffer, options, where); });
}

void pmb_readback_ring_destroy(pmb_readback_ring** ring) {
  destroy(ring);
}

pmb_status pmb_readback_ring_request(pmb_readback_ring* ring, pmb_buffer_target buffer, int64_t offset_bytes,
                                     int64_t size_bytes, pmb_pending_readback* pending) {
  return answer(pending, [&](auto where) {
    return object(ring).request(from_c(buffer), number(offset_bytes), number(size_bytes), where);
  });
}

pmb_status pmb_readback_ring_acquire(pmb_readback_ring* ring, int64_t size_bytes, int64_t alignment,
                                     pmb_pending_readback* pending) {
  return answer(pending, [&](auto where) {
    return object(ring).acquire(number(size_bytes), number(alignment), where);
  });
}

pmb_status pmb_readback_ring_drain(pmb_readback_ring* ring, int64_t timeout_ns) {
  return answer([&](auto where) { return drain(object(ring), timeout_ns, where); });
}

pmb_status pmb_readback_ring_stats(const pmb_readback_ring* ring, pmb_ring_stats* stats) {
  return answer([&](auto) { fill(stats, to_c(object(ring).stats())); });
}

const pmb_mapped_buffer* pmb_readback_ring_mapped_buffer(const pmb_readback_ring* ring) {
  return buffer_of(ring);
}

pmb_status pmb_pending_readback_try_view(pmb_pending_readback pending, pmb_read_view* view) {
  return answer(view, [&](auto where) { return from_c(pending).try_view(where); });
}

pmb_status pmb_pending_readback_wait(pmb_pending_readback pending, int64_t timeout_ns, pmb_read_view* view) {
  return answer(view, [&](auto where) { return from_c(pending).wait(timeout(timeout_ns), where); });
}

pmb_status pmb_pending_readback_copy_to(pmb_pending_readback pending, void* target, int64_t target_bytes,
                                        int64_t timeout_ns) {
  return answer([&](auto where) {
    return from_c(pending).copy_to(bytes_of(target, target_bytes), timeout(timeout_ns), where);
  });
}

pmb_status pmb_pending_readback_release(pmb_pending_readback pending) {
  return answer([&](auto where) { return from_c(pending).release(where); });
}

uint32_t pmb_pending_readback_buffer(pmb_pending_readback pending) {
  return from_c(pending).buffer();
}

int64_t pmb_pending_readback_offset_bytes(pmb_pending_readback pending) {
  return to_c(from_c(pending).offset_bytes());
}

int64_t pmb_pending_readback_size_bytes(pmb_pending_readback pending) {
  return to_c(from_c(pending).size_bytes());
}

bool pmb_pending_readback_is_live(pmb_pending_readback pending) {
  return from_c(pending).is_live();
}

pmb_ticket pmb_pending_readback_ticket(pmb_pending_readback pending) {
  return to_c(from_c(pending).ticket());
}
