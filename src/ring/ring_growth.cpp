// SPDX-License-Identifier: MIT
// How a ring changes its storage: larger where a request finds no room, back to the first size in drain().
#include <algorithm>
#include <utility>

#include "ring/ring_control.hpp"

namespace pmb::detail {

std::uint64_t RingControl::held() const noexcept {
  std::uint64_t bytes = 0;
  for (const RingControl* block = this; block; block = block->older) bytes += block->layout.capacity();
  return bytes;
}

std::uint64_t RingControl::used() const noexcept {
  std::uint64_t bytes = 0;
  for (const RingControl* block = this; block; block = block->older) bytes += block->layout.used();
  return bytes;
}

void RingControl::add_to(RingStats& stats) const noexcept {
  stats.flushes += flushes;
  stats.acquired += (layout.next_key() - first_key) / RingSlot::kStates;
  stats.handed_out_bytes += layout.allocated_total();
}

void RingControl::note_high_water() noexcept {
  // The bytes in use are known no better than the passed serial.
  const std::uint64_t passed = timeline->passed();
  if (passed != observed_at_) counts.high_water_bytes = std::max(counts.high_water_bytes, used());
  observed_at_ = passed;
}

std::uint64_t RingControl::greater_capacity(const Request& request) const noexcept {
  const std::uint64_t most = options.max_capacity_bytes;
  const std::uint64_t now = layout.capacity();
  if (most <= now || request.size > most) return 0;
  const std::uint64_t doubled = now > most / 2 ? most : now * 2;
  return std::max(doubled, request.size);
}

bool RingControl::may_hold(std::uint64_t more) const noexcept {
  const std::uint64_t most = options.max_capacity_bytes;
  return held() <= most || held() - most <= most - more;
}

void RingControl::free_older(std::source_location where) {
  if (!older) return;
  // One poll a mark is enough: what passes later is seen at the next one.
  if (polled_at_ != timeline->issued && timeline->passed() < timeline->issued) {
    polled_at_ = timeline->issued;
    static_cast<void>(timeline->poll(where));
  }
  for (RingControl** link = &older; *link;) {
    RingControl& block = **link;
    if (block.shadow) block.shadow->check_passed(timeline->passed(), where);
    block.layout.reclaim(timeline->passed());
    if (block.layout.records() > 0) {
      link = &block.older;
      continue;
    }
    block.add_to(counts);
    *link = std::exchange(block.older, nullptr);
    block.close_all();
  }
  if (!older) layout.set_slow_path(needs_slow_path());
}

Result<void> RingOwner::drain(std::optional<std::chrono::nanoseconds> timeout, std::source_location where) {
  RingControl* ring = &RingControl::of(control_);
  if (!ring->context) return fail(ErrorId::not_mapped, where);
  if (auto current = ring->context->check_current(where); !current) return current;
  if (ring->layout.capacity() == 0) return ring->stale(RingControl::kNoHandle, where);
  std::uint64_t latest = 0;
  for (RingControl* block = ring; block; block = block->older) {
    if (auto fenced = block->fence_issued(where); !fenced) return pass_on(fenced);
    latest = std::max(latest, block->layout.latest_retired());
  }
  // A readback released before its mark cannot be waited for here.
  TimelineState& timeline = *ring->timeline;
  latest = std::min(latest, timeline.issued);
  if (auto passed = timeline.wait_serial(latest, timeout.value_or(ring->timeout), where); !passed)
    return passed;
  if (ring->shadow) ring->shadow->check_passed(timeline.passed(), where);
  ring->layout.reclaim(timeline.passed());
  ring->growth_failed = false;
  if (ring->initial_capacity < ring->layout.capacity()) {
    const auto first = ring->continue_in(ring->initial_capacity, where);
    if (!first) return pass_on(first);
    ring = *first;
    control_ = ring;
    ++ring->counts.shrinks;
  }
  ring->free_older(where);
  return {};
}

}  // namespace pmb::detail
