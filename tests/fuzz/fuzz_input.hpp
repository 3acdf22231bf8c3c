// SPDX-License-Identifier: MIT
// What the fuzz targets share: numbers from the bytes of an input, and how a target says that a rule was broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

/// libFuzzer calls it for every input, and replay.cpp for every file of a corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// The bytes of an input, from the front. At the end every number is 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) noexcept : bytes_(data, size) {}

  bool ended() const noexcept { return bytes_.empty(); }
  std::uint8_t byte() noexcept {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  /// A number below `end`, at most 256.
  std::size_t below(std::size_t end) noexcept { return end == 0 ? 0 : byte() % end; }
  bool flag() noexcept { return (byte() & 1U) != 0; }

 private:
  std::span<const std::uint8_t> bytes_;
};

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process, so that libFuzzer keeps the input.
inline void require(bool holds, std::string_view rule) noexcept {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken: %.*s\n", static_cast<int>(rule.size()), rule.data());
  std::abort();
}

}  // namespace fuzz
