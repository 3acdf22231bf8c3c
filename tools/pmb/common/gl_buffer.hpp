// SPDX-License-Identifier: MIT
// GL buffers and GL failures, as the subcommands report them.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <chrono>
#include <cstdint>
#include <pmb/context.hpp>
#include <pmb/result.hpp>
#include <string_view>
#include <utility>

#include "common/failure.hpp"

namespace pmb::tool {

/// The GPU hangs if it has not finished by then.
inline constexpr std::chrono::seconds kLongestWait{30};

/// A failure of the library as one of the program: kLimit, kNoGl or kGpu.
tl::unexpected<Failure> gpu_failure(std::string_view doing, const pmb::Error& error);
/// The same, naming the GPU.
tl::unexpected<Failure> gpu_failure(const pmb::Context& context, std::string_view doing,
                                    const pmb::Error& error);

/// Takes a pending GL error. Failures: kLimit (GL_OUT_OF_MEMORY), else kGpu.
Outcome<void> require_no_gl_error(const GladGLContext& gl, std::string_view doing);

/// A GL buffer that pmb does not manage.
class GlBuffer {
 public:
  GlBuffer() noexcept = default;
  /// The driver places it by `usage`, as for glBufferData. Failures: those of require_no_gl_error.
  static Outcome<GlBuffer> create(const GladGLContext& gl, std::uint64_t size_bytes, GLenum usage);
  /// With storage of these flags. Needs buffer storage.
  static Outcome<GlBuffer> create_storage(const GladGLContext& gl, std::uint64_t size_bytes,
                                          GLbitfield flags);
  /// Without access for the CPU: in VRAM, as far as GL can ask for that. Needs buffer storage.
  static Outcome<GlBuffer> create_on_gpu(const GladGLContext& gl, std::uint64_t size_bytes);

  GlBuffer(GlBuffer&& other) noexcept : gl_(other.gl_), name_(std::exchange(other.name_, 0)) {}
  GlBuffer& operator=(GlBuffer&& other) noexcept {
    std::swap(gl_, other.gl_);
    std::swap(name_, other.name_);
    return *this;
  }
  ~GlBuffer() {
    if (name_ != 0) gl_->DeleteBuffers(1, &name_);
  }
  GLuint name() const noexcept { return name_; }

 private:
  /// A buffer name, bound to GL_COPY_WRITE_BUFFER.
  explicit GlBuffer(const GladGLContext& gl);

  const GladGLContext* gl_ = nullptr;
  GLuint name_ = 0;
};

}  // namespace pmb::tool
