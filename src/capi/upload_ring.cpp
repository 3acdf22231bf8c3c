// SPDX-License-Identifier: MIT
#include <pmb/upload_ring.hpp>

#include "capi/ring.hpp"

namespace pmb::capi {

pmb_ring_stats to_c(const RingStats& stats) noexcept {
  pmb_ring_stats filled = {.struct_bytes = sizeof(pmb_ring_stats),
                           .capacity_bytes = to_c(stats.capacity_bytes),
                           .held_bytes = to_c(stats.held_bytes),
                           .live_slices = to_c(stats.live_slices),
                           .acquired = to_c(stats.acquired),
                           .handed_out_bytes = to_c(stats.handed_out_bytes),
                           .high_water_bytes = to_c(stats.high_water_bytes),
                           .flushes = to_c(stats.flushes),
                           .waits = to_c(stats.waits),
                           .would_blocks = to_c(stats.would_blocks),
                           .growths = to_c(stats.growths),
                           .shrinks = to_c(stats.shrinks),
                           .waited_ns = to_c(stats.waited),
                           .recommended_capacity_bytes = to_c(stats.recommended_capacity_bytes),
                           .stalls = {}};
  static_assert(RingStats::kPlaces == std::extent_v<decltype(filled.stalls)>);
  std::ranges::transform(stats.stalls, filled.stalls, [](const RingStall& stall) {
    return pmb_ring_stall{function_at(stall.where), to_c(stall.waits), to_c(stall.waited)};
  });
  return filled;
}

namespace {

/// The bytes of a slice that is being filled.
std::span<std::byte> fillable(Slice slice) {
  const std::span<std::byte> bytes = slice.raw_bytes();
  if (bytes.empty()) throw Misuse{slice.is_live() ? ErrorId::already_published : ErrorId::stale_slice};
  return bytes;
}

}  // namespace

/// Acquire, publish and retire of one slice: the hot path as UploadRing inlines it. Misuse and everything slow are other
/// functions, so that these need no stack frame.
struct HotPath {
  static pmb_status acquire(pmb_upload_ring* ring, std::int64_t size, std::int64_t alignment,
                            pmb_slice* slice, std::source_location where) noexcept {
    if (!ring || !slice) [[unlikely]]
      return acquire_slowly(ring, size, alignment, slice, where);
    if (alignment < 0) [[unlikely]]
      return acquire_slowly(ring, size, alignment, slice, where);
    detail::RingHot* const hot = object_or_null(ring)->control_;
    // A negative size is more than any ring has.
    if (!hot->layout.reserve_ahead(static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(alignment)))
        [[unlikely]]
      return acquire_slowly(ring, size, alignment, slice, where);
    *slice = to_c(Slice(hot, hot->layout.newest_key()));
    return PMB_OK;
  }

  static pmb_status publish(pmb_upload_ring* ring, Slice slice, std::int64_t used,
                            std::source_location where) noexcept {
    if (!ring || used < 0) [[unlikely]]
      return refuse(ring, used, where);
    return status_of(object_or_null(ring)->publish(slice, static_cast<std::uint64_t>(used), where));
  }

  static pmb_status retire(pmb_upload_ring* ring, Slice slice, Ticket ticket,
                           std::source_location where) noexcept {
    if (!ring) [[unlikely]]
      return refuse(ring, 0, where);
    return status_of(object_or_null(ring)->retire(slice, ticket, where));
  }

 private:
  [[gnu::noinline]] static pmb_status acquire_slowly(pmb_upload_ring* ring, std::int64_t size,
                                                     std::int64_t alignment, pmb_slice* slice,
                                                     std::source_location where) noexcept {
    return answer(
        slice, [&](auto) { return object(ring).acquire(number(size), number(alignment), where); }, where);
  }

  [[gnu::noinline]] static pmb_status refuse(pmb_upload_ring* ring, std::int64_t used,
                                             std::source_location where) noexcept {
    return answer(
        [&](auto) {
          not_null(ring);
          number(used);
        },
        where);
  }

  static pmb_status status_of(const Result<void>& result) noexcept {
    return result ? PMB_OK : remember(result.error());
  }
};

}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_upload_ring_create(pmb_context* context, const pmb_ring_options* options,
                                  pmb_upload_ring** ring) {
  return answer(ring, [&](auto where) {
    return pmb::UploadRing::create(object(context), from_c(checked(options)), where);
  });
}

