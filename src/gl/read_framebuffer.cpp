// SPDX-License-Identifier: MIT
#include "gl/read_framebuffer.hpp"

#include "base/fail.hpp"

namespace pmb::detail {
namespace {

GLint integer_of(const GlTable& gl, GLenum name) noexcept {
  GLint value = 0;
  gl.GetIntegerv(name, &value);
  return value;
}

GLenum attachment_of(TexelKind kind) noexcept {
  switch (kind) {
    case TexelKind::depth:
      return GL_DEPTH_ATTACHMENT;
    case TexelKind::stencil:
      return GL_STENCIL_ATTACHMENT;
    case TexelKind::depth_stencil:
      return GL_DEPTH_STENCIL_ATTACHMENT;
    default:
      return GL_COLOR_ATTACHMENT0;
  }
}

class ReadSource {
 public:
  explicit ReadSource(const GlTable& gl) noexcept
      : gl_(gl), framebuffer_(static_cast<GLuint>(integer_of(gl, GL_READ_FRAMEBUFFER_BINDING))) {}

  GLenum status() const noexcept { return gl_.CheckFramebufferStatus(GL_READ_FRAMEBUFFER); }

  bool has(TexelKind kind) const noexcept {
    const bool depth = kind != TexelKind::stencil;
    const bool stencil = kind != TexelKind::depth;
    return (!depth || has_buffer(framebuffer_ == 0 ? GL_DEPTH : GL_DEPTH_ATTACHMENT)) &&
           (!stencil || has_buffer(framebuffer_ == 0 ? GL_STENCIL : GL_STENCIL_ATTACHMENT));
  }

  /// GL_UNSIGNED_NORMALIZED, GL_INT, … of the read buffer. The default framebuffer has no others.
  GLenum component_type(GLenum read_buffer) const noexcept {
    if (framebuffer_ == 0) return GL_UNSIGNED_NORMALIZED;
    return attachment_value(read_buffer, GL_FRAMEBUFFER_ATTACHMENT_COMPONENT_TYPE);
  }
  bool has_ten_bits(GLenum read_buffer) const noexcept {
    return framebuffer_ != 0 && attachment_value(read_buffer, GL_FRAMEBUFFER_ATTACHMENT_RED_SIZE) == 10;
  }
  bool has_buffer(GLenum attachment) const noexcept {
    return attachment_value(attachment, GL_FRAMEBUFFER_ATTACHMENT_OBJECT_TYPE) != GL_NONE;
  }
  bool is_default() const noexcept { return framebuffer_ == 0; }

 private:
  GLenum attachment_value(GLenum attachment, GLenum what) const noexcept {
    GLint value = 0;
    gl_.GetFramebufferAttachmentParameteriv(GL_READ_FRAMEBUFFER, attachment, what, &value);
    return static_cast<GLenum>(value);
  }

