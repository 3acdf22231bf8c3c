// SPDX-License-Identifier: MIT
// Readers bring bytes that the GPU wrote to memory that the CPU can read.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// The memory in which the CPU wants the bytes.
enum class Landing : std::uint8_t {
  anywhere,  ///< In place, until released.
  own,       ///< In system memory of the caller.
};

/// Results arrive in the order of sending.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The buffer that the GPU writes the next result to.
  virtual Outcome<BufferOffset> target() = 0;
  /// Called after the commands that wrote it.
  virtual Outcome<void> sent() = 0;
  /// Instead of both: reads bytes from an existing buffer.
  virtual Outcome<void> pull(BufferOffset source) = 0;
  /// Waits for the oldest result.
  virtual Outcome<std::span<const std::byte>> wait_oldest() = 0;
  /// Releases the oldest result.
  virtual Outcome<void> release_oldest() = 0;
  /// Overwrites all memory that results may land in.
  virtual void poison() = 0;
  /// The number of CPU copies of a result.
  virtual std::uint32_t copies() const noexcept = 0;
};

struct ReadShape {
  std::uint64_t result_bytes = 0;
  std::uint32_t depth = 1;  ///< Results in flight.
  Landing landing = Landing::anywhere;
};

enum class TraditionalRead : std::uint8_t {
  get_buffer_sub_data,  ///< glGetBufferSubData into system memory.
  pixel_buffer_map,     ///< A copy into a STREAM_READ buffer, a fence, and glMapBufferRange after it.
  stream_read_map       ///< The GPU writes to the STREAM_READ buffer directly; then the same.
};
const char* to_string(TraditionalRead method) noexcept;

Outcome<std::unique_ptr<Reader>> make_traditional_reader(BenchContext& bench, TraditionalRead method,
                                                         const ReadShape& shape);

/// The object that marks the timeline after a result: the reader, or an uploader of the same context, whose end_frame()
/// must then follow sent().
enum class Marks : std::uint8_t { reader, uploader };

/// Slices of a pmb::ReadbackRing, which the GPU writes directly.
Outcome<std::unique_ptr<Reader>> make_ring_reader(pmb::Context& context, const BenchContext& bench,
                                                  const ReadShape& shape, Marks marks);
/// Buffers in VRAM, copied into a pmb::ReadbackRing by the GPU.
Outcome<std::unique_ptr<Reader>> make_staged_reader(BenchContext& bench, pmb::Context& context,
                                                    const ReadShape& shape, Marks marks);
/// pmb::download into system memory, from one buffer; it has no targets.
Outcome<std::unique_ptr<Reader>> make_transfer_reader(pmb::Context& context, const ReadShape& shape);

}  // namespace pmb::tool::bench
