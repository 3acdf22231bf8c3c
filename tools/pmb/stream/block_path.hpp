// SPDX-License-Identifier: MIT
// A path of blocks to the GPU and back: direct, staged or traditional.
//
// Threads: calls on the GL context's thread; the bytes of a lent block on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/plan.hpp>
#include <span>

#include "common/failure.hpp"
#include "kernel_run.hpp"

namespace pmb::tool {

/// Memory to read input into.
struct InputBlock {
  std::span<std::byte> bytes;  ///< Of padded_bytes() length.
  std::size_t id = 0;          ///< Chosen by the path.
};

/// Results, to be written out in place.
struct OutputBlock {
  std::span<const std::byte> bytes;  ///< Of padded_bytes() length.
  std::size_t id = 0;                ///< Chosen by the path.
};

/// Lends at most `in_flight` inputs and as many outputs. Both return in the order in which they were lent.
class BlockPath {
 public:
  virtual ~BlockPath() = default;

  /// Free input memory; nothing while all of it is in use.
  virtual Outcome<std::optional<InputBlock>> try_input() = 0;
  /// Runs the kernel on a filled block and takes the block's memory back. The caller must have released
  /// enough outputs: at most `in_flight` are in use at once.
  virtual Outcome<void> submit(const InputBlock& input, const BlockJob& job) = 0;
  /// Waits for the oldest unfinished block.
  virtual Outcome<OutputBlock> finish_oldest() = 0;
  virtual Outcome<void> release(const OutputBlock& output) = 0;

  virtual pmb::Model model() const noexcept = 0;
  /// Bytes that the CPU copies between the program's memory and GL, for a whole block in and out.
  virtual std::uint64_t cpu_bytes_copied_per_block() const noexcept = 0;
};

/// Failures of both: kLimit, kGpu, kNoGl.
Outcome<std::unique_ptr<BlockPath>> make_mapped_path(const GpuWork& work, bool staged);
Outcome<std::unique_ptr<BlockPath>> make_traditional_path(const GpuWork& work);

}  // namespace pmb::tool
