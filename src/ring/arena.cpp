// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <pmb/arena.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "ring/ring_control.hpp"

namespace pmb {
namespace detail {

/// The part of an arena that threads share. Recycled, never freed; see SlotPool. Handles carry everything that does not
/// change. A stale handle therefore reads only the word, and finds another generation in it.
struct ArenaControl {
  /// The word's low bits count the bytes taken, the others the generations.
  static constexpr int kTakenBits = 36;
  static constexpr std::uint64_t kTakenMask = (std::uint64_t{1} << kTakenBits) - 1;

  /// Under validation: the distance between pieces. A cache line, so that an overrun by one vector is detected.
  static constexpr std::uint64_t kGap = 64;
  static std::byte canary(std::uint64_t at) noexcept { return static_cast<std::byte>(0xC5 ^ (at * 31)); }

  std::uint64_t generation() const noexcept { return word.load(std::memory_order_relaxed) >> kTakenBits; }

  /// Starts the next generation: every later take returns nothing. Returns the bytes taken. Only for the ring's owner.
  std::uint64_t close() noexcept {
    return word.exchange((generation() + 1) << kTakenBits, std::memory_order_relaxed) & kTakenMask;
  }

  std::atomic<std::uint64_t> word = 0;

  ArenaControl* next = nullptr;  ///< Only for the ring's owner.

