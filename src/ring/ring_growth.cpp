// SPDX-License-Identifier: MIT
// How a ring goes from one storage to another: larger where a request finds no room, smaller after quiet rounds.
#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "ring/ring_control.hpp"

namespace pmb::detail {

namespace {

/// Of a failed growth: tries double in distance up to this.
constexpr std::uint32_t kMostDoublings = 10;

/// Where the slices would end if they were laid out from the start of an empty ring; UINT64_MAX if that is beyond
/// every size.
std::uint64_t laid_out(std::span<const std::uint64_t> sizes, std::uint64_t alignment) noexcept {
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 62;
  std::uint64_t end = 0;
  for (const std::uint64_t size : sizes) {
    const std::uint64_t begin = detail::RingLayout::align_up(end, alignment);
    if (begin > kBeyond || size > kBeyond) return UINT64_MAX;
    end = begin + size;
  }
  return end;
}

bool wants_more_room(const Result<void>& reserved) noexcept {
  if (reserved) return false;
  switch (reserved.error().id) {
    case ErrorId::ring_full_unretired:
    case ErrorId::ring_full_in_flight:
    case ErrorId::ring_slots_full:
    case ErrorId::never_marked:
    case ErrorId::exceeds_ring:
    case ErrorId::exceeds_records:
      return true;
    default:
      return false;
  }
}

}  // namespace

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

void RingControl::note_use(std::uint64_t bytes) noexcept {
  meter.high_water = std::max(meter.high_water, bytes);
  growth.round_high = std::max(growth.round_high, bytes);
}

void RingControl::observe() noexcept {
  // What is in use is known no better than what has passed.
  if (line->passed() != seen_at_) note_use(used());
  seen_at_ = line->passed();
  if (layout.travelled() - growth.round_start < layout.capacity()) return;
  growth.round_start = layout.travelled();
  if (growth.round_high > layout.capacity() / 4) {
    growth.quiet_rounds = 0;
    growth.quiet_high = 0;
  } else if (growth.round_high > 0) {
    ++growth.quiet_rounds;
    growth.quiet_high = std::max(growth.quiet_high, growth.round_high);
  }
  growth.round_high = 0;
}

std::uint64_t RingControl::greater_capacity(std::span<const std::uint64_t> sizes,
                                            std::uint64_t alignment) const noexcept {
  const std::uint64_t most = options.max_capacity_bytes;
  const std::uint64_t now = layout.capacity();
  if (alignment == 0) alignment = layout.default_alignment();
  const std::uint64_t needed = laid_out(sizes, alignment);
  if (most <= now || needed > most) return 0;
  const std::uint64_t doubled = now > most / 2 ? most : now * 2;
  return std::max(doubled, needed);
}

bool RingControl::may_hold(std::uint64_t more) const noexcept {
  const std::uint64_t most = options.max_capacity_bytes;
  return held() <= most || held() - most <= most - more;
}

Result<void> RingControl::wait_for_older(Wait wait, Deadline& deadline, std::source_location where) {
  std::uint64_t records = 0;
  for (RingControl* block = older; block; block = block->older) {
    if (auto fenced = block->fence_settled(where); !fenced) return pass_on(fenced);
    const detail::RingLayout::Oldest oldest = block->layout.oldest();
    records += block->layout.records();
    if (oldest.live || oldest.serial > line->issued) continue;
    if (wait == Wait::no) return fail(ErrorId::ring_full_in_flight, where, {.numbers = {records}});
    const auto began = Clock::now();
    const auto passed = line->wait_serial(oldest.serial, deadline.left(began), where);
    meter.add_wait(where, Clock::now() - began, false);
    if (passed) settle_older(where);
    return passed;
  }
  return fail(ErrorId::ring_full_unretired, where, {.numbers = {records}});
}

Result<RingControl*> RingControl::go_on_with(std::uint64_t capacity, std::size_t records,
                                             std::source_location where) {
  return guarded(where, [&]() -> Result<RingControl*> {
    auto memory = make_memory(context,
                              {.size_bytes = capacity,
                               .access = mapped.access(),
                               .label = mapped.label(),
                               .model = options.model,
                               .prefault = options.prefault},
                              Memory::any, where);
    if (!memory) return pass_on(memory);
    // Records keep their proportion to the bytes, where the caller chose it.
    RingOptions next_options = options;
    std::uint64_t slots = options.max_slices;
    if (slots != 0)
      slots = std::max<std::uint64_t>(1, slots * (capacity / 1024 + 1) / (layout.capacity() / 1024 + 1));
    if (slots != 0 || records > layout.slot_count()) slots = std::max<std::uint64_t>(slots, records);
    next_options.max_slices =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(slots, std::numeric_limits<std::uint32_t>::max()));

    struct Close {
      void operator()(RingControl* block) const noexcept { block->close_all(); }
    };
    std::unique_ptr<RingControl, Close> next(take_another());
    if (auto opened = next->open(context, std::move(*memory), next_options, where); !opened) {
      return pass_on(opened);
    }
    next->layout.attend(true);
    next->growth = {.initial = growth.initial};
    next->meter = meter;
    meter = {};
    next->older = this;
    return next.release();
  });
}

