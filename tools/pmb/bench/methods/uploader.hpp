// SPDX-License-Identifier: MIT
// Uploaders bring bytes to buffers that the GPU reads.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// The origin of the bytes of a put().
enum class Content : std::uint8_t {
  /// In the caller's memory, for every method.
  fresh,
  /// In the memory that this method uses: a producer wrote them there before the clock started. For methods with shared
  /// memory that is the content of an earlier put(); for the others, the caller's memory.
  produced_in_place,
};

class Uploader {
 public:
  virtual ~Uploader() = default;
  /// Uploads a piece; later commands read it at the returned offset.
  virtual Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content content) = 0;
  /// Called after the last command that reads the pieces put since the last call.
  virtual Outcome<void> end_frame() = 0;
  /// Waits until the GPU has passed the last end_frame().
  virtual Outcome<void> finish() = 0;
  /// The number of CPU copies of a piece.
  virtual std::uint32_t copies(Content content) const noexcept = 0;
};

/// The memory that an uploader needs.
struct UploadShape {
  std::uint64_t piece_bytes = 0;
  std::uint32_t pieces = 1;  ///< Between two calls of end_frame().
  std::uint32_t frames = 1;  ///< In flight at once.
  /// Only the memory limits the frames in flight: a large pmb ring makes its fences without marks.
  bool paced_by_ring = false;
  /// Shaders read the pieces as storage buffers.
  bool read_as_storage = true;
};

enum class TraditionalUpload : std::uint8_t {
  buffer_data,        ///< glBufferData with the bytes: the storage is replaced each time.
  buffer_sub_data,    ///< glBufferSubData into the same storage.
  map_invalidate,     ///< glMapBufferRange with INVALIDATE_BUFFER, memcpy, glUnmapBuffer.
  map_unsynchronized  ///< glMapBufferRange with UNSYNCHRONIZED, ordered by fences.
};
const char* to_string(TraditionalUpload method) noexcept;

/// `usage` as for glBufferData, to suit the memory that the bytes should end in.
Outcome<std::unique_ptr<Uploader>> make_traditional_uploader(BenchContext& bench, TraditionalUpload method,
                                                             const UploadShape& shape, GLenum usage);
/// Slices of a pmb::UploadRing, read in place.
Outcome<std::unique_ptr<Uploader>> make_ring_uploader(BenchContext& bench, pmb::Context& context,
                                                      const UploadShape& shape);
/// Slices of a pmb::UploadRing, copied to VRAM by the GPU before they are read.
Outcome<std::unique_ptr<Uploader>> make_staged_uploader(BenchContext& bench, pmb::Context& context,
                                                        const UploadShape& shape);
/// pmb::upload into VRAM.
Outcome<std::unique_ptr<Uploader>> make_transfer_uploader(BenchContext& bench, pmb::Context& context,
                                                          const UploadShape& shape);

}  // namespace pmb::tool::bench
