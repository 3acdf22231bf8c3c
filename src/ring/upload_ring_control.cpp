// SPDX-License-Identifier: MIT
#include "ring/upload_ring_control.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "ring/arena_control.hpp"

namespace pmb::detail {

using detail::RingSlot;

Slice UploadRingControl::hand_out(RingSlot& slot, std::source_location where) {
  if (shadow) {
    shadow->acquired(slot.key(), slot.offset, {bytes_at(slot.offset), static_cast<std::size_t>(slot.size)},
                     where);
  }
  return Slice(this, slot.key());
}

UploadRingControl::Found UploadRingControl::locate(Slice slice) noexcept {
  for (UploadRingControl* block = this; block; block = block->older_one()) {
    if (RingSlot* slot = block->find(slice)) return {block, slot};
  }
  return {};
}

Result<Slice> UploadRingControl::acquire(UploadRingControl*& ring, std::uint64_t size,
                                         std::uint64_t alignment, Wait wait, std::source_location where) {
  if (auto reserved = reserve(ring, std::span(&size, 1), alignment, wait, where); !reserved)
    return pass_on(reserved);
  return ring->hand_out(ring->layout.newest(), where);
}

Result<void> UploadRingControl::acquire(UploadRingControl*& ring, std::span<const std::uint64_t> sizes,
                                        std::span<Slice> slices, std::uint64_t alignment,
                                        std::source_location where) {
  if (slices.size() < sizes.size()) {
    return fail(ErrorId::counts_differ, where, {.numbers = {slices.size(), sizes.size()}});
  }
  if (auto reserved = reserve(ring, sizes, alignment, Wait::bounded, where); !reserved) return reserved;
  std::uint64_t key = ring->layout.next_key() - sizes.size() * RingSlot::kStates;
  for (std::size_t i = 0; i < sizes.size(); ++i, key += RingSlot::kStates) {
    slices[i] = ring->hand_out(*ring->layout.find_live(key), where);
  }
  return {};
}

Result<UploadRingControl::Found> UploadRingControl::check_publish(Slice slice, std::uint64_t used,
                                                                  std::source_location where) {
  const Found found = locate(slice);
  if (!found) return stale(slice.key_, where);
  const RingSlot& slot = *found.slot;
  if (slot.state() != RingSlot::kAcquired) return fail(ErrorId::already_published, where);
  if (used > slot.size) return fail(ErrorId::published_too_much, where, {.numbers = {used, slot.size}});
  return found;
}

void UploadRingControl::flush(std::uint64_t offset, std::uint64_t bytes) noexcept {
  Mapping::of(mapped)->flush(offset, bytes);
  ++meter.flushes;
}

void UploadRingControl::publish_flushed(RingSlot& slot, std::uint64_t used) {
  if (shadow) shadow->published(slot.key(), {bytes_at(slot.offset), static_cast<std::size_t>(used)});
  if (used < slot.size) layout.shorten(slot, used);
  layout.publish(slot, line->issued);
}

Result<void> UploadRingControl::publish(Slice slice, std::uint64_t used, std::source_location where) {
  const auto found = check_publish(slice, used, where);
  if (!found) return pass_on(found);
  UploadRingControl& block = *found->block;
  if (block.explicit_flush && used > 0) {
    if (auto current = context->check_current(where); !current) return current;
    block.flush(found->slot->offset, used);
  }
  block.publish_flushed(*found->slot, used);
  return {};
}

Result<void> UploadRingControl::publish(std::span<const Slice> slices, std::span<const std::uint64_t> used,
                                        std::source_location where) {
  if (!used.empty() && used.size() != slices.size()) {
    return fail(ErrorId::counts_differ, where, {.numbers = {slices.size(), used.size()}});
  }
  // First everything that can be refused. Acquired slots have no serial yet, so that it can tell which of them
  // were here already.
  constexpr std::uint64_t kSeen = UINT64_MAX;
  Result<void> legal = {};
  if (explicit_flush && !slices.empty()) legal = context->check_current(where);
  std::size_t checked = 0;
  for (; checked < slices.size() && legal; ++checked) {
    const auto found = check_publish(slices[checked], used.empty() ? 0 : used[checked], where);
    if (!found) {
      legal = tl::unexpected(found.error());
    } else if (found->slot->serial == kSeen) {
      legal = fail(ErrorId::already_published, where);
    } else {
      found->slot->serial = kSeen;
      continue;
    }
    break;
  }
  for (std::size_t i = 0; i < checked; ++i) locate(slices[i]).slot->serial = 0;
  if (!legal) return legal;

  if (explicit_flush) flush_merged(slices, used);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Found found = locate(slices[i]);
    found.block->publish_flushed(*found.slot, used.empty() ? found.slot->size : used[i]);
  }
  return {};
}

