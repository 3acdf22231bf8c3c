// SPDX-License-Identifier: MIT
// The ways that a block takes to the GPU and back: direct, staged, traditional.
//
// Threads: calls on the GL context's thread; the bytes of a block on any while it is lent.
#pragma once

#include <glad/gl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <span>

#include "common/failure.hpp"
#include "common/gl_buffer.hpp"
#include "kernel_program.hpp"

namespace pmb::tool {

/// Memory to read input into.
struct InputBlock {
  std::span<std::byte> bytes;  ///< Of padded_bytes() length.
  pmb::Block block = {};
  std::size_t index = 0;
};

/// Results, to be written out from where they are.
struct OutputBlock {
  std::span<const std::byte> bytes;  ///< Of padded_bytes() length.
  pmb::Block block = {};
  std::size_t index = 0;
};

/// One run of the kernel.
struct BlockJob {
  std::uint64_t number = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
};

/// What every path works with.
struct GpuWork {
  const GladGLContext& gl;
  pmb::Context& context;
  const KernelProgram& program;
  std::uint64_t input_bytes = 0;  ///< Padded, as the output's.
  std::uint64_t output_bytes = 0;
  std::uint32_t in_flight = 3;
  bool clear_output = false;    ///< Zeroes the output before each run.
  bool readable_input = false;  ///< Others read the input before it is submitted.
};

class BlockPath {
 public:
  virtual ~BlockPath() = default;

  /// Free input memory, or nothing while all of it is in use.
  virtual Outcome<std::optional<InputBlock>> try_input() = 0;
  /// Issues the work on a filled block, whose memory comes back by itself. At most in_flight outputs may be
  /// out.
  virtual Outcome<void> submit(const InputBlock& input, const BlockJob& job) = 0;
  /// Waits for the block that was submitted first and not finished yet.
  virtual Outcome<OutputBlock> finish_oldest() = 0;
  virtual Outcome<void> release(const OutputBlock& output) = 0;

  virtual pmb::Model model() const noexcept = 0;
  /// Bytes that this process's CPU copies between memory of its own and GL, for a whole block in and out.
  virtual std::uint64_t cpu_bytes_copied_per_block() const noexcept = 0;
};

/// Failures of all three: kLimit, kGpu, kNoGl.
Outcome<std::unique_ptr<BlockPath>> make_mapped_path(const GpuWork& work, bool staged);
Outcome<std::unique_ptr<BlockPath>> make_traditional_path(const GpuWork& work);

/// Binds both blocks and runs the kernel.
void run_kernel(const GpuWork& work, GLuint input, GLuint output, const BlockJob& job);

/// Runs the kernel twice into a buffer of two different contents: one that keeps both wrote nothing.
/// Failures: kKernel; kLimit.
Outcome<void> require_writes(const GpuWork& work, GLuint input, const BlockJob& job);

/// The traditional way of one block at a time, also what `--check` compares with.
class TraditionalRun {
 public:
  static Outcome<TraditionalRun> create(const GpuWork& work);
  /// glBufferSubData, dispatch, glGetBufferSubData. Both spans are of padded length.
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