  /// Under validation: bytes of the arena after a piece, which must not change. The lock guards all that follows.
  std::vector<ByteRange> gaps;
  std::mutex gaps_lock;
  std::uint64_t packed_bytes = 0;  ///< Taken so far if there were no gaps.
  std::thread::id last_taker;
  bool shares_lines = false;  ///< Without gaps, pieces of two threads would share a cache line.
};

void RingControl::close_arenas() noexcept {
  for (ArenaControl* arena = std::exchange(arenas, nullptr); arena;) {
    ArenaControl* const closed = std::exchange(arena, arena->next);
    closed->close();
    SlotPool<ArenaControl>::give_back(closed);
  }
}

}  // namespace detail

using detail::ArenaControl;
using detail::RingControl;
using detail::SlotPool;

namespace {

std::uint64_t padding_to(std::uint64_t alignment, std::uint64_t from) noexcept {
  return (alignment - from % alignment) % alignment;
}

void report_overruns(const RingControl& block, const detail::RingSlot& slot, ArenaControl& arena,
                     std::source_location where) {
  // The lock waits for a thread that still writes its gap.
  const std::lock_guard lock(arena.gaps_lock);
  for (const detail::ByteRange& gap : arena.gaps) {
    const std::uint64_t first = slot.offset + gap.begin;
    const detail::ByteRange changed = detail::differing_from_pattern(
        {block.bytes_at(first), static_cast<std::size_t>(gap.end - gap.begin)},
        [&](std::uint64_t index) { return ArenaControl::canary(gap.begin + index); });
    if (changed.empty()) continue;
    block.shadow->report(make_error(ErrorId::arena_piece_overrun, where), slot.key(),
                         {first + changed.begin, first + changed.end});
  }
}

}  // namespace

Result<Arena> UploadRing::lend(std::uint64_t size_bytes, std::source_location where) {
  if (auto usable = RingControl::of(control_).check_usable(where); !usable) return pass_on(usable);
  if (size_bytes > ArenaControl::kTakenMask) {
    return fail(ErrorId::exceeds_ring, where, {.numbers = {size_bytes, ArenaControl::kTakenMask}});
  }
  auto slice = acquire(size_bytes, 0, where);
  if (!slice) return pass_on(slice);
  auto taken = guarded(where, []() -> Result<ArenaControl*> { return SlotPool<ArenaControl>::take(); });
  if (!taken) {
    static_cast<void>(cancel(*slice, where));
    return pass_on(taken);
  }
  RingControl& lender = RingControl::of(control_);
  ArenaControl& shared = **taken;
  shared.gaps.clear();
  shared.packed_bytes = 0;
  shared.shares_lines = false;
  shared.next = std::exchange(lender.arenas, &shared);

  Arena arena;
  arena.control_ = &shared;
  arena.slice_ = *slice;
  arena.generation_ = shared.generation();
  arena.offset_ = slice->live_slot()->offset;
  arena.bytes_ = lender.bytes_at(arena.offset_);
  arena.size_ = size_bytes;
  arena.default_alignment_ = lender.layout.default_alignment();
  arena.buffer_ = lender.buffer;
  arena.watched_ = lender.shadow != nullptr;
  return arena;
}

Result<std::uint64_t> UploadRing::end(const Arena& arena, bool publishes, std::source_location where) {
  RingControl& ring = RingControl::of(control_);
  if (auto usable = ring.check_usable(where); !usable) return pass_on(usable);
  const auto [block, slot] = ring.locate(arena.slice_);
  if (!slot) return ring.stale(RingControl::kNoHandle, where);
  ArenaControl** link = &block->arenas;
  while (*link && *link != arena.control_) link = &(*link)->next;
  if (!*link || (*link)->generation() != arena.generation_)
    return block->misuse(make_error(ErrorId::already_published, where), *slot);
  if (publishes && ring.explicit_flush) {
    if (auto current = ring.context->check_current(where); !current) return pass_on(current);
  }
  ArenaControl* const ended = std::exchange(*link, (*link)->next);
  const std::uint64_t taken = ended->close();
  if (block->shadow) {
    report_overruns(*block, *slot, *ended, where);
    if (ended->shares_lines) {
      block->shadow->report(make_error(ErrorId::false_sharing, where, {.numbers = {detail::kCacheLine}}),
                            slot->key(), {slot->offset, slot->offset + taken});
    }
  }
  SlotPool<ArenaControl>::give_back(ended);
  return taken;
}

Result<Slice> UploadRing::publish(const Arena& arena, std::source_location where) {
  const auto taken = end(arena, true, where);
  if (!taken) return pass_on(taken);
  return publish_slowly(arena.slice_, *taken, where).map([&] { return arena.slice_; });
}

Result<void> UploadRing::cancel(const Arena& arena, std::source_location where) {
  const auto taken = end(arena, false, where);
  if (!taken) return pass_on(taken);
  return cancel(arena.slice_, where);
}

// Returns the start of the piece in the arena. Also takes up to `gap` bytes after the piece, as far as they exist.
std::optional<std::uint64_t> Arena::reserve(std::uint64_t size, std::uint64_t alignment,
                                            std::uint64_t gap) const noexcept {
  if (!control_ || size == 0 || size > size_) return std::nullopt;
  if (alignment == 0) alignment = default_alignment_;
  std::uint64_t seen = control_->word.load(std::memory_order_relaxed);
  for (;;) {
    if (seen >> ArenaControl::kTakenBits != generation_) return std::nullopt;
    const std::uint64_t from = offset_ + (seen & ArenaControl::kTakenMask);
    const std::uint64_t padding = padding_to(alignment, from);
    const std::uint64_t left = offset_ + size_ - from;
    if (padding > left || size > left - padding) return std::nullopt;
    const std::uint64_t taken = std::min(padding + size + gap, left);
    // Relaxed order is enough: the caller synchronises the bytes of a piece with the owner.
    if (control_->word.compare_exchange_weak(seen, seen + taken, std::memory_order_relaxed)) {
      return from + padding - offset_;
    }
  }
}

std::optional<ArenaPiece> Arena::take(std::uint64_t size_bytes, std::uint64_t alignment) const noexcept {
  if (watched_) return take_watched(size_bytes, alignment);
  const auto start = reserve(size_bytes, alignment, 0);
  if (!start) return std::nullopt;
  return ArenaPiece{{bytes_ + *start, static_cast<std::size_t>(size_bytes)}, offset_ + *start, buffer_};
}

void Arena::note_packed(std::uint64_t size, std::uint64_t alignment) const noexcept {
  if (alignment == 0) alignment = default_alignment_;
  const std::uint64_t from = offset_ + control_->packed_bytes;
  const std::uint64_t start = from + padding_to(alignment, from);
  const std::thread::id taker = std::this_thread::get_id();
  if (control_->packed_bytes != 0 && taker != control_->last_taker &&
      start / detail::kCacheLine == (from - 1) / detail::kCacheLine)
    control_->shares_lines = true;
  control_->packed_bytes = start + size - offset_;
  control_->last_taker = taker;
}

std::optional<ArenaPiece> Arena::take_watched(std::uint64_t size_bytes,
                                              std::uint64_t alignment) const noexcept {
  const std::lock_guard lock(control_->gaps_lock);
  const auto start = reserve(size_bytes, alignment, ArenaControl::kGap);
  if (!start) return std::nullopt;
  note_packed(size_bytes, alignment);
  const std::uint64_t begin = *start + size_bytes;
  const std::uint64_t end = std::min(begin + ArenaControl::kGap, size_);
  for (std::uint64_t at = begin; at < end; ++at) bytes_[at] = ArenaControl::canary(at);
  try {
    control_->gaps.push_back({begin, end});
  } catch (const std::exception&) {
    // This gap is not watched then.
  }
  return ArenaPiece{{bytes_ + *start, static_cast<std::size_t>(size_bytes)}, offset_ + *start, buffer_};
}

std::uint64_t Arena::taken_bytes() const noexcept {
  if (!control_) return 0;
  const std::uint64_t word = control_->word.load(std::memory_order_relaxed);
  return word >> ArenaControl::kTakenBits == generation_ ? word & ArenaControl::kTakenMask : 0;
}

}  // namespace pmb
