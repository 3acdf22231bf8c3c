// SPDX-License-Identifier: MIT
#include "gl/exact_texture.hpp"

#include <algorithm>
#include <initializer_list>

#include "gl/read_attachment.hpp"

namespace pmb::detail {
namespace {

/// Components of the texture are elements of the type, or exact in it.
bool holds_elements(const ReadAttachment& source, GLenum type) noexcept {
  const bool floats = type != GL_UNSIGNED_BYTE;
  // A shader reads sRGB as linear colour.
  if (source.component() != (floats ? GLenum{GL_FLOAT} : GLenum{GL_UNSIGNED_NORMALIZED}) ||
      source.value(GL_FRAMEBUFFER_ATTACHMENT_COLOR_ENCODING) != GL_LINEAR) {
    return false;
  }
  // glReadPixels clamps floats if the program asks for it (OpenGL 4.6 core, section 18.2).
  if (floats && source.gl.integer(GL_CLAMP_READ_COLOR) == GL_TRUE) return false;
  const GLint least = floats ? 16 : 8;
  const GLint most = type == GL_FLOAT ? 32 : least;
  return std::ranges::all_of(
      std::initializer_list<GLenum>{GL_FRAMEBUFFER_ATTACHMENT_RED_SIZE, GL_FRAMEBUFFER_ATTACHMENT_GREEN_SIZE,
                                    GL_FRAMEBUFFER_ATTACHMENT_BLUE_SIZE,
                                    GL_FRAMEBUFFER_ATTACHMENT_ALPHA_SIZE},
      [&](GLenum component) {
        const GLint bits = source.value(component);
        return bits == 0 || (bits >= least && bits <= most);
      });
}

bool holds_depth(const ReadAttachment& source, GLenum type) noexcept {
  return type == GL_FLOAT && source.component() == GL_FLOAT &&
         source.value(GL_FRAMEBUFFER_ATTACHMENT_DEPTH_SIZE) == 32 &&
         source.value(GL_FRAMEBUFFER_ATTACHMENT_STENCIL_SIZE) == 0;
}

/// texelFetch of level 0 returns the components in their places (OpenGL 4.6 core, sections 11.1.3.2 and 15.2.1).
bool is_plain(const GlTable& gl, GLuint texture) noexcept {
  const auto parameter = [&](GLenum what) {
    GLint value = 0;
    gl.GetTextureParameteriv(texture, what, &value);
    return static_cast<GLenum>(value);
  };
  if (parameter(GL_TEXTURE_TARGET) != GL_TEXTURE_2D || parameter(GL_TEXTURE_BASE_LEVEL) != 0) return false;
  for (GLenum component = 0; component < 4; ++component) {
    if (parameter(GL_TEXTURE_SWIZZLE_R + component) != GL_RED + component) return false;
  }
  return true;
}

bool contains(const GlTable& gl, GLuint texture, const PixelRectangle& from) noexcept {
  GLint width = 0;
  GLint height = 0;
  gl.GetTextureLevelParameteriv(texture, 0, GL_TEXTURE_WIDTH, &width);
  gl.GetTextureLevelParameteriv(texture, 0, GL_TEXTURE_HEIGHT, &height);
  return from.x >= 0 && from.y >= 0 && std::int64_t{from.x} + from.width <= width &&
         std::int64_t{from.y} + from.height <= height;
}

}  // namespace

GLuint exact_texture(const GlTable& gl, const PixelRectangle& from, GLenum format, GLenum type) noexcept {
  if (gl.integer(GL_READ_FRAMEBUFFER_BINDING) == 0) return 0;
  const bool depth = format == GL_DEPTH_COMPONENT;
  const ReadAttachment source = {
      gl, depth ? GLenum{GL_DEPTH_ATTACHMENT} : static_cast<GLenum>(gl.integer(GL_READ_BUFFER))};
  if (source.value(GL_FRAMEBUFFER_ATTACHMENT_OBJECT_TYPE) != GL_TEXTURE ||
      source.value(GL_FRAMEBUFFER_ATTACHMENT_TEXTURE_LEVEL) != 0 ||
      !(depth ? holds_depth(source, type) : holds_elements(source, type))) {
    return 0;
  }
  const auto texture = static_cast<GLuint>(source.value(GL_FRAMEBUFFER_ATTACHMENT_OBJECT_NAME));
  return texture != 0 && is_plain(gl, texture) && contains(gl, texture, from) ? texture : 0;
}

}  // namespace pmb::detail