pmb_status pmb_upload_ring_create_on(pmb_context* context, pmb_mapped_buffer** buffer,
                                     const pmb_ring_options* options, pmb_upload_ring** ring) {
  return answer(ring,
                [&](auto where) { return create_on<pmb::UploadRing>(context, buffer, options, where); });
}

void pmb_upload_ring_destroy(pmb_upload_ring** ring) {
  destroy(ring);
}

pmb_status pmb_upload_ring_acquire(pmb_upload_ring* ring, int64_t size_bytes, int64_t alignment,
                                   pmb_slice* slice) {
  return HotPath::acquire(ring, size_bytes, alignment, slice, std::source_location::current());
}

pmb_status pmb_upload_ring_try_acquire(pmb_upload_ring* ring, int64_t size_bytes, int64_t alignment,
                                       pmb_slice* slice) {
  return answer(slice, [&](auto where) {
    return object(ring).try_acquire(number(size_bytes), number(alignment), where);
  });
}

pmb_status pmb_upload_ring_publish(pmb_upload_ring* ring, pmb_slice slice, int64_t used_bytes) {
  return HotPath::publish(ring, from_c(slice), used_bytes, std::source_location::current());
}

pmb_status pmb_upload_ring_retire(pmb_upload_ring* ring, pmb_slice slice, pmb_ticket ticket) {
  return HotPath::retire(ring, from_c(slice), from_c(ticket), std::source_location::current());
}

pmb_status pmb_upload_ring_retire_all(pmb_upload_ring* ring, pmb_ticket ticket) {
  return answer([&](auto where) { return object(ring).retire(from_c(ticket), where); });
}

pmb_status pmb_upload_ring_retire_issued(pmb_upload_ring* ring) {
  return answer([&](auto where) { return object(ring).retire_issued(where); });
}

pmb_status pmb_upload_ring_publish_many(pmb_upload_ring* ring, const pmb_slice* slices, int64_t count,
                                        const int64_t* used_bytes) {
  return answer([&](auto where) {
    pmb::UploadRing& owner = object(ring);
    std::vector<pmb::Slice> chosen;
    chosen.reserve(number(count));
    for (const pmb_slice& slice : values_of(slices, count)) chosen.push_back(from_c(slice));
    std::vector<std::uint64_t> used;
    if (used_bytes) std::ranges::transform(values_of(used_bytes, count), std::back_inserter(used), number);
    return owner.publish(chosen, used, where);
  });
}

pmb_status pmb_upload_ring_cancel(pmb_upload_ring* ring, pmb_slice slice) {
  return answer([&](auto where) { return object(ring).cancel(from_c(slice), where); });
}

pmb_status pmb_upload_ring_drain(pmb_upload_ring* ring, int64_t timeout_ns) {
  return answer([&](auto where) { return drain(object(ring), timeout_ns, where); });
}

pmb_status pmb_upload_ring_stats(const pmb_upload_ring* ring, pmb_ring_stats* stats) {
  return answer([&](auto) { fill(stats, to_c(object(ring).stats())); });
}

const pmb_mapped_buffer* pmb_upload_ring_mapped_buffer(const pmb_upload_ring* ring) {
  return buffer_of(ring);
}

void* pmb_slice_raw_bytes(pmb_slice slice) {
  return from_c(slice).raw_bytes().data();
}

int64_t pmb_slice_size_bytes(pmb_slice slice) {
  return to_c(from_c(slice).size_bytes());
}

uint32_t pmb_slice_buffer(pmb_slice slice) {
  return from_c(slice).buffer(std::source_location::current());
}

int64_t pmb_slice_offset_bytes(pmb_slice slice) {
  return to_c(from_c(slice).offset_bytes(std::source_location::current()));
}

bool pmb_slice_is_live(pmb_slice slice) {
  return from_c(slice).is_live();
}

pmb_status pmb_slice_copy_from(pmb_slice slice, int64_t offset_bytes, const void* bytes, int64_t size_bytes) {
  return answer([&](auto) {
    const auto source = bytes_of(bytes, size_bytes);
    const std::uint64_t first = number(offset_bytes);
    const std::size_t room = fillable(from_c(slice)).size();
    if (!from_c(slice).copy_from(source, first)) {
      throw Misuse{pmb::ErrorId::range_outside, {first, first + source.size(), room}};
    }
  });
}

pmb_status pmb_slice_fill(pmb_slice slice, uint8_t value) {
  return answer([&](auto) { std::ranges::fill(fillable(from_c(slice)), std::byte{value}); });
}
