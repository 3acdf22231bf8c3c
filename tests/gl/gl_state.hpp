// SPDX-License-Identifier: MIT
// The state of a GL context that a program can observe: bindings, indexed bindings, pixel storage, enables, raster
// state. Tests compare it before and after a call.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <string>

namespace gl_test {

using GlState = std::map<std::string, std::int64_t>;

// Makes queries only and leaves no GL error.
GlState capture_state(const GladGLContext& gl);

// Sets everything that capture_state reads to a value other than the default, so that a reset is noticed. It uses one
// buffer, texture, program and framebuffer.
void occupy_state(const GladGLContext& gl);

// "name: before -> after" for each difference, except COPY_READ and COPY_WRITE, which pmb may change. Empty if there is
// none.
std::string changes(const GlState& before, const GlState& after);

}  // namespace gl_test
