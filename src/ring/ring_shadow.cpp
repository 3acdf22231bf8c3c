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
  probe_.drop(key);
}

void RingShadow::published(const RingSlot& slot, std::uint64_t marks, std::source_location where) {
  const auto found = watches_.find(slot.key());
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  compare_guard(slot.key(), watch, where);
  // The unused tail of a slice may go to the next one, and its guard with it.
  if (slot.offset + slot.size < watch.range.end) watch.guard = {};
  watch.range = {slot.offset, slot.offset + slot.size};
  const std::span<const std::byte> bytes = bytes_of(watch.range);
  watch.copy.assign(bytes.begin(), bytes.end());
  watch.since = marks;
  watch.is_published = true;
  watch.reported = watch.forgotten = false;
  if (cpu_fills_ && !watch.is_shared) probe_.start(slot.key(), watch.range, watch.copy);
}

void RingShadow::retired(std::uint64_t key, std::uint64_t serial) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.serial = serial;
}

ReadView RingShadow::view(const RingSlot& slot, std::span<const std::byte> bytes) {
  const auto found = watches_.find(slot.key());
  if (found == watches_.end()) return ReadView(bytes);
  Watch& watch = found->second;
  if (!std::exchange(watch.is_viewed, true)) watch.copy.assign(bytes.begin(), bytes.end());
  return make_view(bytes, *mapping_.context, watch.view_lifetime,
                   {.id = ErrorId::view_after_release,
                    .label = mapping_.label,
                    .buffer = mapping_.buffer,
                    .begin_bytes = watch.range.begin,
                    .end_bytes = watch.range.end,
                    .acquired_at = watch.acquired_at});
}

void RingShadow::compare(std::uint64_t key, Watch& watch, ErrorId id, std::source_location where) {
  if (watch.reported || (watch.is_shared && id == ErrorId::written_after_publish)) return;
  const ByteRange changed = differing_range(bytes_of(watch.range), watch.copy);
  if (changed.empty()) return;
  probe_.drop(key);
  // Where the GPU may write published slices too, a change proves nothing.
  if (mapping_.readable && id == ErrorId::written_after_publish) return;
  watch.reported = true;
  report(make_error(id, where), key, {watch.range.begin + changed.begin, watch.range.begin + changed.end});
}

void RingShadow::compare_guard(std::uint64_t key, Watch& watch, std::source_location where) const {
  ByteRange changed = {watch.guard.end, watch.guard.begin};
  const std::byte* const first = mapping_.pointer + (watch.guard.begin - mapping_.map_offset);
  for (std::uint64_t at = watch.guard.begin; at < watch.guard.end; ++at) {
    if (first[at - watch.guard.begin] == untouched(at)) continue;
    changed = {std::min(changed.begin, at), at + 1};
  }
  if (changed.empty()) return;
  watch.guard = {};
  report(make_error(ErrorId::overrun, where), key, changed);
}

void RingShadow::inspect_at_end(std::uint64_t key, std::source_location where) {
  const auto found = watches_.find(key);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  compare_guard(key, watch, where);
  if (watch.is_viewed && !watch.is_shared) compare(key, watch, ErrorId::view_written, where);
}

void RingShadow::check_sharing(std::source_location where) {
  const std::uint64_t key = probe_.find_difference(where);
  if (key != SharingProbe::kNone) report(make_error(ErrorId::bytes_not_shared, where), key, probe_.range());
}

void RingShadow::inspect_at_mark(std::uint64_t marks, std::uint64_t issued_end, std::source_location where) {
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
  const auto is_done = [passed](const Watch& watch) {
    return passed == UINT64_MAX || (watch.serial != 0 && watch.serial <= passed);
  };
  for (auto& [key, watch] : watches_) {
    // A late write into the probed slice is no difference that GL made.
    if (!is_done(watch) && key != probe_.key()) continue;
    compare_guard(key, watch, where);
    if (watch.is_published) compare(key, watch, ErrorId::written_after_publish, where);
  }
  check_sharing(where);
  std::erase_if(watches_, [&](const auto& entry) { return is_done(entry.second); });
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
