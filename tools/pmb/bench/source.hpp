// SPDX-License-Identifier: MIT
// The bytes that the methods of a case work on, shared by all of them, and the comparison that verifies.
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

/// Ordinary memory, as a program's own data lie in. Allocated at its first use, so that cases cost nothing
/// before their turn.
class Source {
 public:
  /// Makes the bytes from a number that never comes twice.
  using Fill = std::function<void(std::uint64_t seed, std::span<std::byte> bytes)>;

  /// Of words that all differ, unless `fill` makes others.
  explicit Source(std::uint64_t size_bytes, Fill fill = {})
      : size_bytes_(size_bytes), fill_(std::move(fill)) {}
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  std::span<const std::byte> bytes();
  /// Other bytes than ever before in this process.
  std::span<const std::byte> renew();
  /// Never the same number twice.
  static std::uint64_t next_seed() noexcept;

 private:
  std::uint64_t size_bytes_;
  Fill fill_;
  std::vector<std::byte> bytes_;
};

using SharedSource = std::shared_ptr<Source>;

/// Failures: kMismatch with the place of the first byte that differs.
Outcome<void> compare(std::string_view what, std::span<const std::byte> expected,
                      std::span<const std::byte> actual);

}  // namespace pmb::tool::bench
