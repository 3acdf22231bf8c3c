// SPDX-License-Identifier: MIT
// The state of a GL context as a program would notice it: bindings, indexed bindings, pixel storage, enables,
// raster state. For finding out what a call has changed.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <string>

namespace gl_test {

using GlState = std::map<std::string, std::int64_t>;

// Queries only; leaves no GL error of its own.
GlState capture_state(const GladGLContext& gl);

// Gives everything that capture_state looks at a value of its own, as far as one buffer, texture, program and
// framebuffer go, so that a call that resets something is seen.
void occupy_state(const GladGLContext& gl);

// "name: before -> after" for each difference outside the bindings that pmb may change, COPY_READ and
// COPY_WRITE; "" when there is none.
std::string changes(const GlState& before, const GlState& after);

}  // namespace gl_test
