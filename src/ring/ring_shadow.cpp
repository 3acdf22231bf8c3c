// SPDX-License-Identifier: MIT
#include "ring/ring_shadow.hpp"

#include <algorithm>
#include <utility>

#include "context/context_state.hpp"
#include "context/mapping.hpp"
#include "ring/view_watch.hpp"

namespace pmb::detail {

namespace {

/// What fills the bytes at this offset of the GL buffer until the program stores into them.
std::byte untouched(std::uint64_t offset) noexcept {
  return static_cast<std::byte>(0xA5U ^ (offset * 29U));
}

}  // namespace

RingShadow::RingShadow(const Mapping& mapping, bool cpu_fills) noexcept
    : mapping_(mapping), cpu_fills_(cpu_fills) {
  static_cast<void>(protect({mapping.map_offset, mapping.map_offset + mapping.size}, free_rule()));
}

std::span<std::byte> RingShadow::protect(const ByteRange& range, PageRule rule) const noexcept {
  return mapping_.guard ? mapping_.guard->protect(bytes_of(range), rule) : std::span<std::byte>();
}

bool RingShadow::driver_faults() const noexcept {
  // Threads of a software driver are its GPU. Behind a barrier, a driver may keep a copy that it brings up to date with the CPU.
  return mapping_.context->gl.driver.software || mapping_.needs_barrier();
}

PageRule RingShadow::free_rule() const noexcept {
  if (cpu_fills_) {
    return {.on_read = driver_faults() ? ErrorId::none : ErrorId::stale_slice,
            .on_write = ErrorId::stale_slice};
  }
  return driver_faults() ? PageRule{} : PageRule{ErrorId::view_after_release, ErrorId::view_after_release};
}

std::uint64_t RingShadow::offset_of(const std::byte* byte) const noexcept {
  return mapping_.map_offset + static_cast<std::uint64_t>(byte - mapping_.pointer);
}

std::span<std::byte> RingShadow::bytes_of(const ByteRange& range) const noexcept {
  return {mapping_.pointer + (range.begin - mapping_.map_offset),
          static_cast<std::size_t>(range.end - range.begin)};
}

void RingShadow::acquired(const RingSlot& slot, std::uint64_t guard_end, std::uint64_t marks,
                          std::source_location where) {
  Watch watch;
  watch.range = {slot.offset, slot.offset + slot.size};
  watch.acquired_at = where;
  watch.acquired_stack = StackTrace::capture();
  watch.since = marks;
  const std::span<std::byte> bytes = bytes_of(watch.range);
  // Every page, so that a system call may fill the slice: into a protected page it would fail with EFAULT.
  if (mapping_.guard) mapping_.guard->open(bytes_of({slot.offset, std::max(watch.range.end, guard_end)}));
  if (cpu_fills_ && mapping_.origin != Origin::created) {
    watch.copy.assign(bytes.begin(), bytes.end());
  } else if (cpu_fills_) {
    // Never read here: reads of write-combined memory are slow.
    watch.copy.resize(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) watch.copy[i] = untouched(watch.range.begin + i);
    std::copy(watch.copy.begin(), watch.copy.end(), bytes.begin());
    watch.guard = {watch.range.end, guard_end};
    std::byte* const first = mapping_.pointer + (watch.guard.begin - mapping_.map_offset);
    for (std::uint64_t at = watch.guard.begin; at < watch.guard.end; ++at)
      first[at - watch.guard.begin] = untouched(at);
  }
  watches_.insert_or_assign(slot.key(), std::move(watch));
}

void RingShadow::given_to_gl(std::uint64_t key) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.given = true;
}

void RingShadow::shared(std::uint64_t key) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.is_shared = true;
  drop_probe(key);
}

void RingShadow::awaited(std::uint64_t key) noexcept {
  const auto found = watches_.find(key);
  if (found == watches_.end() || driver_faults()) return;
  static_cast<void>(
      protect(found->second.range, {ErrorId::read_before_arrival, ErrorId::read_before_arrival}));
}

RingShadow::Watches::iterator RingShadow::erase(Watches::iterator watch) noexcept {
  // Bytes that were never viewed may be arriving still, by the driver's own stores.
  const bool is_idle = cpu_fills_ || watch->second.is_viewed;
  static_cast<void>(protect(watch->second.range, is_idle ? free_rule() : PageRule{}));
  return watches_.erase(watch);
}

void RingShadow::forget(std::uint64_t key) {
  if (const auto found = watches_.find(key); found != watches_.end()) erase(found);
}

