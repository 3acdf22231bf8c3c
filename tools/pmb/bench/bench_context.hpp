// SPDX-License-Identifier: MIT
// The GL context that everything is measured on, pmb's views of it (as it chooses, and forced), and what all
// methods need of GL: fences that are counted, the end of a run, plain buffers.
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

/// Bytes of a GL buffer.
struct BufferOffset {
  GLuint buffer = 0;
  std::uint64_t offset_bytes = 0;
};

/// pmb with its path forced, and its model where it maps: one more pmb::Context on the same GL context.
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
  /// pmb as it chooses by itself.
  pmb::Context& planned() noexcept { return *planned_; }
  std::vector<ForcedContext>& forced() noexcept { return forced_; }

  /// A fence of a method's own, counted. Failures: kGpu.
  Outcome<GLsync> fence();
  /// Waits for a fence and deletes it. Failures: kGpu.
  Outcome<void> wait(GLsync fence);
  /// Waits for everything issued so far, by a fence that is not counted: the same end for every method.
  Outcome<void> finish();
  /// Fences that pmb and the methods have made since the program started.
  static std::uint64_t fences_made() noexcept;

  /// Failures: kGpu, naming what was done, where GL has an error pending.
  Outcome<void> require_no_error(std::string_view doing) { return require_no_gl_error(gl_, doing); }

  /// Copies a range of a buffer out for verification, through a buffer of its own: reading a buffer directly
  /// makes some drivers move it to where later GPU work on it is slow.
  Outcome<std::vector<std::byte>> read_back(BufferOffset place, std::uint64_t size_bytes);

  /// Storage readers see new bytes of glBufferData and glBufferSubData only behind a barrier here (quirk nvidia_flush_barrier).
  bool updates_need_barrier() const noexcept { return updates_need_barrier_; }

  /// A buffer in VRAM, as far as GL can ask for that. Failures: those of GlBuffer::create.
  Outcome<GlBuffer> buffer_in_vram(std::uint64_t size_bytes) const;

  /// Binds a range as shader storage.
  void bind_storage(GLuint index, BufferOffset place, std::uint64_t size_bytes) const;

  /// The usage of buffers that are filled again and again and shall lie in the GPU's own memory. STATIC asks for that
  /// memory; but Mesa (22.3) then words a warning at every update, which takes longer than a small update itself
  /// (docs/drivers.md).
  GLenum usage_of_kept_bytes() const noexcept {
    return planned_->driver().mesa ? GL_DYNAMIC_DRAW : GL_STATIC_DRAW;
  }

  /// Bytes that one binding may have, a multiple of the alignment of offsets.
  std::uint64_t most_bytes_bound() const noexcept { return most_bytes_bound_; }
  /// Bytes of GPU memory in use, where the driver tells.
  std::optional<std::uint64_t> gpu_memory_used() const;
  /// CUDA's number of this GPU, where EGL tells.
  std::optional<int> cuda_device() const;

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
/// Fills a whole buffer with a byte that no test data consists of.
void poison_buffer(const GladGLContext& gl, GLuint buffer);

}  // namespace pmb::tool::bench
