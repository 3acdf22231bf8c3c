// SPDX-License-Identifier: MIT
// A compute shader that writes the pixels of a texture straight into a buffer, with rows from the top down.
#pragma once

#include <pmb/texture.hpp>

#include "gl/gl_table.hpp"

namespace pmb::detail {

/// Serves one layout: its program is built for the first frame. The owner destroys it with its GL context current.
class FlipShader {
 public:
  explicit FlipShader(const TexelLayout& layout) noexcept : layout_(layout) {}

  /// Stores `from` of the framebuffer that is bound for reading, which check_readable() accepts, at the start of a buffer.
  /// The buffer has room for whole words of 4 bytes. A mark makes the stores visible, as those of every shader. The state of
  /// the program stays. Returns false, and has issued no command, if a shader here would not store the bytes of glReadPixels,
  /// or if the state could not be restored.
  bool write(const GlTable& gl, const PixelRectangle& from, GLuint buffer);
  void destroy(const GlTable& gl) noexcept;

 private:
  bool build(const GlTable& gl);
  void dispatch(const GlTable& gl, GLuint texture, const PixelRectangle& from, GLuint buffer,
                std::uint64_t words) const noexcept;
  std::uint64_t row_bytes(const PixelRectangle& from) const noexcept;
  std::uint64_t stride_bytes(const PixelRectangle& from) const noexcept {
    return layout_.row_stride_bytes != 0 ? layout_.row_stride_bytes : row_bytes(from);
  }

  TexelLayout layout_;
  GLuint program_ = 0;
  GLuint sampler_ = 0;
  bool fails_ = false;  ///< The driver does not take the shader.
};

}  // namespace pmb::detail
