// SPDX-License-Identifier: MIT
// Slices from publish to retire: the slow path, which flushes, validates, sees older storage, and returns every error.
#include <algorithm>
#include <pmb/upload_ring.hpp>
#include <utility>

#include "context/mapping.hpp"
#include "ring/ring_control.hpp"

namespace pmb {
namespace detail {

RingControl::Found RingControl::locate(Slice slice) noexcept {
  for (RingControl* block = this; block; block = block->older) {
    if (slice.control_ == block) return {block, block->layout.find_live(slice.key_)};
  }
  return {};
}

Result<RingControl::Found> RingControl::check_publish(Slice slice, std::uint64_t used,
                                                      std::source_location where) {
  const Found found = locate(slice);
  if (!found.slot) return stale(kNoHandle, where);
  const RingSlot& slot = *found.slot;
  if (slot.state() != RingSlot::kAcquired)
    return found.block->misuse(make_error(ErrorId::already_published, where), slot);
  if (used > slot.size) return fail(ErrorId::published_too_much, where, {.numbers = {used, slot.size}});
  return found;
}

Result<BufferPlace> RingControl::place_of_published(const ContextState& context, const Slice& slice,
                                                    std::source_location where) noexcept {
  if (!slice.control_) return fail(ErrorId::stale_slice, where);
  const RingControl& ring = of(slice.control_);
  const RingSlot* slot = slice.live_slot();
  if (!slot) return ring.stale(slice.key_, where);
  if (ring.context.get() != &context) return fail(ErrorId::other_context_current, where);
  if (slot->state() != RingSlot::kPublished) return fail(ErrorId::not_published, where);
  return BufferPlace{.buffer = ring.buffer, .offset = slot->offset};
}

Result<MappedPlace> RingControl::mapped_place(const Slice& slice, std::source_location where) noexcept {
  if (!slice.control_) return fail(ErrorId::stale_slice, where);
  const RingControl& ring = of(slice.control_);
  const RingSlot* slot = slice.live_slot();
  if (!slot) return ring.stale(slice.key_, where);
  Mapping* const mapping = Mapping::of(ring.mapped);
  return MappedPlace{.mapping = mapping, .offset = slot->offset - mapping->map_offset};
}

void RingControl::share(const Slice& slice) noexcept {
  const RingControl& ring = of(slice.control_);
  if (ring.shadow) ring.shadow->shared(slice.key_);
}

}  // namespace detail

using detail::RingControl;
using detail::RingKind;
using detail::RingSlot;

namespace {

void flush(RingControl& block, std::uint64_t offset, std::uint64_t bytes) noexcept {
  detail::Mapping::of(block.mapped)->flush(offset, bytes);
  ++block.flushes;
}

/// Flushes slices with one call for each run that may be flushed together.
void flush_merged(RingControl& ring, std::span<const Slice> slices,
                  std::span<const std::uint64_t> used) noexcept {
  // Slices acquired one right after the other have only unused tails and padding between them. A flush may cover that
  // gap, and does if it is small.
  const std::uint64_t merged_gap = ring.layout.default_alignment();
  RingControl* block = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t key = 0;  // the last slice of the run
  const auto flush_run = [&] {
    if (begin < end) flush(*block, begin, end - begin);
  };
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const RingControl::Found found = ring.locate(slices[i]);
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

/// All of a publish except the flush.
void publish_flushed(const RingControl::Found& found, std::uint64_t used, std::source_location where) {
  auto& [block, slot] = found;
  if (used < slot->size) block->layout.shorten(*slot, used);
  const std::uint64_t issued = block->timeline->issued;
  if (block->shadow) block->shadow->published(*slot, issued >> detail::kSerialShift, where);
  block->layout.publish(*slot, issued);
}

/// Ok if `ticket` is of this timeline and was marked after `published`, the last mark before a publish.
Result<void> check_ticket(const RingControl& ring, Ticket ticket, std::uint64_t published,
                          const RingSlot& slot, std::source_location where) noexcept {
  auto legal = ring.timeline->check(ticket, where);
  if (legal && detail::TimelineControl::serial_of(ticket) <= published) {
    legal = fail(ErrorId::ticket_too_old, where,
                 {.numbers = {ticket.serial(), published >> detail::kSerialShift}});
  }
  if (!legal && legal.error().id != ErrorId::stale_ticket) return ring.misuse(legal.error(), slot);
  return legal;
}

}  // namespace

void Slice::note_given_to_gl(std::source_location where) const noexcept {
  RingControl& ring = RingControl::of(control_);
  // The records of validation belong to the context's thread.
  if (!ring.check_usable(where)) return;
  if (live_slot()) {
    ring.shadow->given_to_gl(key_);
  } else {
    static_cast<void>(ring.stale(key_, where));
  }
}

Result<UploadRing> UploadRing::create(Context& context, const RingOptions& options,
                                      std::source_location where) {
  return RingControl::create(context, options, RingKind::upload, where).map([](RingControl* ring) {
    return UploadRing(ring);
  });
}

Result<UploadRing> UploadRing::create_on(Context& context, MappedBuffer buffer, const RingOptions& options,
                                         std::source_location where) {
  return RingControl::create_on(context, std::move(buffer), options, RingKind::upload, where)
      .map([](RingControl* ring) { return UploadRing(ring); });
}

Result<Slice> UploadRing::acquire_slowly(std::uint64_t size_bytes, std::uint64_t alignment, bool may_wait,
                                         std::source_location where) {
  const auto wait = may_wait ? RingControl::Wait::bounded : RingControl::Wait::no;
  return RingControl::reserve(control_, size_bytes, alignment, wait, where).map([this](RingSlot* slot) {
    return Slice(control_, slot->key());
  });
}

Result<void> UploadRing::publish_slowly(Slice slice, std::uint64_t used_bytes, std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return usable;
  const auto found = ring.check_publish(slice, used_bytes, where);
  if (!found) return pass_on(found);
  if (found->block->explicit_flush && used_bytes > 0) {
    if (auto current = ring.context->check_current(where); !current) return current;
    flush(*found->block, found->slot->offset, used_bytes);
  }
  publish_flushed(*found, used_bytes, where);
  return {};
}

Result<void> UploadRing::publish(std::span<const Slice> slices, std::span<const std::uint64_t> used_bytes,
                                 std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  Result<void> legal = ring.check_usable(where);
  if (!legal) return legal;
  if (!used_bytes.empty() && used_bytes.size() != slices.size()) {
    return fail(ErrorId::counts_differ, where, {.numbers = {slices.size(), used_bytes.size()}});
  }
  if (ring.explicit_flush && !slices.empty()) legal = ring.context->check_current(where);
  std::size_t chosen = 0;
  while (legal && chosen < slices.size()) {
    const auto found = ring.check_publish(slices[chosen], used_bytes.empty() ? 0 : used_bytes[chosen], where);
    if (!found) {
      legal = pass_on(found);
    } else if (found->slot->chosen) {
      legal = found->block->misuse(make_error(ErrorId::already_published, where), *found->slot);
    } else {
      found->slot->chosen = true;
      ++chosen;
    }
  }
  for (const Slice& slice : slices.first(chosen)) ring.locate(slice).slot->chosen = false;
  if (!legal) return legal;

  if (ring.explicit_flush) flush_merged(ring, slices, used_bytes);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const RingControl::Found found = ring.locate(slices[i]);
    publish_flushed(found, used_bytes.empty() ? found.slot->size : used_bytes[i], where);
  }
  return {};
}

Result<void> UploadRing::cancel(Slice slice, std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return usable;
  const auto [block, slot] = ring.locate(slice);
  if (!slot) return ring.stale(RingControl::kNoHandle, where);
  if (slot->state() != RingSlot::kAcquired)
    return block->misuse(make_error(ErrorId::already_published, where), *slot);
  if (block->shadow) block->shadow->inspect_at_end(slot->key(), where);
  block->drop(*slot, 0);
  return {};
}

Result<void> UploadRing::retire_slowly(Slice slice, Ticket ticket, std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return usable;
  const auto [block, slot] = ring.locate(slice);
  if (!slot) return ring.stale(RingControl::kNoHandle, where);
  if (slot->state() != RingSlot::kPublished)
    return block->misuse(make_error(ErrorId::not_published, where), *slot);
  if (auto legal = check_ticket(*block, ticket, slot->serial, *slot, where); !legal) return legal;
  if (block->shadow) block->shadow->retired(slot->key(), ticket.serial_);
  block->layout.retire(*slot, ticket.serial_);
  return {};
}

Result<void> UploadRing::retire_slowly(Ticket ticket, std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return usable;
  if (ring.layout.capacity() == 0) return ring.stale(RingControl::kNoHandle, where);
  std::uint64_t published = 0;
  for (const RingControl* block = &ring; block; block = block->older)
    published = std::max(published, block->layout.published_serial());
  if (auto legal = check_ticket(ring, ticket, published, {}, where); !legal) return legal;
  for (RingControl* block = &ring; block; block = block->older) {
    if (block->shadow) {
      block->layout.for_each_live([&](const RingSlot& slot) {
        if (slot.state() == RingSlot::kPublished) block->shadow->retired(slot.key(), ticket.serial_);
      });
    }
    block->layout.retire_published(ticket.serial_);
  }
  return {};
}

Result<void> UploadRing::retire_issued(std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return usable;
  if (ring.layout.capacity() == 0) return ring.stale(RingControl::kNoHandle, where);
  // While no slice is being filled, one key says which slices are meant.
  if (!ring.older && !ring.layout.any_open() && !ring.is_fence_due()) {
    ring.issued_end = ring.layout.next_key();
    return {};
  }
  const auto ticket = ring.timeline->mark(detail::TimelineState::Kind::internal, where);
  if (!ticket) return pass_on(ticket);
  ring.note_fence();
  ring.issued_end = 0;
  return retire(*ticket, where);
}

}  // namespace pmb
