// SPDX-License-Identifier: MIT
// Draws that read and write buffers. The program implements them with GL; tests on a fake driver simulate them.
#pragma once

#include <glad/gl.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "verify/gpu.hpp"

namespace pmb::tool::verify {

/// How a command reads a buffer. The first three are read by shaders.
enum class Reader { storage, uniform, vertex, copy, texels };

/// Most reads of one check.
inline constexpr std::uint32_t kMostReads = 64;

class Shaders {
 public:
  virtual ~Shaders() = default;

  virtual bool can_read(Reader by) const = 0;
  virtual bool can_store() const = 0;

  /// Forgets earlier reads.
  virtual void start_reads() = 0;
  /// Issues a draw that takes about that long and then reads a block of a buffer. Not flushed. At most kMostReads.
  virtual void read(Reader by, GLuint buffer, std::uint64_t offset, std::chrono::milliseconds duration) = 0;
  /// The blocks that were read since start_reads. The GPU has finished.
  virtual std::vector<Words> results() = 0;
  /// Issues a draw that takes about that long and then stores words_of(number). Not flushed.
  virtual void store(std::uint32_t number, GLuint buffer, std::uint64_t offset,
                     std::chrono::milliseconds duration) = 0;
};

}  // namespace pmb::tool::verify
