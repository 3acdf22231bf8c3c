// SPDX-License-Identifier: MIT
// Memory of a method's own that bytes from the GPU are copied to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace pmb::tool::bench {

/// Begins with a page, for every method: where an allocation happens to lie within one decides up to a fifth of the time of
/// a copy of a few KiB.
class OwnMemory {
 public:
  OwnMemory() noexcept = default;
  explicit OwnMemory(std::uint64_t size_bytes)
      : bytes_(static_cast<std::byte*>(::operator new(size_bytes, kAlignment))), size_(size_bytes) {
    fill(std::byte{0});
  }

  std::span<std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
  void fill(std::byte value) const noexcept { std::ranges::fill(bytes(), value); }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, kAlignment); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace pmb::tool::bench
