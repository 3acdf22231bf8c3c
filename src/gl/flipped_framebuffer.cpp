// SPDX-License-Identifier: MIT
#include "gl/flipped_framebuffer.hpp"

#include <algorithm>

#include "base/fail.hpp"
#include "gl/read_attachment.hpp"

namespace pmb::detail {
namespace {

/// A blit does not convert depth or stencil (OpenGL 4.6 core, section 18.3.1), so the copy has the format of the source.
GLenum depth_format(const ReadAttachment& source) noexcept {
  const GLint depth = source.value(GL_FRAMEBUFFER_ATTACHMENT_DEPTH_SIZE);
  const bool has_stencil = source.value(GL_FRAMEBUFFER_ATTACHMENT_STENCIL_SIZE) != 0;
  if (depth == 0) return GL_STENCIL_INDEX8;
  if (depth == 16) return GL_DEPTH_COMPONENT16;
  if (depth == 24) return has_stencil ? GL_DEPTH24_STENCIL8 : GL_DEPTH_COMPONENT24;
  if (source.component() == GL_FLOAT) return has_stencil ? GL_DEPTH32F_STENCIL8 : GL_DEPTH_COMPONENT32F;
  return GL_DEPTH_COMPONENT32;
}

/// A format that holds every colour of the source, with all four components.
GLenum colour_format(const ReadAttachment& source, bool gles) noexcept {
  const GLint bits = source.value(GL_FRAMEBUFFER_ATTACHMENT_RED_SIZE);
  switch (source.component()) {
    case GL_INT:
      return GL_RGBA32I;
    case GL_UNSIGNED_INT:
      return GL_RGBA32UI;
    case GL_FLOAT:
      return bits <= 16 ? GL_RGBA16F : GL_RGBA32F;
    case GL_SIGNED_NORMALIZED:
      return GL_RGBA32F;
    default:
      break;
  }
  // On OpenGL ES a blit always converts from and to sRGB (OpenGL ES 3.2, section 16.2.1).
  if (gles && source.value(GL_FRAMEBUFFER_ATTACHMENT_COLOR_ENCODING) == GL_SRGB) return GL_SRGB8_ALPHA8;
  if (bits <= 8) return GL_RGBA8;
  return bits <= 10 ? GL_RGB10_A2 : GL_RGBA16;
}

GLenum format_of_read_buffer(const GlTable& gl, TexelKind kind) noexcept {
  const bool is_default = gl.integer(GL_READ_FRAMEBUFFER_BINDING) == 0;
  if (kind == TexelKind::colour || kind == TexelKind::integer) {
    if (is_default) return GL_RGBA8;
    return colour_format({gl, static_cast<GLenum>(gl.integer(GL_READ_BUFFER))}, gl.limits.gles);
  }
  if (kind == TexelKind::stencil)
    return depth_format({gl, is_default ? GLenum{GL_STENCIL} : GLenum{GL_STENCIL_ATTACHMENT}});
  return depth_format({gl, is_default ? GLenum{GL_DEPTH} : GLenum{GL_DEPTH_ATTACHMENT}});
}

GLenum attachment_of(GLenum format) noexcept {
  switch (format) {
    case GL_STENCIL_INDEX8:
      return GL_STENCIL_ATTACHMENT;
    case GL_DEPTH24_STENCIL8:
    case GL_DEPTH32F_STENCIL8:
      return GL_DEPTH_STENCIL_ATTACHMENT;
    case GL_DEPTH_COMPONENT16:
    case GL_DEPTH_COMPONENT24:
    case GL_DEPTH_COMPONENT32:
    case GL_DEPTH_COMPONENT32F:
      return GL_DEPTH_ATTACHMENT;
    default:
      return GL_COLOR_ATTACHMENT0;
  }
}

GLbitfield planes_of(TexelKind kind) noexcept {
  switch (kind) {
    case TexelKind::depth:
      return GL_DEPTH_BUFFER_BIT;
    case TexelKind::stencil:
      return GL_STENCIL_BUFFER_BIT;
    case TexelKind::depth_stencil:
      return GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT;
    default:
      return GL_COLOR_BUFFER_BIT;
  }
}

/// Switches a capability off that changes the pixels of a blit, and back on at the end.
class Without {
 public:
  Without(const GlTable& gl, GLenum capability, bool exists) noexcept
      : gl_(gl), capability_(capability), found_(exists && gl.IsEnabled(capability) == GL_TRUE) {
    if (found_) set(false);
  }
  ~Without() {
    if (found_) set(true);
  }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  void set(bool on) const noexcept {
    // Each viewport has its own scissor test from OpenGL 4.1 on. A blit uses the first.
    if (capability_ == GL_SCISSOR_TEST && !gl_.limits.gles && gl_.version() >= 41) {
      on ? gl_.Enablei(capability_, 0) : gl_.Disablei(capability_, 0);
    } else {
      on ? gl_.Enable(capability_) : gl_.Disable(capability_);
    }
  }

