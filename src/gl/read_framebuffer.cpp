// SPDX-License-Identifier: MIT
#include "gl/read_framebuffer.hpp"

#include "base/fail.hpp"
#include "gl/read_attachment.hpp"

namespace pmb::detail {
namespace {

GLenum attachment_of(TexelKind kind) noexcept {
  if (kind == TexelKind::depth) return GL_DEPTH_ATTACHMENT;
  if (kind == TexelKind::stencil) return GL_STENCIL_ATTACHMENT;
  return kind == TexelKind::depth_stencil ? GL_DEPTH_STENCIL_ATTACHMENT : GL_COLOR_ATTACHMENT0;
}

bool has_buffer(const GlTable& gl, GLenum attachment) noexcept {
  return ReadAttachment{gl, attachment}.value(GL_FRAMEBUFFER_ATTACHMENT_OBJECT_TYPE) != GL_NONE;
}

/// The buffers of depth and stencil that a kind needs.
bool has_buffers_of(const GlTable& gl, TexelKind kind, bool is_default) noexcept {
  return (kind == TexelKind::stencil || has_buffer(gl, is_default ? GL_DEPTH : GL_DEPTH_ATTACHMENT)) &&
         (kind == TexelKind::depth || has_buffer(gl, is_default ? GL_STENCIL : GL_STENCIL_ATTACHMENT));
}

/// Samples of the framebuffer that is bound for reading; 0 if it is not multisampled. GL tells only those of the framebuffer
/// that is bound for drawing.
GLint samples_of(const GlTable& gl, GLint read_framebuffer) noexcept {
  const GLint drawn = gl.integer(GL_DRAW_FRAMEBUFFER_BINDING);
  const bool same = drawn == read_framebuffer;
  if (!same) gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(read_framebuffer));
  const GLint samples = gl.integer(GL_SAMPLE_BUFFERS) != 0 ? gl.integer(GL_SAMPLES) : 0;
  if (!same) gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(drawn));
  return samples;
}

bool is_integer(GLenum component_type) noexcept {
  return component_type == GL_INT || component_type == GL_UNSIGNED_INT;
}

/// `read_buffer` is 0 for the default framebuffer.
Result<void> check_pair_of_gles(const GlTable& gl, GLenum read_buffer, GLenum component, GLenum format,
                                GLenum type, std::source_location where) {
  const bool integer = is_integer(component);
  const GLenum own_format = integer ? GL_RGBA_INTEGER : GL_RGBA;
  const GLenum own_type = integer                 ? component
                          : component == GL_FLOAT ? GLenum{GL_FLOAT}
                                                  : GLenum{GL_UNSIGNED_BYTE};
  if (format == own_format && type == own_type) return {};
  if (format == GL_RGBA && type == GL_UNSIGNED_INT_2_10_10_10_REV && !integer && read_buffer != 0 &&
      ReadAttachment{gl, read_buffer}.value(GL_FRAMEBUFFER_ATTACHMENT_RED_SIZE) == 10) {
    return {};
  }
  const auto their_format = static_cast<GLenum>(gl.integer(GL_IMPLEMENTATION_COLOR_READ_FORMAT));
  const auto their_type = static_cast<GLenum>(gl.integer(GL_IMPLEMENTATION_COLOR_READ_TYPE));
  if (format == their_format && type == their_type) return {};
  return fail(ErrorId::read_pair_illegal, where, {.numbers = {own_type, their_format, their_type}});
}

}  // namespace