void UploadRingControl::flush_merged(std::span<const Slice> slices,
                                     std::span<const std::uint64_t> used) noexcept {
  // Between two slices that were acquired one right after the other lie bytes that are nobody else's: unused
  // ends and padding. Where they are few they go along.
  const std::uint64_t merged_gap = layout.default_alignment();
  UploadRingControl* block = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t key = 0;  // of the last slice up to which nothing of a stranger's lies behind `begin`
  const auto flush_run = [&] {
    if (begin < end) block->flush(begin, end - begin);
  };
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Found found = locate(slices[i]);
    const RingSlot& slot = *found.slot;
    const std::uint64_t bytes = used.empty() ? slot.size : used[i];
    const bool same_block = found.block == block && begin < end;
    const bool next = same_block && slot.key() == key + RingSlot::kStates && slot.offset >= end;
    if (bytes == 0) {
      if (next) key = slot.key();
      continue;
    }
    const bool joins = same_block && (slot.offset == end || (next && slot.offset - end <= merged_gap));
    if (!joins) {
      flush_run();
      begin = slot.offset;
      block = found.block;
    }
    end = slot.offset + bytes;
    key = slot.key();
  }
  flush_run();
}

Result<void> UploadRingControl::cancel(Slice slice, std::source_location where) {
  const Found found = locate(slice);
  if (!found) return stale(slice.key_, where);
  if (found.slot->state() != RingSlot::kAcquired) return fail(ErrorId::already_published, where);
  if (found.block->shadow) found.block->shadow->cancelled(found.slot->key());
  found.block->layout.drop(*found.slot, 0);
  return {};
}

Result<void> UploadRingControl::check_ticket(Ticket ticket, std::uint64_t published, const RingSlot* slot,
                                             std::source_location where) const noexcept {
  auto legal = line->check(ticket, where);
  if (legal && TimelineControl::serial_of(ticket) <= published) {
    legal = fail(ErrorId::ticket_too_old, where, {.numbers = {ticket.serial(), published >> kSerialShift}});
  }
  if (!legal && shadow && legal.error().id != ErrorId::stale_ticket) {
    shadow->report(legal.error(), slot ? slot->offset : 0, slot ? slot->offset + slot->size : 0,
                   slot ? shadow->acquired_at(slot->key()) : std::source_location());
  }
  return legal;
}

Result<void> UploadRingControl::retire(Slice slice, Ticket ticket, std::source_location where) {
  const Found found = locate(slice);
  if (!found) return stale(slice.key_, where);
  UploadRingControl& block = *found.block;
  RingSlot& slot = *found.slot;
  if (slot.state() != RingSlot::kPublished) {
    if (block.shadow) {
      block.shadow->report(ErrorId::not_published, slot.offset, slot.offset + slot.size,
                           block.shadow->acquired_at(slot.key()), where);
    }
    return fail(ErrorId::not_published, where);
  }
  if (auto legal = block.check_ticket(ticket, slot.serial, &slot, where); !legal) return legal;
  if (block.shadow) block.shadow->retired(slot.key(), TimelineControl::serial_of(ticket));
  block.layout.retire(slot, TimelineControl::serial_of(ticket));
  return {};
}

Result<void> UploadRingControl::retire(Ticket ticket, std::source_location where) {
  if (layout.capacity() == 0) return stale(kNoHandle, where);
  std::uint64_t published = 0;
  for (UploadRingControl* block = this; block; block = block->older_one())
    published = std::max(published, block->layout.published_serial());
  if (auto legal = check_ticket(ticket, published, nullptr, where); !legal) return legal;
  for (UploadRingControl* block = this; block; block = block->older_one()) block->retire_published(ticket);
  return {};
}

Result<void> UploadRingControl::retire_issued(std::source_location where) {
  if (layout.capacity() == 0) return stale(kNoHandle, where);
  // Which slices are meant is one key, as long as none of them is still being filled.
  if (!older && !layout.any_open() && !is_fence_due()) {
    settled_key = layout.next_key();
    return {};
  }
  const auto ticket = line->mark(TimelineState::Kind::internal, where);
  if (!ticket) return pass_on(ticket);
  note_fence();
  settled_key = 0;
  return retire(*ticket, where);
}