  const GlTable& gl_;
  GLenum capability_;
  bool found_;
};

}  // namespace

Result<void> FlippedFramebuffer::make_room(const GlTable& gl, GLenum format, const PixelRectangle& from,
                                           TexelKind kind, std::source_location where) {
  if (format == format_ && from.width <= width_ && from.height <= height_) return {};
  const auto most = static_cast<std::uint32_t>(gl.integer(GL_MAX_RENDERBUFFER_SIZE));
  const std::uint32_t width = format == format_ ? std::max(from.width, width_) : from.width;
  const std::uint32_t height = format == format_ ? std::max(from.height, height_) : from.height;
  if (std::max(width, height) > most)
    return fail(ErrorId::region_outside, where, {.numbers = {std::max(width, height), 0, most}});
  const GLint draw_found = gl.integer(GL_DRAW_FRAMEBUFFER_BINDING);
  const GLint renderbuffer_found = gl.integer(GL_RENDERBUFFER_BINDING);
  destroy(gl);
  gl.GenRenderbuffers(1, &renderbuffer_);
  gl.BindRenderbuffer(GL_RENDERBUFFER, renderbuffer_);
  gl.GenFramebuffers(1, &framebuffer_);
  gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, framebuffer_);
  GLenum status = 0;
  // If a bind failed, the next calls would change objects of the program.
  if (gl.is_bound(GL_RENDERBUFFER_BINDING, renderbuffer_) &&
      gl.is_bound(GL_DRAW_FRAMEBUFFER_BINDING, framebuffer_)) {
    attachment_ = attachment_of(format);
    gl.RenderbufferStorage(GL_RENDERBUFFER, format, static_cast<GLsizei>(width),
                           static_cast<GLsizei>(height));
    gl.FramebufferRenderbuffer(GL_DRAW_FRAMEBUFFER, attachment_, GL_RENDERBUFFER, renderbuffer_);
    // Before OpenGL 4.1 a framebuffer without colour is complete only if neither buffer names one.
    if (planes_of(kind) != GL_COLOR_BUFFER_BIT) {
      const GLenum none = GL_NONE;
      gl.DrawBuffers(1, &none);
      const KeptReadFramebuffer kept(gl);
      gl.BindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer_);
      gl.ReadBuffer(GL_NONE);
    }
    status = gl.CheckFramebufferStatus(GL_DRAW_FRAMEBUFFER);
  }
  gl.BindRenderbuffer(GL_RENDERBUFFER, static_cast<GLuint>(renderbuffer_found));
  gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(draw_found));
  if (status != GL_FRAMEBUFFER_COMPLETE) {
    destroy(gl);
    return fail(ErrorId::no_room_to_flip, where, {.numbers = {width, height, status}});
  }
  format_ = format;
  width_ = width;
  height_ = height;
  return {};
}

Result<void> FlippedFramebuffer::take(const GlTable& gl, const PixelRectangle& from, TexelKind kind,
                                      std::source_location where) {
  // The edges of the rectangle are ints for GL.
  for (const std::int64_t edge : {std::int64_t{from.x} + from.width, std::int64_t{from.y} + from.height}) {
    if (edge > INT32_MAX)
      return fail(ErrorId::region_outside, where,
                  {.numbers = {static_cast<std::uint64_t>(edge), 0, INT32_MAX}});
  }
  const GLenum format = format_of_read_buffer(gl, kind);
  if (auto room = make_room(gl, format, from, kind, where); !room) return room;
  // The blit reads images that shaders stored to (OpenGL 4.6 core, section 7.13.2).
  if (gl.limits.memory_barrier) gl.MemoryBarrier(GL_FRAMEBUFFER_BARRIER_BIT);
  const Without scissor(gl, GL_SCISSOR_TEST, true);
  const Without conversion(gl, GL_FRAMEBUFFER_SRGB, !gl.limits.gles);
  const GLint draw_found = gl.integer(GL_DRAW_FRAMEBUFFER_BINDING);
  const auto width = static_cast<GLint>(from.width);
  const auto height = static_cast<GLint>(from.height);
  gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, framebuffer_);
  gl.BlitFramebuffer(from.x, from.y, from.x + width, from.y + height, 0, height, width, 0, planes_of(kind),
                     GL_NEAREST);
  gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(draw_found));
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer_);
  return {};
}

void FlippedFramebuffer::destroy(const GlTable& gl) noexcept {
  if (framebuffer_ != 0) gl.DeleteFramebuffers(1, &framebuffer_);
  if (renderbuffer_ != 0) gl.DeleteRenderbuffers(1, &renderbuffer_);
  framebuffer_ = renderbuffer_ = 0;
  format_ = width_ = height_ = 0;
}

}  // namespace pmb::detail
