// SPDX-License-Identifier: MIT
#include <pmb/arena.hpp>

#include "capi/border.hpp"

using namespace pmb::capi;

pmb_status pmb_upload_ring_lend(pmb_upload_ring* ring, int64_t size_bytes, pmb_arena** arena) {
  return answer(arena, [&](auto where) { return object(ring).lend(number(size_bytes), where); });
}

pmb_status pmb_upload_ring_publish_arena(pmb_upload_ring* ring, const pmb_arena* arena, pmb_slice* slice) {
  return answer(slice, [&](auto where) { return object(ring).publish(object(arena), where); });
}

pmb_status pmb_upload_ring_cancel_arena(pmb_upload_ring* ring, const pmb_arena* arena) {
  return answer([&](auto where) { return object(ring).cancel(object(arena), where); });
}

void pmb_arena_destroy(pmb_arena** arena) {
  destroy(arena);
}

pmb_status pmb_arena_take(const pmb_arena* arena, int64_t size_bytes, int64_t alignment,
                          pmb_arena_piece* piece) {
  return answer([&](auto) {
    if (number(size_bytes) == 0) throw Misuse{pmb::ErrorId::zero_size};
    not_null(piece);
    const auto taken = object(arena).take(number(size_bytes), number(alignment));
    if (!taken) throw Misuse{pmb::ErrorId::arena_full, {number(size_bytes)}};
    *piece = {taken->bytes.data(), to_c(taken->bytes.size()), to_c(taken->offset_bytes), taken->buffer};
  });
}

void pmb_arena_finish(void) {
  pmb::Arena::finish();
}

int64_t pmb_arena_taken_bytes(const pmb_arena* arena) {
  return answer_or(arena, int64_t{0}, [](const pmb::Arena& owner) { return to_c(owner.taken_bytes()); });
}

int64_t pmb_arena_size_bytes(const pmb_arena* arena) {
  return answer_or(arena, int64_t{0}, [](const pmb::Arena& owner) { return to_c(owner.size_bytes()); });
}
