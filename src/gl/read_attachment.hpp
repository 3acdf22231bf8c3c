// SPDX-License-Identifier: MIT
// One attachment of the framebuffer that is bound for reading.
#pragma once

#include "gl/gl_table.hpp"

namespace pmb::detail {

struct ReadAttachment {
  const GlTable& gl;
  GLenum point;

  GLint value(GLenum what) const noexcept {
    GLint found = 0;
    gl.GetFramebufferAttachmentParameteriv(GL_READ_FRAMEBUFFER, point, what, &found);
    return found;
  }
  /// GL_UNSIGNED_NORMALIZED, GL_FLOAT, GL_INT, …
  GLenum component() const noexcept {
    return static_cast<GLenum>(value(GL_FRAMEBUFFER_ATTACHMENT_COMPONENT_TYPE));
  }
};

}  // namespace pmb::detail
