// SPDX-License-Identifier: MIT
// Shared by texture_upload and read_pixels: a frame as a texture, and as a case.
#pragma once

#include <utility>

#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {

inline constexpr GLsizei kTextureWidth = 1920;
inline constexpr GLsizei kTextureHeight = 1080;
inline constexpr std::uint64_t kTextureBytes = std::uint64_t{kTextureWidth} * kTextureHeight * 4;

/// The pointer argument of glTexSubImage2D and glReadPixels for bytes in a buffer.
inline void* as_pointer(BufferOffset place) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(place.offset_bytes));
}

/// One RGBA8 texture and the framebuffer that reads it.
class Texture {
 public:
  explicit Texture(const GladGLContext& gl) : gl_(&gl) {
    gl.GenTextures(1, &name_);
    gl.BindTexture(GL_TEXTURE_2D, name_);
    gl.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kTextureWidth, kTextureHeight);
    gl.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl.GenFramebuffers(1, &framebuffer_);
    gl.BindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer_);
    gl.FramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, name_, 0);
  }
  Texture(Texture&& other) noexcept
      : gl_(other.gl_),
        name_(std::exchange(other.name_, 0)),
        framebuffer_(std::exchange(other.framebuffer_, 0)) {}
  Texture& operator=(Texture&&) = delete;
  ~Texture() {
    gl_->DeleteFramebuffers(1, &framebuffer_);
    gl_->DeleteTextures(1, &name_);
  }

  GLuint name() const noexcept { return name_; }
  GLuint framebuffer() const noexcept { return framebuffer_; }

  /// From memory, or from the bound unpack buffer.
  void write(const void* pixels) const {
    gl_->BindTexture(GL_TEXTURE_2D, name_);
    gl_->TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, kTextureWidth, kTextureHeight, GL_RGBA, GL_UNSIGNED_BYTE,
                       pixels);
  }
  /// The framebuffer that glReadPixels reads.
  void bind_for_reading() const { gl_->BindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer_); }
  /// Into memory, or into the bound pack buffer.
  void read(void* pixels) const {
    bind_for_reading();
    gl_->ReadPixels(0, 0, kTextureWidth, kTextureHeight, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
  }

 private:
  const GladGLContext* gl_;
  GLuint name_ = 0;
  GLuint framebuffer_ = 0;
};

inline Case frame_texture_case(const char* scenario) {
  return {.scenario = scenario,
          .variant = "rgba8",
          .size_bytes = kTextureBytes,
          .operations = kFrames,
          .moved_bytes = kTextureBytes};
}

}  // namespace pmb::tool::bench
