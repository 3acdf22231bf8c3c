// SPDX-License-Identifier: MIT
// One block at a time through glBufferSubData, the kernel, and glGetBufferSubData.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "common/failure.hpp"
#include "common/gl_buffer.hpp"
#include "kernel_run.hpp"

namespace pmb::tool {

/// The traditional path of one block; also the second result of `--check`.
class TraditionalRun {
 public:
  /// Failures: kLimit, kGpu.
  static Outcome<TraditionalRun> create(const GpuWork& work);
  /// Both spans are of padded length. Waits for the GPU. Failures: kKernel, kLimit, kGpu.
  Outcome<void> run(std::span<const std::byte> input, const BlockJob& job, std::span<std::byte> output);
  std::uint64_t output_bytes() const noexcept { return work_.output_bytes; }

 private:
  TraditionalRun(const GpuWork& work, GlBuffer input, GlBuffer output)
      : work_(work), input_(std::move(input)), output_(std::move(output)) {}
  GpuWork work_;
  GlBuffer input_;
  GlBuffer output_;
};

}  // namespace pmb::tool
