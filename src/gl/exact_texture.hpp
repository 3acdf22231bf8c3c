// SPDX-License-Identifier: MIT
// Finds the texture behind the framebuffer that is bound for reading, if a shader reads the same bits from it as glReadPixels.
#pragma once

#include <pmb/texture.hpp>

#include "gl/gl_table.hpp"

namespace pmb::detail {

/// The texture whose level 0 holds `from`, if check_readable() accepts the framebuffer. 0 for anything else: renderbuffers,
/// other targets and levels, and texels that GL converts for this format and type. Needs direct state access: without it, GL
/// does not report the target of a texture.
GLuint exact_texture(const GlTable& gl, const PixelRectangle& from, GLenum format, GLenum type) noexcept;

}  // namespace pmb::detail
