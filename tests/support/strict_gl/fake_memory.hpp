// SPDX-License-Identifier: MIT
//
// The memory under the strict fake GL: lazily backed regions, sets of byte ranges, and bytes kept aside for
// later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace strict_gl {

// Anonymous memory that costs nothing until touched and faults once freed, so that stale pointers are caught
// with and without a sanitizer.
class Region {
 public:
  Region() = default;
  explicit Region(std::int64_t size_bytes);
  ~Region();
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;

  [[nodiscard]] bool valid() const { return data_ != nullptr; }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::int64_t size() const { return size_; }

  // Moves the bytes to another address without copying them; the old addresses fault from now on.
  void relocate();

 private:
  std::byte* data_ = nullptr;
  std::int64_t size_ = 0;
};

// Disjoint half-open ranges.
class RangeSet {
 public:
  void add(std::int64_t begin, std::int64_t end);
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& ranges() const { return ranges_; }

 private:
  std::map<std::int64_t, std::int64_t> ranges_;  // begin to end
};

// Bytes at offsets, kept beside a memory whose own bytes are (or will be) different.
class BytePatches {
 public:
  // Keeps `bytes` wherever nothing is kept yet.
  void add_missing(std::int64_t offset, std::span<const std::byte> bytes);
  // Keeps `bytes` in place of what was kept there.
  void replace(std::int64_t offset, std::span<const std::byte> bytes);
  void erase(std::int64_t begin, std::int64_t end);
  // Overwrites `out`, the bytes from `offset` on, with what is kept there.
  void apply(std::int64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  // Something is kept between `begin` and `end`.
  [[nodiscard]] bool reaches(std::int64_t begin, std::int64_t end) const {
    const auto piece = first_reaching(begin);
    return piece != pieces_.end() && piece->first < end;
  }

 private:
  using Pieces = std::map<std::int64_t, std::vector<std::byte>>;
  [[nodiscard]] Pieces::const_iterator first_reaching(std::int64_t offset) const;
  Pieces pieces_;  // disjoint
};

}  // namespace strict_gl
