// SPDX-License-Identifier: MIT
// The GL context of the benchmark, the pmb contexts on it (planned, and forced), and the GL helpers of the methods:
// counted fences, the end of a run, plain buffers.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/headless.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "common/gl_buffer.hpp"
#include "common/gpu_options.hpp"

namespace pmb::tool::bench {

/// An offset in a GL buffer.
struct BufferOffset {
  GLuint buffer = 0;
  std::uint64_t offset_bytes = 0;
};

/// Another pmb::Context on the same GL context, with its path forced, and its model if the path maps.
struct ForcedContext {
  std::string name;  ///< "coherent/direct", "explicit_flush/staged", "pmb_traditional", …
  pmb::Path path;
  pmb::Context context;
};

class BenchContext {
 public:
  /// Failures: kNoGl.
  static Outcome<std::unique_ptr<BenchContext>> open(const GpuOptions& options);
  BenchContext(const BenchContext&) = delete;
  BenchContext& operator=(const BenchContext&) = delete;
  ~BenchContext() = default;

  const GladGLContext& gl() const noexcept { return gl_; }
  const pmb::HeadlessContext& headless() const noexcept { return headless_; }
  /// The pmb context that plans by itself.
  pmb::Context& planned() noexcept { return *planned_; }
  std::vector<ForcedContext>& forced() noexcept { return forced_; }

  /// A fence for a method, counted. Failures: kGpu.
  Outcome<GLsync> fence();
  /// Waits for a fence and deletes it. Failures: kGpu.
  Outcome<void> wait(GLsync fence);
  /// Waits for all commands so far, by a fence that is not counted: the same end for every method.
  Outcome<void> finish();
  /// Fences of pmb and of the methods since the program started.
  static std::uint64_t fences_made() noexcept;

  /// Takes a pending GL error. Failures: those of require_no_gl_error.
  Outcome<void> require_no_error(std::string_view doing) { return require_no_gl_error(gl_, doing); }

  /// Reads a range of a buffer for verification, through another buffer: reading directly makes some drivers move the
  /// buffer to memory where later GPU work is slow.
  Outcome<std::vector<std::byte>> read_back(BufferOffset place, std::uint64_t size_bytes);

  /// Storage readers see the bytes of glBufferData and glBufferSubData only after a barrier (quirk nvidia_flush_barrier).
  bool updates_need_barrier() const noexcept { return updates_need_barrier_; }

  /// A buffer in VRAM, as far as GL can ask for that. Failures: those of GlBuffer::create.
  Outcome<GlBuffer> buffer_in_vram(std::uint64_t size_bytes) const;

  /// Binds a range as shader storage.
  void bind_storage(GLuint index, BufferOffset place, std::uint64_t size_bytes) const;

  /// The usage of buffers that are updated often and should lie in VRAM. STATIC asks for VRAM, but Mesa (22.3) then
  /// formats a warning at every update, which takes longer than a small update (docs/drivers.md).
  GLenum usage_of_kept_bytes() const noexcept {
    return planned_->driver().mesa ? GL_DYNAMIC_DRAW : GL_STATIC_DRAW;
  }

  /// The largest binding, rounded down to the offset alignment.
  std::uint64_t most_bytes_bound() const noexcept { return most_bytes_bound_; }
  /// VRAM in use, if the driver reports it.
  std::optional<std::uint64_t> gpu_memory_used() const;

 private:
  explicit BenchContext(pmb::HeadlessContext headless) : headless_(std::move(headless)) {}
  Outcome<pmb::Context> make_context(pmb::Options options);

  pmb::HeadlessContext headless_;
  GladGLContext gl_ = {};
  std::optional<pmb::Context> planned_;
  std::vector<ForcedContext> forced_;
  std::uint64_t most_bytes_bound_ = 0;
  bool updates_need_barrier_ = false;
};

/// Copies on the GPU.
void copy_buffer(const GladGLContext& gl, BufferOffset from, BufferOffset to, std::uint64_t size_bytes);
/// Fills a whole buffer with one byte value, which no test data repeats.
void poison_buffer(const GladGLContext& gl, GLuint buffer);

}  // namespace pmb::tool::bench
