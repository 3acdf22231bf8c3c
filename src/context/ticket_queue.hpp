// SPDX-License-Identifier: MIT
// The live fences, oldest first, each with the serial that it proves. Bounded: when it is full, an entry is merged into
// the next one, whose fence proves both serials. A merged serial passes later, never earlier.
//
// Threads: one.
// Memory:  a fixed array; none is allocated.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pmb/timeline.hpp>
#include <ranges>

namespace pmb::detail {

class TicketQueue {
 public:
  static constexpr std::size_t kCapacity = Timeline::kMaxFences;
  using Fence = void*;

  struct Entry {
    std::uint64_t serial = 0;
    Fence fence = nullptr;
    bool adopted = false;  ///< Made by the caller: no later fence proves it, so it never merges.
  };

  /// Adds a fence after all others. Returns the fence that became superfluous, or null. If the queue is full
  /// of entries that cannot merge, adds nothing and returns nothing.
  std::optional<Fence> push(std::uint64_t serial, Fence fence, bool adopted) noexcept {
    Fence superfluous = nullptr;
    if (count_ == kCapacity) {
      // A fence of pmb proves one of pmb directly before it; the newest such pair merges.
      std::size_t index = kCapacity;
      bool next_is_own = !adopted;
      while (index-- > 0) {
        if (!at(index).adopted && next_is_own) break;
        next_is_own = !at(index).adopted;
      }
      if (index >= kCapacity) return std::nullopt;
      superfluous = at(index).fence;
      for (; index + 1 < kCapacity; ++index) at(index) = at(index + 1);
      --count_;
    }
    at(count_++) = {serial, fence, adopted};
    return superfluous;
  }

  /// Removes the oldest entry. The queue must not be empty.
  Entry pop() noexcept {
    const Entry oldest = entries_[front_];
    front_ = (front_ + 1) % kCapacity;
    --count_;
    return oldest;
  }

  /// The `index`-th oldest entry.
  const Entry& operator[](std::size_t index) const noexcept { return entries_[(front_ + index) % kCapacity]; }
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

  /// Index of the oldest entry that proves `serial`. There must be one.
  std::size_t first_proving(std::uint64_t serial) const noexcept {
    const auto others = std::views::iota(std::size_t{0}, count_ - 1);
    const auto proves_less = [&](std::size_t index) { return (*this)[index].serial < serial; };
    return static_cast<std::size_t>(std::ranges::partition_point(others, proves_less) - others.begin());
  }

  /// Passes every entry whose fence is needed to prove `serial` to `visit`, oldest first: a fence of pmb proves every one
  /// of pmb before it, an adopted one only itself. Stops when `visit` returns false; true if it never did. At least one
  /// entry must prove the serial.
  template <class Visit>
  bool visit_proving(std::uint64_t serial, Visit visit) const {
    const std::size_t last = first_proving(serial);
    std::size_t last_own = last;
    while (last_own > 0 && (*this)[last_own].adopted) --last_own;
    for (std::size_t i = 0; i <= last; ++i) {
      if (!(*this)[i].adopted && i != last_own) continue;
      if (!visit((*this)[i])) return false;
    }
    return true;
  }

 private:
  Entry& at(std::size_t index) noexcept { return entries_[(front_ + index) % kCapacity]; }

  std::array<Entry, kCapacity> entries_ = {};
  std::size_t front_ = 0;
  std::size_t count_ = 0;
};

}  // namespace pmb::detail
