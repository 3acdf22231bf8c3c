// SPDX-License-Identifier: MIT
// The slow path of acquire: reserve() takes a slice where there is room, make_room() reclaims, polls, fences and waits,
// grow_or_wait() decides for rings that may grow.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "context/mapping.hpp"
#include "ring/ring_control.hpp"

namespace pmb::detail {

namespace {

constexpr std::uint64_t kGreatestAlignment = std::uint64_t{1} << 40;

bool same_place(const std::source_location& a, const std::source_location& b) noexcept {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

}  // namespace

Result<RingSlot*> RingControl::reserve(RingHot*& hot, std::uint64_t size, std::uint64_t alignment, Wait wait,
                                       std::source_location where) {
  RingControl* ring = &of(hot);
  if (auto usable = ring->check_usable(where); !usable) return pass_on(usable);
  if (ring->older) {
    if (auto current = ring->context->check_current(where); !current) return pass_on(current);
    ring->free_older(where);
  }
  if (!ring->layout.reserve_ahead(size, alignment)) {
    if (alignment == 0) alignment = ring->layout.default_alignment();
    const std::uint64_t capacity = ring->layout.capacity();
    const bool grows = capacity != 0 && ring->options.max_capacity_bytes > capacity;
    Request request = {size, alignment, grows ? Wait::no : wait, where, Deadline(ring->timeout)};
    auto room = ring->make_room(request);
    // Larger storage serves what the present one cannot.
    const Status answer = room ? Status::ok : room.error().status;
    if (grows && (answer == Status::would_block || answer == Status::too_large)) {
      request.wait = wait;
      room = grow_or_wait(ring, request, room.error());
      hot = ring;
    }
    if (!room) {
      if (room.error().status == Status::would_block) ++ring->counts.would_blocks;
      return pass_on(room);
    }
  }
  ring->note_high_water();
  RingSlot& slot = ring->layout.newest();
  if (ring->shadow) {
    const std::uint64_t guard_end = std::min(RingLayout::align_up(ring->layout.newest_end(), kCacheLine),
                                             ring->mapped.offset_bytes() + ring->mapped.size_bytes());
    // Validation keeps a copy of the bytes.
    const auto watched = guarded(where, [&]() -> Result<void> {
      ring->shadow->acquired(slot, guard_end, ring->timeline->issued >> kSerialShift, where);
      return {};
    });
    if (!watched) {
      ring->drop(slot, 0);
      return pass_on(watched);
    }
  }
  return &slot;
}

RingAnswer RingControl::reserve_bytes(const Request& request) noexcept {
  if (has_guards && layout.used() + request.size <= capacity() / 4 &&
      layout.reserve(request.size + kCacheLine, request.alignment) == RingAnswer::ok) {
    layout.newest().size = request.size;
    return RingAnswer::ok;
  }
  return layout.reserve(request.size, request.alignment);
}

void RingControl::drop(RingSlot& slot, std::uint64_t serial) noexcept {
  if (shadow) shadow->forget(slot.key());
  layout.drop(slot, serial);
}

Result<void> RingControl::check_request(const Request& request) const {
  if (auto current = context->check_current(request.where); !current) return current;
  if (layout.capacity() == 0) return stale(kNoHandle, request.where);
  if (request.size == 0) return fail(ErrorId::zero_size, request.where);
  if (request.alignment > kGreatestAlignment) {
    return fail(ErrorId::bad_alignment, request.where, {.numbers = {request.alignment, kGreatestAlignment}});
  }
  if (request.size > std::min(layout.greatest_slice(request.alignment), capacity())) {
    return fail(ErrorId::exceeds_ring, request.where, {.numbers = {request.size, capacity()}});
  }
  return {};
}

Result<void> RingControl::make_room(Request& request) {
  if (auto legal = check_request(request); !legal) return legal;
  for (bool polled = false;;) {
    if (shadow) shadow->check_passed(timeline->passed(), request.where);
    layout.reclaim(timeline->passed());
    if (orphans && layout.records() != 0 && layout.all_retired()) orphan(request.where);
    const RingAnswer answer = reserve_bytes(request);
    if (answer == RingAnswer::ok) return {};

    const RingLayout::Oldest oldest = layout.oldest();
    if (oldest.live) {
      const auto fenced = fence_issued(request.where);
      if (!fenced) return pass_on(fenced);
      if (*fenced) continue;
    } else if (!polled) {
      if (auto known = timeline->poll(request.where); !known) return known;
      polled = true;
      continue;
    }
    if (orphans && !layout.any_live()) {
      orphan(request.where);
      continue;
    }
    counts.high_water_bytes = std::max(counts.high_water_bytes, used());
    if (oldest.live) return blocked_by(*oldest.live, answer, request);
    // Released before its mark was made: only the program can make that mark.
    if (oldest.serial > timeline->issued) return fail(ErrorId::never_marked, request.where);
    if (request.wait == Wait::no)
      return fail(ErrorId::ring_full_in_flight, request.where, {.numbers = {layout.records()}});
    if (auto passed = wait_until(oldest.serial, request); !passed) return passed;
  }
}

Result<void> RingControl::blocked_by(const RingSlot& oldest, RingAnswer answer, const Request& request) {
  ErrorId id = answer == RingAnswer::slots_full ? ErrorId::ring_slots_full : ErrorId::ring_full_unretired;
  if (oldest.state() == RingSlot::kAcquired) {
    id = kind == RingKind::upload ? ErrorId::ring_full_unpublished : ErrorId::ring_full_unreleased;
  }
  const Error error =
      make_error(id, request.where, {.numbers = {oldest.size, oldest.offset, layout.slot_count()}});
  // A caller that does not wait expects a full ring.
  if (shadow && request.wait == Wait::bounded) shadow->report_once(oldest.key(), error);
  return tl::unexpected(error);
}

Result<void> RingControl::grow_or_wait(RingControl*& ring, Request& request, const Error& full) {
  const bool never_fits = full.status == Status::too_large;
  const std::uint64_t capacity = ring->greater_capacity(request);
  // A request that fits only into larger storage waits until the cap leaves room beside the older storage.
  while (never_fits && capacity != 0 && !ring->may_hold(capacity)) {
    if (auto waited = ring->wait_for_older(request); !waited) return waited;
  }
  if (capacity != 0 && ring->may_hold(capacity) && (never_fits || !ring->growth_failed)) {
    auto larger = ring->continue_in(capacity, request.where);
    if (larger) {
      ring = *larger;
      ++ring->counts.growths;
      return ring->make_room(request);
    }
    ring->growth_failed = true;
    ring->context->log(LogLevel::warning, [&] {
      return "ring '" + std::string(ring->mapped.label()) + "' cannot grow: " + larger.error().message();
    });
    if (never_fits) return pass_on(larger);
  }
  if (never_fits || request.wait == Wait::no) return tl::unexpected(full);
  return ring->make_room(request);
}

Result<void> RingControl::wait_until(std::uint64_t serial, Request& request) {
  const std::chrono::nanoseconds left = request.deadline.left();
  const auto began = Deadline::Clock::now();
  auto passed = timeline->wait_serial(serial, left, request.where);
  note_wait(request, Deadline::Clock::now() - began);
  request.waited = true;
  return passed;
}

void RingControl::report_slow(const Request& request, std::chrono::nanoseconds time) noexcept {
  if (!shadow || time < context->options.long_wait) return;
  const auto place = std::ranges::find_if(slow_places_, [&](const std::source_location& known) {
    return known.line() == 0 || same_place(known, request.where);
  });
  if (place == slow_places_.end() || place->line() != 0) return;
  *place = request.where;
  Report report = Mapping::of(mapped)->report(ErrorId::long_wait, 0, capacity(), request.where);
  report.numbers[0] = static_cast<std::uint64_t>(time.count());
  context->report(report);
}

void RingControl::note_wait(const Request& request, std::chrono::nanoseconds time) noexcept {
  report_slow(request, time);
  counts.waited += time;
  if (!request.waited) ++counts.waits;
  auto& stalls = counts.stalls;
  auto place = std::find_if(stalls.begin(), stalls.end(), [&](const RingStall& stall) {
    return stall.waits == 0 || same_place(stall.where, request.where);
  });
  if (place == stalls.end()) {
    place = std::min_element(stalls.begin(), stalls.end(),
                             [](const RingStall& a, const RingStall& b) { return a.waited < b.waited; });
    if (place->waited >= time) return;
    *place = {};
  }
  if (place->waits == 0 || !request.waited) ++place->waits;
  place->where = request.where;
  place->waited += time;
}

Result<void> RingControl::wait_for_older(Request& request) {
  RingControl* stuck = nullptr;
  for (RingControl* block = older; block; block = block->older) {
    if (auto fenced = block->fence_issued(request.where); !fenced) return pass_on(fenced);
    const RingLayout::Oldest oldest = block->layout.oldest();
    if (oldest.live) stuck = block;
    if (oldest.live || oldest.serial > timeline->issued) continue;
    if (request.wait == Wait::no) {
      return fail(ErrorId::ring_full_in_flight, request.where, {.numbers = {block->layout.records()}});
    }
    auto passed = wait_until(oldest.serial, request);
    if (passed) free_older(request.where);
    return passed;
  }
  if (!stuck) return fail(ErrorId::never_marked, request.where);
  return stuck->blocked_by(*stuck->layout.oldest().live, RingAnswer::full, request);
}

Result<bool> RingControl::fence_issued(std::source_location where) noexcept {
  if (issued_end == 0) return false;
  bool any = false;
  const auto for_issued = [&](auto&& visit) {
    layout.for_each_live([&](RingSlot& slot) {
      if (slot.state() == RingSlot::kPublished && slot.key() < issued_end) visit(slot);
    });
  };
  for_issued([&](RingSlot&) { any = true; });
  if (any) {
    const auto ticket = timeline->mark(TimelineState::Kind::internal, where);
    if (!ticket) return pass_on(ticket);
    const std::uint64_t serial = TimelineControl::serial_of(*ticket);
    for_issued([&](RingSlot& slot) {
      if (shadow) shadow->retired(slot.key(), serial);
      layout.retire(slot, serial);
    });
    note_fence();
  }
  issued_end = 0;
  return any;
}

void RingControl::note_fence() noexcept {
  fenced_bytes = layout.allocated_total();
  fenced_key = layout.next_key();
}

bool RingControl::is_fence_due() const noexcept {
  const std::uint64_t slices = (layout.next_key() - fenced_key) / RingSlot::kStates;
  return worth_a_fence(layout.allocated_total() - fenced_bytes, layout.capacity()) ||
         worth_a_fence(slices, layout.slot_count());
}

void RingControl::orphan(std::source_location where) {
  // Every reader was issued before its mark, and keeps the storage that it was issued with.
  if (shadow) shadow->check_all(where);
  Mapping::of(mapped)->orphan();
  layout.restart();
}

}  // namespace pmb::detail
