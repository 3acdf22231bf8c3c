// SPDX-License-Identifier: MIT
// A texture of RGBA8 texels, a word each, with a framebuffer.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <utility>

#include "verify/gpu.hpp"

namespace pmb::tool::verify {

class Image {
 public:
  /// Skips the check without immutable textures (OpenGL 4.2, GL_ARB_texture_storage, OpenGL ES 3.0).
  Image(const Gpu& gpu, GLsizei width, GLsizei height);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  /// Uploads whole rows from an offset of a buffer, or from memory if `buffer` is 0.
  void upload(GLint row, GLsizei rows, GLuint buffer, const void* place) const;
  /// Reads whole rows, likewise. `target` is GL_FRAMEBUFFER, or GL_READ_FRAMEBUFFER for no draw framebuffer.
  void read(GLint row, GLsizei rows, GLuint buffer, void* place, GLenum target = GL_FRAMEBUFFER) const;

 private:
  const GladGLContext& gl_;
  GLsizei width_;
  GLuint texture_ = 0;
  GLuint framebuffer_ = 0;
};

/// An offset in a buffer, as GL takes it.
inline void* offset_pointer(std::uint64_t offset) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(offset));
}

}  // namespace pmb::tool::verify