void RingShadow::published(const RingSlot& slot, std::uint64_t marks, std::source_location where) {
  const auto found = watches_.find(slot.key());
  if (found == watches_.end()) return;
  report_faults();
  Watch& watch = found->second;
  compare_guard(slot.key(), watch, where);
  // The unused tail of a slice may go to the next one, and its guard with it.
  if (slot.offset + slot.size < watch.range.end) watch.guard = {};
  watch.range = {slot.offset, slot.offset + slot.size};
  // Reads stay legal: drivers read published bytes with the CPU, too, such as indices for their bounds.
  if (!others_write(watch))
    watch.guarded = protect(watch.range, {.on_write = ErrorId::written_after_publish});
  watch.copy.clear();
  for (const std::span<const std::byte> part : unguarded(watch))
    watch.copy.insert(watch.copy.end(), part.begin(), part.end());
  watch.since = marks;
  watch.is_published = true;
  watch.reported = watch.forgotten = false;
  if (cpu_fills_ && !watch.is_shared) probe(slot.key(), watch);
}

void RingShadow::retired(std::uint64_t key, std::uint64_t serial) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.serial = serial;
}

ReadView RingShadow::view(const RingSlot& slot, std::span<const std::byte> bytes) {
  const auto found = watches_.find(slot.key());
  if (found == watches_.end()) return ReadView(bytes);
  Watch& watch = found->second;
  if (!std::exchange(watch.is_viewed, true)) {
    report_faults();
    static_cast<void>(protect(watch.range, {.on_write = ErrorId::view_written}));
    // Commands may write a view, too. No protection sees those of a GPU.
    watch.copy.assign(bytes.begin(), bytes.end());
    if (!watch.is_shared) probe(slot.key(), watch);
  }
  return make_view(bytes, *mapping_.context, watch.view_lifetime,
                   {.id = ErrorId::view_after_release,
                    .label = mapping_.label,
                    .buffer = mapping_.buffer,
                    .begin_bytes = watch.range.begin,
                    .end_bytes = watch.range.end,
                    .acquired_at = watch.acquired_at});
}

bool RingShadow::others_write(const Watch& watch) const noexcept {
  return mapping_.readable || watch.is_shared;
}

std::array<std::span<std::byte>, 2> RingShadow::unguarded(const Watch& watch) const noexcept {
  const std::span<std::byte> bytes = bytes_of(watch.range);
  if (watch.guarded.empty()) return {bytes, {}};
  const auto before = static_cast<std::size_t>(watch.guarded.data() - bytes.data());
  return {bytes.first(before), bytes.subspan(before + watch.guarded.size())};
}

void RingShadow::compare(std::uint64_t key, Watch& watch, ErrorId id, std::source_location where) {
  if (watch.reported || (watch.is_shared && id == ErrorId::written_after_publish)) return;
  std::span<const std::byte> copy = watch.copy;
  ByteRange changed = {UINT64_MAX, 0};
  for (const std::span<const std::byte> part : unguarded(watch)) {
    const ByteRange found = differing_range(part, copy);
    copy = copy.subspan(std::min(part.size(), copy.size()));
    if (found.empty()) continue;
    const std::uint64_t at = offset_of(part.data());
    changed = {std::min(changed.begin, at + found.begin), at + found.end};
  }
  if (changed.empty()) return;
  drop_probe(key);
  // Where the GPU may write published slices too, a change proves nothing.
  if (mapping_.readable && id == ErrorId::written_after_publish) return;
  watch.reported = true;
  report(make_error(id, where), key, changed);
}

void RingShadow::report_faults() {
  if (!mapping_.guard) return;
  const std::vector<PageFault> faults = mapping_.guard->take_faults();
  for (auto fault = faults.begin(); fault != faults.end();) {
    // One instruction that goes through many pages is one misuse.
    const auto is_other = [&](const PageFault& next) {
      return next.id != fault->id || next.stack.frames()[0] != fault->stack.frames()[0];
    };
    const auto next = std::find_if(fault, faults.end(), is_other);
    report_fault(*fault, offset_of(std::prev(next)->address) + 1);
    fault = next;
  }
}

void RingShadow::report_fault(const PageFault& fault, std::uint64_t end) {
  const std::uint64_t at = offset_of(fault.address);
  const auto found = std::ranges::find_if(watches_, [&](const auto& entry) {
    return entry.second.range.begin <= at && at < entry.second.range.end;
  });
  Report report = {.id = fault.id,
                   .label = mapping_.label,
                   .buffer = mapping_.buffer,
                   .begin_bytes = std::min(at, end - 1),
                   .end_bytes = std::max(at + 1, end),
                   .noticed_stack = fault.stack.frames()};
  if (found != watches_.end()) {
    drop_probe(found->first);
    Watch& watch = found->second;
    if (std::exchange(watch.reported, true)) return;
    report.acquired_at = watch.acquired_at;
    report.acquired_stack = watch.acquired_stack.frames();
  }
  mapping_.context->report(report);
}

