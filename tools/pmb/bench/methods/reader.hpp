// SPDX-License-Identifier: MIT
// The methods down: each brings bytes that the GPU wrote to where the CPU can read them.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// Where the CPU wants the bytes.
enum class Landing : std::uint8_t {
  anywhere,  ///< Where they lie, for as long as they are looked at.
  own,       ///< In ordinary memory of its own.
};

/// Results arrive in the order in which they were sent.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Where the GPU shall write the next result.
  virtual Outcome<BufferOffset> target() = 0;
  /// Stands behind the commands that wrote it.
  virtual Outcome<void> sent() = 0;
  /// In place of both: brings bytes that lie in a buffer already.
  virtual Outcome<void> pull(BufferOffset source) = 0;
  /// Waits for the result that was sent first.
  virtual Outcome<std::span<const std::byte>> wait_oldest() = 0;
  /// Ends looking at it.
  virtual Outcome<void> release_oldest() = 0;
  /// Fills everything that results may land in with other bytes.
  virtual void poison() = 0;
  /// CPU copies of a result.
  virtual std::uint32_t copies() const noexcept = 0;
};

struct ReadShape {
  std::uint64_t result_bytes = 0;
  std::uint32_t depth = 1;  ///< Results under way at once.
  Landing landing = Landing::anywhere;
};

enum class TraditionalRead : std::uint8_t {
  get_buffer_sub_data,  ///< glGetBufferSubData into ordinary memory.
  pixel_buffer_map,     ///< A copy into a STREAM_READ buffer, a fence, and glMapBufferRange behind it.
  stream_read_map       ///< The GPU writes into the STREAM_READ buffer itself; then the same.
};
const char* to_string(TraditionalRead method) noexcept;

Outcome<std::unique_ptr<Reader>> make_traditional_reader(BenchContext& bench, TraditionalRead method,
                                                         const ReadShape& shape);

/// Who marks the timeline behind a result: the reader, or an uploader of the same context, whose end_frame()
/// then has to come behind sent().
enum class Marks : std::uint8_t { reader, uploader };

/// Slices of a pmb::ReadbackRing, which the GPU writes itself.
Outcome<std::unique_ptr<Reader>> make_ring_reader(pmb::Context& context, const BenchContext& bench,
                                                  const ReadShape& shape, Marks marks);
/// Memory of the GPU's own, copied into a pmb::ReadbackRing on the GPU.
Outcome<std::unique_ptr<Reader>> make_staged_reader(BenchContext& bench, pmb::Context& context,
                                                    const ReadShape& shape, Marks marks);
/// pmb::download into ordinary memory, of one buffer only: it answers no targets.
Outcome<std::unique_ptr<Reader>> make_transfer_reader(pmb::Context& context, const ReadShape& shape);

}  // namespace pmb::tool::bench
