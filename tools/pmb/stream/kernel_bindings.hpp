// SPDX-License-Identifier: MIT
// Finds the buffers, textures and subroutines of a kernel to which `pmb stream` binds nothing.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <string_view>

#include "common/failure.hpp"

namespace pmb::tool {

/// Failures: kKernel, if the linked program uses anything but storage buffers at bindings 0 and 1 and plain
/// uniforms. The message has the kind, name and binding of each such resource.
Outcome<void> require_bound(const GladGLContext& gl, GLuint program, std::string_view kernel);

}  // namespace pmb::tool
