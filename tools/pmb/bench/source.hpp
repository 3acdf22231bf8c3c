// SPDX-License-Identifier: MIT
// The bytes that all methods of a case share, and the comparison that verifies them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/failure.hpp"

namespace pmb::tool::bench {

/// System memory, as a program's data. Allocated on first use, so that a case costs nothing before its turn.
class Source {
 public:
  /// Fills the bytes from a number that is never used twice.
  using Fill = std::function<void(std::uint64_t seed, std::span<std::byte> bytes)>;

  /// Words that all differ, unless `fill` makes others.
  explicit Source(std::uint64_t size_bytes, Fill fill = {})
      : size_bytes_(size_bytes), fill_(std::move(fill)) {}
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  std::span<const std::byte> bytes();
  /// Bytes that this process has not used before.
  std::span<const std::byte> renew();
  /// Never the same number twice.
  static std::uint64_t next_seed() noexcept;

 private:
  std::uint64_t size_bytes_;
  Fill fill_;
  std::vector<std::byte> bytes_;
};

using SharedSource = std::shared_ptr<Source>;

/// Failures: kMismatch, naming the first byte that differs.
Outcome<void> compare(std::string_view what, std::span<const std::byte> expected,
                      std::span<const std::byte> actual);

}  // namespace pmb::tool::bench