void RingControl::settle_older(std::source_location where) {
  if (!older) return;
  // Asked once a mark; what has passed by itself is known at the next one.
  if (asked_at_ != line->issued && line->passed() < line->issued) {
    asked_at_ = line->issued;
    static_cast<void>(line->poll(where));
  }
  for (RingControl** link = &older; *link;) {
    RingControl& block = **link;
    if (block.shadow) block.shadow->settle(line->passed(), where);
    block.layout.reclaim(line->passed());
    if (block.layout.records() > 0) {
      link = &block.older;
      continue;
    }
    meter.flushes += block.meter.flushes;
    meter.acquired += (block.layout.next_key() - block.first_key) / detail::RingSlot::kStates;
    meter.handed_out += block.layout.travelled();
    *link = std::exchange(block.older, nullptr);
    block.close_all();
  }
  if (!older) layout.attend(always_attended());
}

void RingControl::close_all() noexcept {
  for (RingControl* block = this; block;) {
    RingControl* const next = std::exchange(block->older, nullptr);
    block->close();
    block->give_back();
    block = next;
  }
}

Result<void> RingControl::reserve_in(RingControl*& ring, std::span<const std::uint64_t> sizes,
                                     std::uint64_t alignment, Wait wait, std::source_location where) {
  if (!ring->context) return ring->stale(kNoHandle, where);
  if (ring->older) {
    if (auto current = ring->context->check_current(where); !current) return current;
    ring->settle_older(where);
  }
  const RingGrowth& quiet = ring->growth;
  if (quiet.quiet_rounds >= RingGrowth::kQuietRounds && !ring->older) {
    const std::uint64_t enough = std::max(quiet.initial, quiet.quiet_high * 2);
    if (enough < ring->layout.capacity() && ring->context->check_current(where)) {
      if (auto smaller = ring->go_on_with(enough, 0, where)) {
        ring = *smaller;
        ++ring->meter.shrinks;
        ring->settle_older(where);
      }
    }
    ring->growth.quiet_rounds = 0;
    ring->growth.quiet_high = 0;
  }

  Deadline deadline = {ring->timeout};
  const bool grows =
      ring->options.max_capacity_bytes > ring->layout.capacity() && ring->layout.capacity() != 0;
  auto reserved = ring->reserve_all(sizes, alignment, grows ? Wait::no : wait, deadline, where);
  if (grows && wants_more_room(reserved)) {
    const bool never_fits = reserved.error().status == Status::too_large;
    const std::uint64_t capacity = ring->greater_capacity(sizes, alignment);
    // What only larger storage can hold waits until there may be some beside the older.
    while (never_fits && capacity != 0 && !ring->may_hold(capacity)) {
      reserved = ring->wait_for_older(wait, deadline, where);
      if (reserved) continue;
      if (reserved.error().status == Status::would_block) ++ring->meter.would_blocks;
      return reserved;
    }
    bool grown = false;
    if (capacity != 0 && ring->may_hold(capacity) && (never_fits || ring->growth.holding_off == 0)) {
      auto larger = ring->go_on_with(capacity, sizes.size(), where);
      if (larger) {
        grown = true;
        ring = *larger;
        ++ring->meter.growths;
      } else {
        const std::uint32_t failures = std::min(++ring->growth.failures, kMostDoublings);
        ring->growth.holding_off = 1U << failures;
        ring->context->log(LogLevel::warning, [&] {
          return "ring '" + std::string(ring->mapped.label()) + "' cannot grow: " + larger.error().message();
        });
        if (never_fits) return pass_on(larger);
      }
    } else if (capacity != 0) {
      --ring->growth.holding_off;
    }
    if (grown || (wait == Wait::bounded && !never_fits)) {
      reserved = ring->reserve_all(sizes, alignment, wait, deadline, where);
    }
  }
  if (!reserved && reserved.error().status == Status::would_block) ++ring->meter.would_blocks;
  if (reserved) ring->observe();
  return reserved;
}

Result<void> RingControl::drain_all(RingControl*& ring, std::optional<std::chrono::nanoseconds> timeout,
                                    std::source_location where) {
  if (!ring->context) return ring->stale(kNoHandle, where);
  if (auto current = ring->context->check_current(where); !current) return current;
  if (ring->layout.capacity() == 0) return ring->stale(kNoHandle, where);
  std::uint64_t latest = 0;
  for (RingControl* block = ring; block; block = block->older) {
    if (auto fenced = block->fence_settled(where); !fenced) return pass_on(fenced);
  }
  for (const RingControl* block = ring; block; block = block->older)
    latest = std::max(latest, block->layout.latest_retired());
  // What was released before its mark waits for that; nobody else can.
  latest = std::min(latest, ring->line->issued);
  if (auto passed = ring->line->wait_serial(latest, timeout.value_or(ring->timeout), where); !passed)
    return passed;
  if (ring->shadow) ring->shadow->settle(ring->line->passed(), where);
  ring->layout.reclaim(ring->line->passed());
  ring->growth.failures = ring->growth.holding_off = 0;
  if (ring->growth.initial < ring->layout.capacity()) {
    auto first = ring->go_on_with(ring->growth.initial, 0, where);
    if (!first) return pass_on(first);
    ring = *first;
    ++ring->meter.shrinks;
  }
  ring->settle_older(where);
  return {};
}

}  // namespace pmb::detail
