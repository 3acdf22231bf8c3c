// SPDX-License-Identifier: MIT

#include "verify/texels.hpp"

namespace pmb::tool::verify {

Image::Image(const Gpu& gpu, GLsizei width, GLsizei height) : gl_(gpu.gl), width_(width) {
  if (gl_.TexStorage2D == nullptr) skip_check("the context has no immutable textures");
  gl_.GenTextures(1, &texture_);
  gl_.BindTexture(GL_TEXTURE_2D, texture_);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, width, height);
  gl_.GenFramebuffers(1, &framebuffer_);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture_, 0);
  if (gl_.CheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
    fail_check("a framebuffer of an RGBA8 texture is incomplete");
}

Image::~Image() {
  gl_.DeleteFramebuffers(1, &framebuffer_);
  gl_.DeleteTextures(1, &texture_);
}

void Image::upload(GLint row, GLsizei rows, GLuint buffer, const void* place) const {
  gl_.BindTexture(GL_TEXTURE_2D, texture_);
  gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, buffer);
  gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, row, width_, rows, GL_RGBA, GL_UNSIGNED_BYTE, place);
  gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
}

void Image::read(GLint row, GLsizei rows, GLuint buffer, void* place, GLenum target) const {
  gl_.BindFramebuffer(GL_FRAMEBUFFER, 0);
  gl_.BindFramebuffer(target, framebuffer_);
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
  gl_.ReadPixels(0, row, width_, rows, GL_RGBA, GL_UNSIGNED_BYTE, place);
  gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
}

}  // namespace pmb::tool::verify
