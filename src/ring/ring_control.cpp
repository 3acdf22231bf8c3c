// SPDX-License-Identifier: MIT
#include "ring/ring_control.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/fail.hpp"
#include "context/mapping.hpp"

namespace pmb::detail {

namespace {

constexpr std::uint64_t kMinSlots = 16;
constexpr std::uint64_t kRounding = 64 << 10;  // of a recommended capacity
// Smaller rings have no guards: a few cache lines more would hide that such a ring is full.
constexpr std::uint64_t kLeastGuarded = 64 << 10;
// Advice on the capacity needs some traffic.
constexpr std::uint64_t kEnoughSlices = 256;

/// One for each cache line of small rings, and one for each 256 bytes of large ones.
std::uint64_t default_slots(std::uint64_t ring_bytes) noexcept {
  const std::uint64_t lines = std::min<std::uint64_t>(ring_bytes / kCacheLine, 4096);
  return std::clamp<std::uint64_t>(ring_bytes / 256, std::max(kMinSlots, lines), 16384);
}

/// True for rings that get guards under validation: those that never grow, so that storage for guards takes nothing of
/// a cap.
bool wants_guards(const ContextState& context, const RingOptions& options, Access access) noexcept {
  return context.validating() && access == Access::sequential_write && options.max_capacity_bytes == 0 &&
         options.capacity_bytes >= kLeastGuarded && options.capacity_bytes <= UINT32_MAX;
}

Result<MappedBuffer> make_ring_memory(const std::shared_ptr<ContextState>& context,
                                      const RingOptions& options, Access access, std::source_location where) {
  // Guards follow slices only in the first quarter of the capacity, so they take an eighth of it at most.
  const std::uint64_t guards =
      wants_guards(*context, options, access) ? options.capacity_bytes / 8 + 2 * kCacheLine : 0;
  return make_memory(context,
                     {.size_bytes = options.capacity_bytes + guards,
                      .access = access,
                      .label = options.label,
                      .model = options.model,
                      .prefault = options.prefault},
                     Memory::any, where);
}

}  // namespace

Result<RingControl*> RingControl::create(Context& context, const RingOptions& options, RingKind kind,
                                         std::source_location where) {
  const Access access = kind == RingKind::upload ? Access::sequential_write : Access::read;
  const std::shared_ptr<ContextState> state = ContextState::share(context);
  auto buffer = make_ring_memory(state, options, access, where);
  if (!buffer) return pass_on(buffer);
  auto ring = create_on(context, std::move(*buffer), options, kind, where);
  if (ring) (*ring)->has_guards = wants_guards(*state, options, access);
  return ring;
}

Result<RingControl*> RingControl::create_on(Context& context, MappedBuffer buffer, const RingOptions& options,
                                            RingKind kind, std::source_location where) {
  const std::shared_ptr<ContextState> state = ContextState::share(context);
  if (auto current = state->check_current(where); !current) return pass_on(current);
  if (!buffer.is_mapped()) return fail(ErrorId::not_mapped, where);
  const Mapping& mapping = *Mapping::of(buffer);
  if (kind == RingKind::upload && !mapping.writable) return fail(ErrorId::not_writable, where);
  if (kind == RingKind::readback && !mapping.readable) return fail(ErrorId::not_readable, where);
  if (mapping.context != state) return fail(ErrorId::other_context_current, where);
  return make(state, std::move(buffer), options, kind, where);
}

Result<RingControl*> RingControl::make(std::shared_ptr<ContextState> state, MappedBuffer buffer,
                                       const RingOptions& options, RingKind kind,
                                       std::source_location where) {
  const auto close = [](RingControl* ring) { ring->close_all(); };
  return guarded(where, [&]() -> Result<RingControl*> {
    std::unique_ptr<RingControl, decltype(close)> ring(SlotPool<RingControl>::take(), close);
    ring->kind = kind;
    if (auto opened = ring->open(std::move(state), std::move(buffer), options, where); !opened)
      return pass_on(opened);
    return ring.release();
  });
}

Result<RingControl*> RingControl::continue_in(std::uint64_t capacity, std::source_location where) {
  return guarded(where, [&]() -> Result<RingControl*> {
    RingOptions next_options = options;
    next_options.capacity_bytes = capacity;
    next_options.label = mapped.label();
    auto memory = make_ring_memory(context, next_options, mapped.plan().access, where);
    if (!memory) return pass_on(memory);
    // A number of records that the caller chose keeps its proportion to the bytes.
    if (options.max_slices != 0) {
      const std::uint64_t slots = options.max_slices * (capacity / 1024 + 1) / (layout.capacity() / 1024 + 1);
      next_options.max_slices = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(slots, 1, UINT32_MAX));
    }
    const auto made = make(context, std::move(*memory), next_options, kind, where);
    if (!made) return made;
    RingControl& next = **made;
    next.layout.set_slow_path(true);
    next.initial_capacity = initial_capacity;
    next.counts = std::exchange(counts, {});
    next.older = this;
    return &next;
  });
}