void RingShadow::compare_guard(std::uint64_t key, Watch& watch, std::source_location where) const {
  if (watch.guard.empty()) return;
  const std::uint64_t first = watch.guard.begin;
  const ByteRange changed = differing_from_pattern(
      bytes_of(watch.guard), [first](std::uint64_t index) { return untouched(first + index); });
  if (changed.empty()) return;
  watch.guard = {};
  report(make_error(ErrorId::overrun, where), key, {first + changed.begin, first + changed.end});
}

void RingShadow::inspect_at_end(std::uint64_t key, std::source_location where) {
  const auto found = watches_.find(key);
  if (found == watches_.end()) return;
  report_faults();
  Watch& watch = found->second;
  compare_guard(key, watch, where);
  if (watch.is_viewed && !watch.is_shared) compare(key, watch, ErrorId::view_written, where);
}

void RingShadow::probe(std::uint64_t key, const Watch& watch) const noexcept {
  if (!mapping_.probe) return;
  mapping_.probe->start(key, {watch.range, watch.acquired_at, watch.acquired_stack}, bytes_of(watch.range));
}

void RingShadow::drop_probe(std::uint64_t key) const noexcept {
  if (mapping_.probe) mapping_.probe->drop(key);
}

void RingShadow::check_sharing(std::source_location where) {
  if (!mapping_.probe) return;
  // A late write into the slice is no difference that GL made.
  if (const auto probed = watches_.find(mapping_.probe->key()); probed != watches_.end()) {
    compare(probed->first, probed->second,
            cpu_fills_ ? ErrorId::written_after_publish : ErrorId::view_written, where);
  }
  const SharingProbe::Probed* const slice = mapping_.probe->find_difference(where);
  if (!slice) return;
  mapping_.context->report({.id = ErrorId::bytes_not_shared,
                            .label = mapping_.label,
                            .buffer = mapping_.buffer,
                            .begin_bytes = slice->range.begin,
                            .end_bytes = slice->range.end,
                            .acquired_at = slice->acquired_at,
                            .noticed_at = where,
                            .acquired_stack = slice->acquired_stack.frames()});
}

void RingShadow::inspect_at_mark(std::uint64_t marks, std::uint64_t issued_end, std::source_location where) {
  report_faults();
  for (auto& [key, watch] : watches_) {
    compare_guard(key, watch, where);
    if (!watch.is_published && watch.given) compare(key, watch, ErrorId::slice_used_unpublished, where);
    if (watch.is_published) compare(key, watch, ErrorId::written_after_publish, where);
    const std::uint64_t age = marks - watch.since;
    if (!cpu_fills_ || age < kForgottenMarks) continue;
    if (!watch.is_published) {
      report_once(key, make_error(ErrorId::never_published, where, {.numbers = {age}}));
    } else if (watch.serial == 0 && key >= issued_end) {
      report_once(key, make_error(ErrorId::never_retired, where, {.numbers = {age}}));
    }
  }
  check_sharing(where);
}

void RingShadow::check_passed(std::uint64_t passed, std::source_location where) {
  report_faults();
  const auto is_done = [passed](const Watch& watch) {
    return passed == UINT64_MAX || (watch.serial != 0 && watch.serial <= passed);
  };
  for (auto& [key, watch] : watches_) {
    if (!is_done(watch)) continue;
    compare_guard(key, watch, where);
    if (watch.is_published) compare(key, watch, ErrorId::written_after_publish, where);
  }
  check_sharing(where);
  for (auto entry = watches_.begin(); entry != watches_.end();)
    entry = is_done(entry->second) ? erase(entry) : std::next(entry);
}

void RingShadow::report_once(std::uint64_t key, const Error& error) {
  const auto found = watches_.find(key);
  if (found == watches_.end() || std::exchange(found->second.forgotten, true)) return;
  report(error, key, found->second.range);
}

void RingShadow::report(const Error& error, std::uint64_t key, ByteRange range) const {
  const auto watch = watches_.find(key);
  mapping_.context->report(
      {.id = error.id,
       .label = mapping_.label,
       .buffer = mapping_.buffer,
       .begin_bytes = range.begin,
       .end_bytes = range.end,
       .acquired_at = watch == watches_.end() ? std::source_location() : watch->second.acquired_at,
       .noticed_at = error.where,
       .numbers = {error.numbers[0], error.numbers[1], error.numbers[2]},
       .acquired_stack =
           watch == watches_.end() ? std::span<void* const>() : watch->second.acquired_stack.frames()});
}

}  // namespace pmb::detail
