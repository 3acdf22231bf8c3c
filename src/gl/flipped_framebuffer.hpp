// SPDX-License-Identifier: MIT
// Rows from the top down, as files and pipes have them; GL reads from the bottom up. Mesa reverses them while it reads.
// Elsewhere, and where FlipShader cannot serve, a framebuffer of pmb holds an upside-down copy.
#pragma once

#include <pmb/result.hpp>
#include <pmb/texture.hpp>

#include "gl/gl_table.hpp"
#include "gl/texel_formats.hpp"

namespace pmb::detail {

/// Restores the framebuffer that is bound for reading.
class KeptReadFramebuffer {
 public:
  explicit KeptReadFramebuffer(const GlTable& gl) noexcept
      : gl_(gl), found_(gl.integer(GL_READ_FRAMEBUFFER_BINDING)) {}
  ~KeptReadFramebuffer() { gl_.BindFramebuffer(GL_READ_FRAMEBUFFER, static_cast<GLuint>(found_)); }
  KeptReadFramebuffer(const KeptReadFramebuffer&) = delete;
  KeptReadFramebuffer& operator=(const KeptReadFramebuffer&) = delete;

 private:
  const GlTable& gl_;
  GLint found_;
};

/// While it lives, glReadPixels writes the rows from the top down. For contexts with GL_MESA_pack_invert: it serves every
/// format and framebuffer, in the pass that packs the pixels anyway, and touches no binding. A software renderer spends far
/// longer on a copy: 20 ms for 1080p on llvmpipe.
class InvertedRows {
 public:
  static bool exists(const GlTable& gl) noexcept { return gl.has("GL_MESA_pack_invert"); }

  explicit InvertedRows(const GlTable& gl) noexcept : gl_(gl), found_(gl.integer(kPackInvert)) {
    gl.PixelStorei(kPackInvert, GL_TRUE);
  }
  ~InvertedRows() { gl_.PixelStorei(kPackInvert, found_); }
  InvertedRows(const InvertedRows&) = delete;
  InvertedRows& operator=(const InvertedRows&) = delete;

 private:
  static constexpr GLenum kPackInvert = 0x8758;  ///< GL_PACK_INVERT_MESA.
  const GlTable& gl_;
  GLint found_;
};

/// The owner destroys it with its GL context current. It reads and writes no pixel outside the rectangles.
class FlippedFramebuffer {
 public:
  /// Copies `from` of the framebuffer that is bound for reading, which check_readable() accepts, and binds the copy for
  /// reading, with `from` at its origin. Keeps its storage for the next call. Statuses: out_of_memory, invalid_argument (too
  /// large for GL).
  Result<void> take(const GlTable& gl, const PixelRectangle& from, TexelKind kind,
                    std::source_location where);
  void destroy(const GlTable& gl) noexcept;

 private:
  /// Statuses: those of take().
  Result<void> make_room(const GlTable& gl, GLenum format, const PixelRectangle& from, TexelKind kind,
                         std::source_location where);

  GLuint framebuffer_ = 0;
  GLuint renderbuffer_ = 0;
  GLenum format_ = 0;
  GLenum attachment_ = 0;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
};

}  // namespace pmb::detail
