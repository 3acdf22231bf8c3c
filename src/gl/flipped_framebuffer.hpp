// SPDX-License-Identifier: MIT
// A framebuffer of pmb that holds a copy of a part of another one, upside down. GL reads rows from the bottom up; files and
// pipes want them from the top down.
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
