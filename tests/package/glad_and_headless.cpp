// SPDX-License-Identifier: MIT
// pmb in a program that has a second glad, which also keeps its entry points in a context. Unless one of the two
// is renamed, both define functions of the same names. The GL context comes from pmb::headless.

#include <glad/gl.h>
// The loader's header first.
#include <EGL/egl.h>

#include <pmb/headless.hpp>

namespace {
GladGLContext entry;
}

#define glBindBuffer entry.BindBuffer
#define glBufferData entry.BufferData
#define glCopyBufferSubData entry.CopyBufferSubData
#define glDeleteSync entry.DeleteSync
#define glFenceSync entry.FenceSync
#define glGenBuffers entry.GenBuffers
#define glGetBufferSubData entry.GetBufferSubData
#define glGetError entry.GetError
#define glGetIntegerv entry.GetIntegerv
#define glIsSync entry.IsSync
#include "round_trip.hpp"

int main() {
  auto headless = pmb::HeadlessContext::create({.gl_major = 4, .gl_minor = 4});
  if (!headless || !headless->make_current())
    return neighbour::skip("EGL makes no context of OpenGL 4.4 here");
  if (gladLoadGLContext(&entry, eglGetProcAddress) == 0) return neighbour::failed("gladLoadGLContext");
  return neighbour::round_trip(eglGetProcAddress);
}
