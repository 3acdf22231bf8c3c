// SPDX-License-Identifier: MIT
// Buffers in VRAM for results, one for each in flight.
//
// Threads: the GL context's.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// Empty until the first use: pulls need no targets.
class GpuTargets {
 public:
  GpuTargets(BenchContext& bench, std::uint64_t size_bytes, std::uint32_t count)
      : bench_(bench), size_bytes_(size_bytes), count_(count) {}

  /// The least recently used buffer.
  Outcome<BufferOffset> next() {
    if (buffers_.size() < count_) {
      auto buffer = bench_.buffer_in_vram(size_bytes_);
      if (!buffer) return pass_on(buffer);
      buffers_.push_back(std::move(*buffer));
      turn_ = buffers_.size() - 1;
    } else {
      turn_ = (turn_ + 1) % buffers_.size();
    }
    return latest();
  }
  /// The last result of next().
  BufferOffset latest() const { return {buffers_[turn_].name(), 0}; }
  void poison() const {
    for (const GlBuffer& buffer : buffers_) poison_buffer(bench_.gl(), buffer.name());
  }

 private:
  BenchContext& bench_;
  std::uint64_t size_bytes_;
  std::uint32_t count_;
  std::vector<GlBuffer> buffers_;
  std::size_t turn_ = 0;
};

}  // namespace pmb::tool::bench
