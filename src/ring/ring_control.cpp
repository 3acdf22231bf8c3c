// SPDX-License-Identifier: MIT
#include "ring/ring_control.hpp"

#include <algorithm>
#include <bit>

#include "context/mapping.hpp"

namespace pmb::detail {

using detail::RingAnswer;
using detail::RingSlot;

namespace {

constexpr std::uint64_t kBytesPerDefaultSlot = 256;
constexpr std::uint64_t kMinSlots = 16;
constexpr std::uint64_t kMaxDefaultSlots = 16384;
constexpr std::uint64_t kGreatestAlignment = std::uint64_t{1} << 40;

}  // namespace

Result<void> RingControl::open(std::shared_ptr<ContextState> state, MappedBuffer given,
                               const RingOptions& given_options, std::source_location where) {
  // First of all, so that close() clears up wherever this ends.
  context = std::move(state);
  mapped = std::move(given);
  const std::uint64_t first = mapped.offset_bytes();
  const std::uint64_t size = mapped.size_bytes();
  // A slice takes a cache line at least.
  const std::uint64_t most = std::max(kMinSlots, size / detail::kCacheLine + 1);
  const std::uint64_t wanted = given_options.max_slices != 0
                                   ? given_options.max_slices
                                   : std::clamp(size / kBytesPerDefaultSlot, kMinSlots, kMaxDefaultSlots);
  const Limits& limits = context->gl.limits;
  const std::uint64_t alignment =
      std::bit_ceil(std::max({detail::kCacheLine, limits.uniform_offset_alignment,
                              limits.storage_offset_alignment, limits.texture_offset_alignment}));
  const bool attended = mapped.model() == Model::explicit_flush || context->validating();
  if (!layout.reset(first, first + size, static_cast<std::uint32_t>(std::min(wanted, most)), attended,
                    alignment)) {
    return fail(ErrorId::out_of_host_memory, where);
  }
  const Mapping& mapping = *Mapping::of(mapped);
  base = mapping.pointer - first;
  buffer = mapping.buffer;
  explicit_flush = mapping.explicit_flush;
  orphans = mapping.plan.path == Path::orphaned;
  line = &context->timeline();
  issued = &line->issued;
  timeline = line->control;
  timeout = given_options.timeout.value_or(context->options.timeout);
  first_key = layout.next_key();
  options = given_options;
  options.label = {};  // the buffer keeps a copy
  growth = {.initial = size};
  settled_key = fenced_at = 0;
  fenced_key = first_key;
  meter = {};
  older = nullptr;
  asked_at_ = seen_at_ = 0;
  if (context->validating()) {
    shadow = std::make_unique<RingShadow>(*context, mapping.label, mapping.buffer, mapping.readable);
    watched = true;
  }
  context->registry.add(*this);
  return {};
}

void RingControl::close() noexcept {
  if (!context) return;
  if (shadow && mapped.is_mapped()) {
    const std::source_location where = Mapping::of(mapped)->created_at;
    std::uint64_t begin = UINT64_MAX;
    std::uint64_t end = 0;
    layout.for_each_live([&](const RingSlot& slot) {
      if (slot.state() == RingSlot::kPublished && slot.key() < settled_key) return;
      begin = std::min(begin, slot.offset);
      end = std::max(end, slot.offset + slot.size);
    });
    if (begin < end) shadow->report(ErrorId::destroyed_with_live_slices, begin, end, where, where);
  }
  context->registry.remove(*this);
  make_inert();
  layout.release();
  shadow.reset();
  watched = false;
  mapped = MappedBuffer();
  line = nullptr;
  issued = nullptr;
  timeline = nullptr;
  context.reset();
}

void RingControl::make_inert() noexcept {
  // With its GL context gone or lost the mapping may be gone too, and is not looked at any more.
  const bool readable = mapped.is_mapped() && context->is_current();
  if (shadow && readable) shadow->settle_all(Mapping::of(mapped)->created_at);
  layout.clear();
  base = nullptr;
  buffer = 0;
  // No ticket is taken any more.
  timeline = nullptr;
}

Result<void> RingControl::check_request(std::uint64_t size, std::uint64_t alignment,
                                        std::source_location where) const {
  if (!context) return stale(kNoHandle, where);
  if (auto current = context->check_current(where); !current) return current;
  if (layout.capacity() == 0) return stale(kNoHandle, where);
  if (size == 0) return fail(ErrorId::zero_size, where);
  if (alignment > kGreatestAlignment) {
    return fail(ErrorId::bad_alignment, where, {.numbers = {alignment, kGreatestAlignment}});
  }
  if (size > layout.greatest_slice(alignment)) {
    return fail(ErrorId::exceeds_ring, where, {.numbers = {size, layout.capacity()}});
  }
  return {};
}

Result<void> RingControl::reserve_all(std::span<const std::uint64_t> sizes, std::uint64_t alignment,
                                      Wait wait, Deadline& deadline, std::source_location where) {
  if (sizes.size() > layout.slot_count() && layout.capacity() != 0) {
    return fail(ErrorId::exceeds_records, where, {.numbers = {sizes.size(), layout.slot_count()}});
  }
  for (bool from_start = false;; from_start = true) {
    const detail::RingLayout::Place start = layout.place();
    Result<void> reserved = {};
    std::uint64_t total = 0;
    for (const std::uint64_t size : sizes) {
      if (!layout.reserve_ahead(size, alignment)) {
        reserved = reserve_one(size, alignment, wait, deadline, where);
      }
      if (!reserved) break;
      total += size;
    }
    if (reserved) return reserved;
    const std::uint64_t own = layout.reserved_since(start);
    const bool own_in_the_way =
        own > 0 && layout.records() == own && reserved.error().status == Status::would_block;
    layout.rewind(start);
    if (!own_in_the_way) return reserved;
    // Nothing but these slices was left in the ring. Laid out from its start they may still fit.
    if (from_start) return fail(ErrorId::exceeds_ring, where, {.numbers = {total, layout.capacity()}});
    layout.reclaim(line->passed());
  }
}

Result<void> RingControl::reserve_one(std::uint64_t size, std::uint64_t alignment, Wait wait,
                                      Deadline& deadline, std::source_location where) {
  if (alignment == 0) alignment = layout.default_alignment();
  if (auto legal = check_request(size, alignment, where); !legal) return legal;
  for (bool polled = false, waited = false;;) {
    if (shadow) shadow->settle(line->passed(), where);
    layout.reclaim(line->passed());
    if (orphans && layout.records() != 0 && layout.all_retired()) orphan(where);
    const RingAnswer answer = layout.reserve(size, alignment);
    if (answer == RingAnswer::ok) return {};

    const detail::RingLayout::Oldest oldest = layout.oldest();
    if (!oldest.live && !polled) {
      if (auto learnt = line->poll(where); !learnt) return learnt;
      polled = true;
      continue;
    }
    if (oldest.live) {
      const auto fenced = fence_settled(where);
      if (!fenced) return pass_on(fenced);
      if (*fenced) continue;
    }
    if (orphans && !layout.any_live()) {
      orphan(where);
      continue;
    }
    ErrorId blocked = ErrorId::none;
    if (oldest.live) {
      blocked = answer == RingAnswer::slots_full ? ErrorId::ring_slots_full : ErrorId::ring_full_unretired;
    } else if (oldest.serial > line->issued) {
      // Released before its mark was made: only the program can make it.
      blocked = ErrorId::never_marked;
    } else if (wait == Wait::no) {
      blocked = ErrorId::ring_full_in_flight;
    }
    note_use(used());
    if (blocked != ErrorId::none) {
      const std::uint64_t count =
          blocked == ErrorId::ring_slots_full ? layout.slot_count() : layout.records();
      return fail(blocked, where, {.numbers = {count}});
    }
    const std::uint64_t serial = oldest.serial;
    const auto began = Clock::now();
    const auto passed = line->wait_serial(serial, deadline.left(began), where);
    meter.add_wait(where, Clock::now() - began, waited);
    waited = true;
    if (!passed) return passed;
  }
}

Result<bool> RingControl::fence_settled(std::source_location where) noexcept {
  if (settled_key == 0) return false;
  bool any = false;
  const auto for_settled = [&](auto&& visit) {
    layout.for_each_live([&](RingSlot& slot) {
      if (slot.state() == RingSlot::kPublished && slot.key() < settled_key) visit(slot);
    });
  };
  for_settled([&](RingSlot&) { any = true; });
  if (any) {
    const auto ticket = line->mark(TimelineState::Kind::internal, where);
    if (!ticket) return pass_on(ticket);
    const std::uint64_t serial = TimelineControl::serial_of(*ticket);
    for_settled([&](RingSlot& slot) {
      if (shadow) shadow->retired(slot.key(), serial);
      layout.retire(slot, serial);
    });
    note_fence();
  }
  settled_key = 0;
  return any;
}

void RingControl::orphan(std::source_location where) {
  // Every reader was issued before its mark, and keeps the storage that it was issued with.
  if (shadow) shadow->settle_all(where);
  Mapping::of(mapped)->orphan();
  layout.restart();
}

tl::unexpected<Error> RingControl::stale(std::uint64_t key, std::source_location where) const noexcept {
  if (context) {
    if (context->lost) return tl::unexpected(context->loss(where));
    // A handle of an earlier tenant has nothing to do with the ring that lives here now.
    const bool ours = key >= first_key;
    context->report({.id = ErrorId::stale_slice,
                     .label = ours ? mapped.label() : std::string_view(),
                     .buffer = ours ? buffer : 0,
                     .noticed_at = where});
  }
  return fail(ErrorId::stale_slice, where);
}

RingStats RingControl::stats() const noexcept {
  RingStats stats;
  stats.capacity_bytes = layout.capacity();
  stats.held_bytes = held();
  for (const RingControl* block = this; block; block = block->older) {
    auto& slices = const_cast<detail::RingLayout&>(block->layout);
    slices.for_each_live([&](const RingSlot&) { ++stats.live_slices; });
    stats.acquired += (slices.next_key() - block->first_key) / RingSlot::kStates;
    stats.handed_out_bytes += slices.travelled();
    if (block != this) stats.flushes += block->meter.flushes;
  }
  meter.write(stats);
  return stats;
}

}  // namespace pmb::detail
