// SPDX-License-Identifier: MIT
// Writes blocks to a file or stdout, directly from their memory.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "byte_source.hpp"
#include "common/failure.hpp"

namespace pmb::tool {

class BlockWriter {
 public:
  /// "-" is stdout, which must not be a terminal. A file is emptied; it must not be the one that
  /// `input_descriptor` reads. Failures: kOutput, kUsage.
  static Outcome<BlockWriter> open(const std::string& name, int input_descriptor);
  explicit BlockWriter(Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// Writes `head` and `bytes` with one call of the kernel, or as many as it wants. Blocks as long as the
  /// reader at the other end does. Failures: kOutput with the byte offset.
  Outcome<void> write(std::string_view head, std::span<const std::byte> bytes);

  /// Closes the output, which can report errors that writing did not. Failures: kOutput.
  Outcome<void> close();

 private:
  Descriptor descriptor_;
  std::uint64_t offset_ = 0;
};

}  // namespace pmb::tool