Result<void> RingControl::open(std::shared_ptr<ContextState> state, MappedBuffer given,
                               const RingOptions& given_options, std::source_location where) {
  // These two first, so that close() cleans up after every error.
  context = std::move(state);
  mapped = std::move(given);
  const Mapping& mapping = *Mapping::of(mapped);
  explicit_flush = mapping.explicit_flush;
  orphans = mapping.plan.path == Path::orphaned;
  const std::uint64_t first = mapped.offset_bytes();
  const std::uint64_t size = mapped.size_bytes();
  // A slice takes a cache line at least.
  const std::uint64_t most = std::max(kMinSlots, size / kCacheLine + 1);
  const std::uint64_t wanted = given_options.max_slices != 0 ? given_options.max_slices : default_slots(size);
  const Limits& limits = context->gl.limits;
  const std::uint64_t alignment =
      std::bit_ceil(std::max({kCacheLine, limits.uniform_offset_alignment, limits.storage_offset_alignment,
                              limits.texture_offset_alignment}));
  if (!layout.reset(first, first + size, static_cast<std::uint32_t>(std::min(wanted, most)),
                    needs_slow_path(), alignment)) {
    return fail(ErrorId::out_of_host_memory, where);
  }
  timeline = &context->timeline();
  issued = &timeline->issued;
  ticket_source = timeline->control;
  base = mapping.pointer - first;
  buffer = mapping.buffer;
  timeout = given_options.timeout.value_or(context->options.timeout);
  options = given_options;
  options.label = {};  // the buffer keeps a copy
  initial_capacity = size;
  has_guards = growth_failed = false;
  slow_places_ = {};
  counts = {};
  flushes = 0;
  older = nullptr;
  first_key = layout.next_key();
  issued_end = polled_at_ = observed_at_ = 0;
  note_fence();
  if (context->validating()) {
    shadow = std::make_unique<RingShadow>(mapping, kind == RingKind::upload);
  }
  context->registry.add(*this);
  return {};
}

void RingControl::close_all() noexcept {
  for (RingControl* block = this; block;) {
    RingControl* const next = std::exchange(block->older, nullptr);
    block->close();
    SlotPool<RingControl>::give_back(block);
    block = next;
  }
}

void RingControl::close() noexcept {
  if (!context) return;
  if (shadow && mapped.is_mapped() && context->advises_on_capacity) report_capacity();
  if (shadow && mapped.is_mapped()) {
    const RingSlot* oldest = nullptr;
    std::uint64_t begin = UINT64_MAX;
    std::uint64_t end = 0;
    layout.for_each_live([&](const RingSlot& slot) {
      if (slot.state() == RingSlot::kPublished && slot.key() < issued_end) return;
      if (!oldest) oldest = &slot;
      begin = std::min(begin, slot.offset);
      end = std::max(end, slot.offset + slot.size);
    });
    if (oldest) {
      const std::source_location created_at = Mapping::of(mapped)->created_at;
      shadow->report(make_error(ErrorId::destroyed_with_live_slices, created_at), oldest->key(),
                     {begin, end});
    }
  }
  context->registry.remove(*this);
  make_inert();
  layout.release();
  shadow.reset();
  mapped = MappedBuffer();
  timeline = nullptr;
  issued = nullptr;
  ticket_source = nullptr;
  context.reset();
}