Result<void> check_readable(const GlTable& gl, GLenum format, GLenum type, TexelKind kind,
                            std::source_location where) {
  const GLint framebuffer = gl.integer(GL_READ_FRAMEBUFFER_BINDING);
  const bool is_default = framebuffer == 0;
  const GLenum status = gl.CheckFramebufferStatus(GL_READ_FRAMEBUFFER);
  if (status != GL_FRAMEBUFFER_COMPLETE) {
    return fail(ErrorId::framebuffer_unreadable, where, {.numbers = {status, 0}});
  }
  // Of the default framebuffer GL reads resolved pixels (OpenGL 4.6 core, section 18.2.1).
  if (const GLint samples = is_default ? 0 : samples_of(gl, framebuffer); samples != 0) {
    return fail(ErrorId::framebuffer_multisampled, where, {.numbers = {static_cast<std::uint64_t>(samples)}});
  }
  if (kind != TexelKind::colour && kind != TexelKind::integer) {
    if (!gl.limits.gles && kind != TexelKind::compressed && has_buffers_of(gl, kind, is_default)) return {};
    return fail(ErrorId::read_kind_illegal, where, {.numbers = {format, 0}});
  }
  const auto read_buffer = static_cast<GLenum>(gl.integer(GL_READ_BUFFER));
  if (read_buffer == GL_NONE || (!is_default && !has_buffer(gl, read_buffer))) {
    return fail(ErrorId::framebuffer_unreadable, where, {.numbers = {status, read_buffer}});
  }
  // GL_UNSIGNED_NORMALIZED, GL_INT, …; the default framebuffer has no others.
  const GLenum component =
      is_default ? GLenum{GL_UNSIGNED_NORMALIZED} : ReadAttachment{gl, read_buffer}.component();
  if (gl.limits.gles) {
    return check_pair_of_gles(gl, is_default ? 0 : read_buffer, component, format, type, where);
  }
  if (is_integer(component) == (kind == TexelKind::integer)) return {};
  return fail(ErrorId::read_kind_illegal, where, {.numbers = {format, component}});
}

TextureFramebuffer::TextureFramebuffer(const GlTable& gl, TexelKind kind) noexcept
    : gl_(gl), attachment_(attachment_of(kind)), found_(gl.integer(GL_READ_FRAMEBUFFER_BINDING)) {
  const bool colour = attachment_ == GL_COLOR_ATTACHMENT0;
  gl.GenFramebuffers(1, &name_);
  if (name_ == 0) return;
  if (!colour) {
    // Before OpenGL 4.1 a framebuffer without colour attachments is complete only if no draw buffer names one either.
    const GLint draw_found = gl.integer(GL_DRAW_FRAMEBUFFER_BINDING);
    gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, name_);
    const GLenum none = GL_NONE;
    gl.DrawBuffers(1, &none);
    gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(draw_found));
  }
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, name_);
  if (!colour) gl.ReadBuffer(GL_NONE);
}

TextureFramebuffer::~TextureFramebuffer() {
  if (name_ == 0) return;
  gl_.BindFramebuffer(GL_READ_FRAMEBUFFER, static_cast<GLuint>(found_));
  gl_.DeleteFramebuffers(1, &name_);
}

bool TextureFramebuffer::show(const TextureTarget& target, const TextureRegion& region, std::uint32_t y,
                              std::uint32_t z) noexcept {
  // The calls below would change a framebuffer of the program.
  if (!gl_.is_bound(GL_READ_FRAMEBUFFER_BINDING, name_)) return false;
  const auto level = static_cast<GLint>(region.level);
  const bool cube = target.target == GL_TEXTURE_CUBE_MAP;
  if (target.target == GL_TEXTURE_1D) {
    gl_.FramebufferTexture1D(GL_READ_FRAMEBUFFER, attachment_, target.target, region.texture, level);
  } else if (cube || target.target == GL_TEXTURE_2D || target.target == GL_TEXTURE_RECTANGLE) {
    gl_.FramebufferTexture2D(GL_READ_FRAMEBUFFER, attachment_,
                             cube ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + z : target.target, region.texture,
                             level);
  } else {
    gl_.FramebufferTextureLayer(GL_READ_FRAMEBUFFER, attachment_, region.texture, level,
                                static_cast<GLint>(target.target == GL_TEXTURE_1D_ARRAY ? y : z));
  }
  return gl_.CheckFramebufferStatus(GL_READ_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
}

}  // namespace pmb::detail
