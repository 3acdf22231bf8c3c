// SPDX-License-Identifier: MIT
// Bytes to move and their comparison.

#include "bench/source.hpp"

#include <algorithm>
#include <cstring>

#include "bench/shader.hpp"

namespace pmb::tool::bench {

std::uint64_t Source::next_seed() noexcept {
  static std::uint64_t seed = 0;
  // Far enough apart that no two patterns are shifted copies within the largest size.
  seed += 1'000'000'007;
  return seed;
}

std::span<const std::byte> Source::bytes() {
  return bytes_.empty() ? renew() : std::span<const std::byte>(bytes_);
}

std::span<const std::byte> Source::renew() {
  bytes_.resize(size_bytes_);
  if (fill_) {
    fill_(next_seed(), bytes_);
  } else {
    fill_pattern(next_seed(), bytes_);
  }
  return bytes_;
}

Outcome<void> compare(std::string_view what, std::span<const std::byte> expected,
                      std::span<const std::byte> actual) {
  if (expected.size() != actual.size()) {
    return fail(kMismatch, "{}: {} bytes arrived, {} were expected", what, actual.size(), expected.size());
  }
  if (expected.empty() || std::memcmp(expected.data(), actual.data(), expected.size()) == 0) return {};
  const auto [want, got] = std::ranges::mismatch(expected, actual);
  return fail(kMismatch, "{}: byte {} of {} is 0x{:02X} and should be 0x{:02X}", what,
              want - expected.begin(), expected.size(), static_cast<unsigned>(*got),
              static_cast<unsigned>(*want));
}

}  // namespace pmb::tool::bench
