// SPDX-License-Identifier: MIT
// System memory that a method copies the GPU's bytes to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace pmb::tool::bench {

/// Page-aligned for every method: the offset of an allocation within a page decides up to a fifth of the time of a copy
/// of a few KiB.
class OwnMemory {
 public:
  OwnMemory() noexcept = default;
  explicit OwnMemory(std::uint64_t size_bytes)
      : bytes_(static_cast<std::byte*>(::operator new(size_bytes, kAlignment))), size_(size_bytes) {
    std::ranges::fill(bytes(), std::byte{0});
  }

  std::span<std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
  /// Overwrites bytes of an earlier result.
  void poison() const noexcept { std::ranges::fill(bytes(), std::byte{0xA5}); }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, kAlignment); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace pmb::tool::bench
