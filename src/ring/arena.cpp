// SPDX-License-Identifier: MIT
// The functions of arenas for any thread. Those for the ring's owner are in upload_ring_control.cpp.
#include <algorithm>
#include <exception>
#include <pmb/arena.hpp>

#include "ring/arena_control.hpp"

namespace pmb {

using detail::ArenaControl;

// Returns the start of the piece in the arena. Also takes up to `gap` bytes after the piece, as far as they exist.
std::optional<std::uint64_t> Arena::reserve(std::uint64_t size, std::uint64_t alignment,
                                            std::uint64_t gap) const noexcept {
  if (!control_ || size == 0 || size > size_) return std::nullopt;
  if (alignment == 0) alignment = default_alignment_;
  std::uint64_t seen = control_->word.load(std::memory_order_relaxed);
  for (;;) {
    if (seen >> ArenaControl::kTakenBits != generation_) return std::nullopt;
    const std::uint64_t from = offset_ + (seen & ArenaControl::kTakenMask);
    const std::uint64_t padding = (alignment - from % alignment) % alignment;
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

std::optional<ArenaPiece> Arena::take_watched(std::uint64_t size_bytes,
                                              std::uint64_t alignment) const noexcept {
  const std::lock_guard lock(control_->gaps_lock);
  const auto start = reserve(size_bytes, alignment, ArenaControl::kGap);
  if (!start) return std::nullopt;
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