void UploadRingControl::retire_published(Ticket ticket) {
  if (shadow) {
    layout.for_each_live([&](const RingSlot& slot) {
      if (slot.state() == RingSlot::kPublished)
        shadow->retired(slot.key(), TimelineControl::serial_of(ticket));
    });
  }
  layout.retire_published(TimelineControl::serial_of(ticket));
}

Result<Arena> UploadRingControl::lend(UploadRingControl*& ring, std::uint64_t size,
                                      std::source_location where) {
  if (size > ArenaControl::kTakenMask) {
    return fail(ErrorId::exceeds_ring, where, {.numbers = {size, ArenaControl::kTakenMask}});
  }
  auto slice = acquire(ring, size, 0, Wait::bounded, where);
  if (!slice) return pass_on(slice);
  auto lent = guarded(where, []() -> Result<ArenaControl*> { return SlotPool<ArenaControl>::take(); });
  if (!lent) {
    static_cast<void>(ring->cancel(*slice, where));
    return pass_on(lent);
  }
  ArenaControl& shared = **lent;
  shared.gaps.clear();
  shared.slice = *slice;
  shared.next = std::exchange(ring->arenas_, &shared);

  const RingSlot& slot = *ring->find(*slice);
  Arena arena;
  arena.control_ = &shared;
  arena.slice_ = *slice;
  arena.tenancy_ = shared.tenancy();
  arena.bytes_ = ring->bytes_at(slot.offset);
  arena.offset_ = slot.offset;
  arena.size_ = size;
  arena.default_alignment_ = ring->layout.default_alignment();
  arena.buffer_ = ring->buffer;
  arena.watched_ = ring->shadow != nullptr;
  return arena;
}

Result<ArenaControl**> UploadRingControl::find_arena(const Arena& arena, std::source_location where) {
  const Found found = locate(arena.slice_);
  if (!found) return stale(arena.slice_.key_, where);
  for (ArenaControl** link = &found.block->arenas_; *link; link = &(*link)->next) {
    if (*link == arena.control_ && (*link)->tenancy() == arena.tenancy_) return link;
  }
  return fail(ErrorId::already_published, where);
}

std::uint64_t UploadRingControl::close_arena(ArenaControl** link, std::source_location where) {
  ArenaControl* const arena = std::exchange(*link, (*link)->next);
  const std::uint64_t taken = arena->close();
  if (shadow) {
    // Whoever still takes a piece is done with its gap by then.
    const std::lock_guard lock(arena->gaps_lock);
    const RingSlot& slot = *find(arena->slice);
    for (const ArenaControl::Gap& gap : arena->gaps) {
      std::uint64_t begin = gap.end;
      std::uint64_t end = gap.begin;
      for (std::uint64_t at = gap.begin; at < gap.end; ++at) {
        if (*bytes_at(slot.offset + at) == ArenaControl::canary(at)) continue;
        begin = std::min(begin, at);
        end = at + 1;
      }
      if (begin >= end) continue;
      shadow->report(ErrorId::arena_piece_overrun, slot.offset + begin, slot.offset + end,
                     shadow->acquired_at(slot.key()), where);
    }
  }
  arena->slice = {};
  SlotPool<ArenaControl>::give_back(arena);
  return taken;
}

Result<Slice> UploadRingControl::publish(const Arena& arena, std::source_location where) {
  const auto link = find_arena(arena, where);
  if (!link) return pass_on(link);
  if (explicit_flush) {
    if (auto current = context->check_current(where); !current) return pass_on(current);
  }
  const std::uint64_t taken = locate(arena.slice_).block->close_arena(*link, where);
  if (auto published = publish(arena.slice_, taken, where); !published) {
    return pass_on(published);
  }
  return arena.slice_;
}

Result<void> UploadRingControl::cancel(const Arena& arena, std::source_location where) {
  const auto link = find_arena(arena, where);
  if (!link) return pass_on(link);
  locate(arena.slice_).block->close_arena(*link, where);
  return cancel(arena.slice_, where);
}

void UploadRingControl::make_inert() noexcept {
  for (ArenaControl* arena = std::exchange(arenas_, nullptr); arena;) {
    ArenaControl* const closed = std::exchange(arena, arena->next);
    closed->close();
    closed->slice = {};
    SlotPool<ArenaControl>::give_back(closed);
  }
  RingControl::make_inert();
}

RingControl* UploadRingControl::take_another() const {
  return SlotPool<UploadRingControl>::take();
}

void UploadRingControl::give_back() noexcept {
  SlotPool<UploadRingControl>::give_back(this);
}

void UploadRingControl::inspect_at_mark(std::source_location where) {
  if (shadow) shadow->inspect_unpublished(where);
}

}  // namespace pmb::detail