void RingControl::make_inert() noexcept {
  close_arenas();
  // Without its GL context the mapping may be gone, and must not be read.
  const bool readable = mapped.is_mapped() && context->is_current();
  if (shadow && readable) shadow->check_all(Mapping::of(mapped)->created_at);
  if (shadow) shadow->forget_all();
  layout.clear();
  base = nullptr;
  buffer = 0;
  ticket_source = nullptr;  // no ticket is accepted any more
}

tl::unexpected<Error> RingControl::stale(std::uint64_t key, std::source_location where) const noexcept {
  if (context) {
    if (context->lost) return tl::unexpected(context->loss(where));
    // A handle of an earlier owner has nothing to do with this ring.
    const bool ours = key >= first_key;
    context->report({.id = ErrorId::stale_slice,
                     .label = ours ? mapped.label() : std::string_view(),
                     .buffer = ours ? buffer : 0,
                     .noticed_at = where});
  }
  return fail(ErrorId::stale_slice, where);
}

tl::unexpected<Error> RingControl::misuse(const Error& error, const RingSlot& slot) const noexcept {
  if (shadow) shadow->report(error, slot.key(), {slot.offset, slot.offset + slot.size});
  return tl::unexpected(error);
}

Result<void> RingControl::check_usable(std::source_location where) const noexcept {
  if (!context) return fail(ErrorId::not_mapped, where);
  return context->check_own_thread(where);
}

void RingControl::inspect_at_mark(std::source_location where) {
  // Other code ended the mapping.
  if (!mapped.is_mapped()) return make_inert();
  if (shadow) shadow->inspect_at_mark(timeline->issued >> kSerialShift, issued_end, where);
}

namespace {

/// The control block of rings that are empty or moved from.
RingControl* no_ring() noexcept {
  // Never destroyed, as control blocks are not, and needs no allocation that could fail.
  alignas(RingControl) static std::byte storage[sizeof(RingControl)];
  static RingControl* const kNone = new (storage) RingControl;
  return kNone;
}

}  // namespace

RingOwner::RingOwner() noexcept : control_(no_ring()) {}

RingOwner::RingOwner(RingOwner&& other) noexcept : control_(std::exchange(other.control_, no_ring())) {}

RingOwner& RingOwner::operator=(RingOwner&& other) noexcept {
  RingOwner taken(std::move(other));
  std::swap(control_, taken.control_);
  return *this;
}

RingOwner::~RingOwner() {
  if (control_ != no_ring()) RingControl::of(control_).close_all();
}

RingStats RingControl::stats() const noexcept {
  RingStats stats = counts;
  stats.capacity_bytes = capacity();
  stats.held_bytes = has_guards ? capacity() : held();
  for (const RingControl* block = this; block; block = block->older) {
    block->layout.for_each_live([&](const RingSlot&) { ++stats.live_slices; });
    block->add_to(stats);
  }
  const std::uint64_t peak = stats.high_water_bytes;
  const std::uint64_t wanted = stats.waits + stats.would_blocks > 0 ? peak * 2 : peak + peak / 2;
  stats.recommended_capacity_bytes = (wanted + kRounding - 1) / kRounding * kRounding;
  return stats;
}

void RingControl::report_capacity() const noexcept {
  const RingStats seen = stats();
  const auto advise = [&](ErrorId id, std::uint64_t first, std::uint64_t second) {
    Report report = Mapping::of(mapped)->report(id, 0, seen.capacity_bytes, Mapping::of(mapped)->created_at);
    report.numbers[0] = first;
    report.numbers[1] = second;
    report.numbers[2] = seen.recommended_capacity_bytes;
    context->report(report);
  };
  if (seen.acquired < kEnoughSlices || seen.recommended_capacity_bytes == 0) return;
  if (seen.waits > seen.acquired / 4 && seen.recommended_capacity_bytes > seen.capacity_bytes) {
    advise(ErrorId::ring_too_small, seen.waits, seen.acquired);
  } else if (seen.recommended_capacity_bytes < seen.capacity_bytes / 8) {
    advise(ErrorId::ring_too_large, seen.high_water_bytes, seen.capacity_bytes);
  }
}

RingStats RingOwner::stats() const noexcept {
  return RingControl::of(control_).stats();
}

const MappedBuffer& RingOwner::mapped_buffer() const noexcept {
  return RingControl::of(control_).mapped;
}

}  // namespace pmb::detail
