// SPDX-License-Identifier: MIT
#include "ring/upload_ring_control.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "ring/arena_control.hpp"

namespace pmb::detail {

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

Result<Slice> UploadRingControl::acquire(RingControl*& ring, std::uint64_t size, std::uint64_t alignment,
                                         Wait wait, std::source_location where) {
  const auto slot = reserve(ring, size, alignment, wait, where);
  if (!slot) return pass_on(slot);
  return static_cast<UploadRingControl*>(ring)->hand_out(**slot, where);
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
  ++counts.flushes;
}

void UploadRingControl::publish_flushed(RingSlot& slot, std::uint64_t used) {
  if (shadow) {
    shadow->published(slot.key(), {bytes_at(slot.offset), static_cast<std::size_t>(used)},
                      timeline->issued >> kSerialShift);
  }
  if (used < slot.size) layout.shorten(slot, used);
  layout.publish(slot, timeline->issued);
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
  Result<void> legal = {};
  if (explicit_flush && !slices.empty()) legal = context->check_current(where);
  std::size_t chosen = 0;
  while (legal && chosen < slices.size()) {
    const auto found = check_publish(slices[chosen], used.empty() ? 0 : used[chosen], where);
    if (!found) {
      legal = pass_on(found);
    } else if (found->slot->chosen) {
      legal = fail(ErrorId::already_published, where);
    } else {
      found->slot->chosen = true;
      ++chosen;
    }
  }
  for (const Slice& slice : slices.first(chosen)) locate(slice).slot->chosen = false;
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
  // Slices acquired one right after the other have only unused tails and padding between them. A flush may cover that
  // gap, and does if it is small.
  const std::uint64_t merged_gap = layout.default_alignment();
  UploadRingControl* block = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t key = 0;  // the last slice of the run
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
  if (found.block->shadow) found.block->shadow->forget(found.slot->key());
  found.block->layout.drop(*found.slot, 0);
  return {};
}

Result<void> UploadRingControl::check_ticket(Ticket ticket, std::uint64_t published, const RingSlot* slot,
                                             std::source_location where) const noexcept {
  auto legal = timeline->check(ticket, where);
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
  // While no slice is being filled, one key says which slices are meant.
  if (!older && !layout.any_open() && !is_fence_due()) {
    issued_end = layout.next_key();
    return {};
  }
  const auto ticket = timeline->mark(TimelineState::Kind::internal, where);
  if (!ticket) return pass_on(ticket);
  note_fence();
  issued_end = 0;
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

Result<Arena> UploadRingControl::lend(RingControl*& ring, std::uint64_t size, std::source_location where) {
  if (size > ArenaControl::kTakenMask) {
    return fail(ErrorId::exceeds_ring, where, {.numbers = {size, ArenaControl::kTakenMask}});
  }
  auto slice = acquire(ring, size, 0, Wait::bounded, where);
  if (!slice) return pass_on(slice);
  auto& lender = static_cast<UploadRingControl&>(*ring);
  auto taken = guarded(where, []() -> Result<ArenaControl*> { return SlotPool<ArenaControl>::take(); });
  if (!taken) {
    static_cast<void>(lender.cancel(*slice, where));
    return pass_on(taken);
  }
  ArenaControl& shared = **taken;
  shared.gaps.clear();
  shared.slice = *slice;
  shared.next = std::exchange(lender.arenas_, &shared);

  const RingSlot& slot = *lender.find(*slice);
  Arena arena;
  arena.control_ = &shared;
  arena.slice_ = *slice;
  arena.generation_ = shared.generation();
  arena.bytes_ = lender.bytes_at(slot.offset);
  arena.offset_ = slot.offset;
  arena.size_ = size;
  arena.default_alignment_ = lender.layout.default_alignment();
  arena.buffer_ = lender.buffer;
  arena.watched_ = lender.shadow != nullptr;
  return arena;
}

Result<ArenaControl**> UploadRingControl::find_arena(const Arena& arena, std::source_location where) {
  const Found found = locate(arena.slice_);
  if (!found) return stale(arena.slice_.key_, where);
  for (ArenaControl** link = &found.block->arenas_; *link; link = &(*link)->next) {
    if (*link == arena.control_ && (*link)->generation() == arena.generation_) return link;
  }
  return fail(ErrorId::already_published, where);
}

std::uint64_t UploadRingControl::close_arena(ArenaControl** link, std::source_location where) {
  ArenaControl* const arena = std::exchange(*link, (*link)->next);
  const std::uint64_t taken = arena->close();
  if (shadow) {
    // The lock waits for a thread that still writes its gap.
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

const RingKind UploadRingControl::kKind = {
    .access = Access::sequential_write,
    .unusable = Access::read,
    .error = ErrorId::not_writable,
    .full_error = ErrorId::ring_full_unpublished,
    .take = []() -> RingControl* { return SlotPool<UploadRingControl>::take(); }};

void UploadRingControl::give_back() noexcept {
  SlotPool<UploadRingControl>::give_back(this);
}

void UploadRingControl::inspect_at_mark(std::source_location where) {
  if (shadow) shadow->inspect_at_mark(timeline->issued >> kSerialShift, issued_end, where);
}

}  // namespace pmb::detail
