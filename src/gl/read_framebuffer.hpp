// SPDX-License-Identifier: MIT
// Checks whether the current read framebuffer can be read, and attaches one image of a texture at a time to a
// framebuffer of pmb.
#pragma once

#include <pmb/result.hpp>
#include <pmb/texture.hpp>

#include "gl/gl_table.hpp"
#include "gl/texel_formats.hpp"
#include "gl/texture_calls.hpp"

namespace pmb::detail {

/// Ok if glReadPixels takes format and type from the framebuffer that is bound for reading (OpenGL 4.6 core, section
/// 18.2.2; OpenGL ES 3.2, section 16.1.2).
Result<void> check_readable(const GlTable& gl, GLenum format, GLenum type, TexelKind kind,
                            std::source_location where);

/// Bound for reading while it lives; the caller's bindings are restored.
class TextureFramebuffer {
 public:
  TextureFramebuffer(const GlTable& gl, TexelKind kind) noexcept;
  ~TextureFramebuffer();
  TextureFramebuffer(const TextureFramebuffer&) = delete;
  TextureFramebuffer& operator=(const TextureFramebuffer&) = delete;

  /// Attaches image `z` (layer `y` of a 1D array) of the region's level. False if it cannot be read.
  bool show(const TextureTarget& target, const TextureRegion& region, std::uint32_t y,
            std::uint32_t z) noexcept;

 private:
  const GlTable& gl_;
  GLenum attachment_;
  GLint found_;
  GLuint name_ = 0;
};

}  // namespace pmb::detail
