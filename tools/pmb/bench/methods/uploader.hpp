// SPDX-License-Identifier: MIT
// The methods up: each brings bytes to a place where the GPU reads them.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// Where the bytes of a put() come from.
enum class Content : std::uint8_t {
  fresh,              ///< From the caller's memory, whatever the method.
  produced_in_place,  ///< A producer wrote them where this method wants them, before the clock started. Ways that
  ///< need them in ordinary memory find them there; methods that lend shared memory find them
  ///< in it, from an earlier put() of fresh content.
};

class Uploader {
 public:
  virtual ~Uploader() = default;
  /// Brings a piece up; commands issued from now on read it at the place answered.
  virtual Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content content) = 0;
  /// Stands behind the last reader of everything put since the last call.
  virtual Outcome<void> end_frame() = 0;
  /// Waits until the GPU has done everything up to the last end_frame().
  virtual Outcome<void> finish() = 0;
  /// CPU copies of a piece whose content was produced, and of a fresh one.
  virtual std::uint32_t copies(Content content) const noexcept = 0;
};

/// What has to fit.
struct UploadShape {
  std::uint64_t piece_bytes = 0;
  std::uint32_t pieces = 1;  ///< Put between two calls of end_frame().
  std::uint32_t frames = 1;  ///< Under way at once.
  /// Nothing but its memory says how many frames may be under way: a pmb ring of generous size makes its own fences.
  bool paced_by_ring = false;
  /// Shaders read the pieces as storage buffers.
  bool read_as_storage = true;
};

enum class TraditionalUpload : std::uint8_t {
  buffer_data,        ///< glBufferData with the bytes: the storage is replaced each time.
  buffer_sub_data,    ///< glBufferSubData into the same storage.
  map_invalidate,     ///< glMapBufferRange with INVALIDATE_BUFFER, memcpy, glUnmapBuffer.
  map_unsynchronized  ///< glMapBufferRange with UNSYNCHRONIZED, ordered by fences of its own.
};
const char* to_string(TraditionalUpload method) noexcept;

/// `usage` as for glBufferData: what suits where the bytes shall end.
Outcome<std::unique_ptr<Uploader>> make_traditional_uploader(BenchContext& bench, TraditionalUpload method,
                                                             const UploadShape& shape, GLenum usage);
/// Slices of a pmb::UploadRing, read where they are.
Outcome<std::unique_ptr<Uploader>> make_ring_uploader(BenchContext& bench, pmb::Context& context,
                                                      const UploadShape& shape);
/// Slices of a pmb::UploadRing, copied on the GPU to memory of its own before they are read.
Outcome<std::unique_ptr<Uploader>> make_staged_uploader(BenchContext& bench, pmb::Context& context,
                                                        const UploadShape& shape);
/// pmb::upload into the GPU's own memory.
Outcome<std::unique_ptr<Uploader>> make_transfer_uploader(BenchContext& bench, pmb::Context& context,
                                                          const UploadShape& shape);

}  // namespace pmb::tool::bench
