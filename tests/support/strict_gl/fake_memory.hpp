// SPDX-License-Identifier: MIT
//
// The memory of the strict fake GL: lazily backed regions, sets of byte ranges, and patches of older bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace strict_gl {

// Anonymous memory, backed on first touch. It faults once freed, so stale pointers are found without a sanitizer.
class Region {
 public:
  Region() = default;
  explicit Region(std::int64_t size_bytes);
  // Memory that mirror() can give a second address.
  static Region shared(std::int64_t size_bytes);
  // Memory of the client, which stays his.
  Region(std::byte* memory, std::int64_t size_bytes) : data_(memory), size_(size_bytes), owned_(false) {}
  ~Region();
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;

  [[nodiscard]] bool valid() const { return data_ != nullptr; }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::int64_t size() const { return size_; }

  // The same bytes at a second address; invalid if this system has none.
  [[nodiscard]] Region mirror() const;
  // Moves the bytes to another address. The old addresses fault afterwards.
  void relocate();

 private:
  std::byte* data_ = nullptr;
  std::int64_t size_ = 0;
  bool owned_ = true;
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

// Bytes at offsets that differ, now or soon, from those of the memory itself.
class BytePatches {
 public:
  // Adds `bytes` where no patch exists yet.
  void add_missing(std::int64_t offset, std::span<const std::byte> bytes);
  // Adds `bytes`, replacing older patches.
  void replace(std::int64_t offset, std::span<const std::byte> bytes);
  void erase(std::int64_t begin, std::int64_t end);
  // Applies the patches to `out`, which holds the bytes from `offset` on.
  void apply(std::int64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  // A patch exists between `begin` and `end`.
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
