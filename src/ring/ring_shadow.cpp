// SPDX-License-Identifier: MIT
#include "ring/ring_shadow.hpp"

#include <algorithm>
#include <utility>

#include "base/byte_ranges.hpp"
#include "context/context_state.hpp"
#include "context/mapping.hpp"

namespace pmb::detail {

RingShadow::RingShadow(const ContextState& context, const Mapping& mapping)
    : context_(context),
      label_(mapping.label),
      buffer_(mapping.buffer),
      gpu_writes_(mapping.readable),
      adopted_(mapping.adopted) {}

void RingShadow::acquired(std::uint64_t key, std::uint64_t offset, std::span<std::byte> bytes,
                          std::source_location where) {
  Watch watch;
  watch.offset = offset;
  watch.mapped = bytes;
  if (adopted_) {
    watch.copy.assign(bytes.begin(), bytes.end());
  } else {
    // Never read here: reads of write-combined memory are slow.
    watch.copy.resize(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) watch.copy[i] = static_cast<std::byte>(0xA5U ^ (i * 29U));
    std::copy(watch.copy.begin(), watch.copy.end(), bytes.begin());
  }
  watch.acquired_at = where;
  watches_.insert_or_assign(key, std::move(watch));
}

void RingShadow::given_to_gl(std::uint64_t key) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.given = true;
}

void RingShadow::published(std::uint64_t key, std::span<const std::byte> bytes, std::uint64_t marks) {
  const auto found = watches_.find(key);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  watch.mapped = bytes;
  watch.copy.assign(bytes.begin(), bytes.end());
  watch.published_at = marks;
  watch.is_published = true;
  watch.reported = watch.forgotten = false;
}

void RingShadow::retired(std::uint64_t key, std::uint64_t serial) {
  if (const auto found = watches_.find(key); found != watches_.end()) found->second.serial = serial;
}

void RingShadow::compare(Watch& watch, ErrorId id, std::source_location where) const {
  if (watch.reported || (gpu_writes_ && id == ErrorId::written_after_publish)) return;
  const detail::ByteRange changed = detail::differing_range(watch.mapped, watch.copy);
  if (changed.empty()) return;
  watch.reported = true;
  report(id, watch.offset + changed.begin, watch.offset + changed.end, watch.acquired_at, where);
}

void RingShadow::inspect_at_mark(std::uint64_t marks, std::uint64_t issued_end, std::source_location where) {
  for (auto& [key, watch] : watches_) {
    if (!watch.is_published && watch.given) compare(watch, ErrorId::slice_used_unpublished, where);
    if (watch.is_published) compare(watch, ErrorId::written_after_publish, where);
    const std::uint64_t age = marks - watch.published_at;
    if (watch.is_published && watch.serial == 0 && key >= issued_end && age >= kForgottenMarks)
      report_once(key, make_error(ErrorId::never_retired, where, {.numbers = {age}}));
  }
}

void RingShadow::check_passed(std::uint64_t passed, std::source_location where) {
  for (auto entry = watches_.begin(); entry != watches_.end();) {
    Watch& watch = entry->second;
    if (watch.is_published) compare(watch, ErrorId::written_after_publish, where);
    const bool done = passed == UINT64_MAX || (watch.serial != 0 && watch.serial <= passed);
    entry = done ? watches_.erase(entry) : std::next(entry);
  }
}

void RingShadow::report_once(std::uint64_t key, const Error& error) {
  const auto found = watches_.find(key);
  if (found == watches_.end() || std::exchange(found->second.forgotten, true)) return;
  const Watch& watch = found->second;
  report(error, watch.offset, watch.offset + watch.mapped.size(), watch.acquired_at);
}

void RingShadow::report(ErrorId id, std::uint64_t begin, std::uint64_t end, std::source_location acquired,
                        std::source_location noticed) const {
  report(make_error(id, noticed), begin, end, acquired);
}

void RingShadow::report(const Error& error, std::uint64_t begin, std::uint64_t end,
                        std::source_location acquired) const {
  context_.report({.id = error.id,
                   .label = label_,
                   .buffer = buffer_,
                   .begin_bytes = begin,
                   .end_bytes = end,
                   .acquired_at = acquired,
                   .noticed_at = error.where,
                   .numbers = {error.numbers[0], error.numbers[1], error.numbers[2]}});
}

std::source_location RingShadow::acquired_at(std::uint64_t key) const {
  const auto found = watches_.find(key);
  return found == watches_.end() ? std::source_location() : found->second.acquired_at;
}

}  // namespace pmb::detail
