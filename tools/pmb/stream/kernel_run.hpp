// SPDX-License-Identifier: MIT
// Runs the kernel on one block of input and one of output.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <pmb/context.hpp>

#include "common/failure.hpp"
#include "kernel_program.hpp"

namespace pmb::tool {

/// One run of the kernel.
struct BlockJob {
  std::uint64_t number = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
};

/// The kernel with its GPU and the size of its blocks.
struct GpuWork {
  const GladGLContext& gl;
  pmb::Context& context;
  const KernelProgram& program;
  std::uint64_t input_bytes = 0;   ///< Padded to whole words.
  std::uint64_t output_bytes = 0;  ///< Padded to whole words.
  std::uint32_t in_flight = 3;
  bool clear_output = false;    ///< Zeroes the output before each run.
  bool readable_input = false;  ///< The CPU reads the input before it is submitted.
};

/// Binds both blocks and runs the kernel.
void run_kernel(const GpuWork& work, GLuint input, GLuint output, const BlockJob& job);

/// Runs the kernel on a buffer whose bits are all 0, then all 1. If neither run changes the buffer, the
/// kernel writes nothing. Failures: kKernel, kLimit, kGpu.
Outcome<void> require_writes(const GpuWork& work, GLuint input, const BlockJob& job);

}  // namespace pmb::tool