  const GlTable& gl_;
  GLuint framebuffer_;
};

Result<void> check_pair_of_gles(const GlTable& gl, const ReadSource& source, GLenum read_buffer,
                                GLenum component, GLenum format, GLenum type, std::source_location where) {
  const bool integer = component == GL_INT || component == GL_UNSIGNED_INT;
  const GLenum own_format = integer ? GL_RGBA_INTEGER : GL_RGBA;
  const GLenum own_type = integer                 ? component
                          : component == GL_FLOAT ? static_cast<GLenum>(GL_FLOAT)
                                                  : static_cast<GLenum>(GL_UNSIGNED_BYTE);
  if (format == own_format && type == own_type) return {};
  if (format == GL_RGBA && type == GL_UNSIGNED_INT_2_10_10_10_REV && !integer &&
      source.has_ten_bits(read_buffer)) {
    return {};
  }
  const auto their_format = static_cast<GLenum>(integer_of(gl, GL_IMPLEMENTATION_COLOR_READ_FORMAT));
  const auto their_type = static_cast<GLenum>(integer_of(gl, GL_IMPLEMENTATION_COLOR_READ_TYPE));
  if (format == their_format && type == their_type) return {};
  return fail(ErrorId::read_pair_illegal, where, {.numbers = {own_type, their_format, their_type}});
}

}  // namespace

Result<void> check_readable(const GlTable& gl, GLenum format, GLenum type, TexelKind kind,
                            std::source_location where) {
  const ReadSource source(gl);
  const GLenum status = source.status();
  if (status != GL_FRAMEBUFFER_COMPLETE) {
    return fail(ErrorId::framebuffer_unreadable, where, {.numbers = {status, 0}});
  }
  const bool colour = kind == TexelKind::colour || kind == TexelKind::integer;
  if (!colour) {
    if (!gl.limits.gles && kind != TexelKind::compressed && source.has(kind)) return {};
    return fail(ErrorId::read_kind_illegal, where, {.numbers = {format, 0}});
  }
  const auto read_buffer = static_cast<GLenum>(integer_of(gl, GL_READ_BUFFER));
  if (read_buffer == GL_NONE || (!source.is_default() && !source.has_buffer(read_buffer))) {
    return fail(ErrorId::framebuffer_unreadable, where, {.numbers = {status, read_buffer}});
  }
  const GLenum component = source.component_type(read_buffer);
  if (gl.limits.gles) {
    return check_pair_of_gles(gl, source, read_buffer, component, format, type, where);
  }
  const bool integer = component == GL_INT || component == GL_UNSIGNED_INT;
  if (integer != (kind == TexelKind::integer)) {
    return fail(ErrorId::read_kind_illegal, where, {.numbers = {format, component}});
  }
  return {};
}

TextureFramebuffer::TextureFramebuffer(const GlTable& gl, TexelKind kind) noexcept
    : gl_(gl), attachment_(attachment_of(kind)), colour_(attachment_ == GL_COLOR_ATTACHMENT0) {
  read_found_ = integer_of(gl, GL_READ_FRAMEBUFFER_BINDING);
  gl.GenFramebuffers(1, &name_);
  if (!colour_) {
    // Before OpenGL 4.1 a framebuffer without colour attachments is complete only if no draw buffer names one
    // either.
    draw_found_ = integer_of(gl, GL_DRAW_FRAMEBUFFER_BINDING);
    gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, name_);
    const GLenum none = GL_NONE;
    gl.DrawBuffers(1, &none);
    gl.BindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(draw_found_));
  }
  gl.BindFramebuffer(GL_READ_FRAMEBUFFER, name_);
  if (!colour_) gl.ReadBuffer(GL_NONE);
}

TextureFramebuffer::~TextureFramebuffer() {
  gl_.BindFramebuffer(GL_READ_FRAMEBUFFER, static_cast<GLuint>(read_found_));
  gl_.DeleteFramebuffers(1, &name_);
}

bool TextureFramebuffer::show(const TextureTarget& target, const TextureRegion& region, std::uint32_t y,
                              std::uint32_t z) noexcept {
  const GlTable& gl = gl_;
  const auto level = static_cast<GLint>(region.level);
  switch (target.target) {
    case GL_TEXTURE_1D:
      gl.FramebufferTexture1D(GL_READ_FRAMEBUFFER, attachment_, target.target, region.texture, level);
      break;
    case GL_TEXTURE_2D:
    case GL_TEXTURE_RECTANGLE:
      gl.FramebufferTexture2D(GL_READ_FRAMEBUFFER, attachment_, target.target, region.texture, level);
      break;
    case GL_TEXTURE_CUBE_MAP:
      gl.FramebufferTexture2D(GL_READ_FRAMEBUFFER, attachment_, GL_TEXTURE_CUBE_MAP_POSITIVE_X + z,
                              region.texture, level);
      break;
    default:
      gl.FramebufferTextureLayer(GL_READ_FRAMEBUFFER, attachment_, region.texture, level,
                                 static_cast<GLint>(target.target == GL_TEXTURE_1D_ARRAY ? y : z));
      break;
  }
  return gl.CheckFramebufferStatus(GL_READ_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
}

}  // namespace pmb::detail
