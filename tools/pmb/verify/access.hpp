// SPDX-License-Identifier: MIT
// Reads and writes of one block by a command: a shader, a buffer copy, or a transfer of texels.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "verify/shaders.hpp"

namespace pmb::tool::verify {

/// Commands that read blocks. Skips the check where the context lacks such commands.
class Reads {
 public:
  static std::unique_ptr<Reads> of(const Gpu& gpu, Reader by, std::chrono::milliseconds duration = {});
  virtual ~Reads() = default;

  /// Issues a command that reads the block at `offset`. At most kMostReads. Only shaders take the
  /// duration.
  virtual void issue(GLuint buffer, std::uint64_t offset) = 0;
  /// Finishes, and returns the blocks in the order of issue. Once.
  virtual std::vector<Words> results() = 0;
};

enum class Writer { storage, copy, texels };

/// Commands that write blocks. Skips the check where the context lacks such commands.
class Writes {
 public:
  static std::unique_ptr<Writes> of(const Gpu& gpu, Writer by);
  virtual ~Writes() = default;

  /// Issues a command that writes words_of(number) at `offset`. `number` is less than kMostReads.
  virtual void issue(std::uint32_t number, GLuint buffer, std::uint64_t offset) = 0;
};

}  // namespace pmb::tool::verify
