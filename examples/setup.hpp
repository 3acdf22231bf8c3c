// SPDX-License-Identifier: MIT
// Helpers for the samples of docs/usage-patterns.md: a context without a window, shader programs, and an exit on the
// first error. A real program handles its errors where they arise.
#pragma once

#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>

#include <cstdio>
#include <cstdlib>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <utility>

namespace sample {

[[noreturn]] inline void stop(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

/// Returns the value of a result; prints the error and exits if there is none.
template <class T>
T need(pmb::Result<T> result) {
  if (!result) stop(result.error().message().c_str());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// For calls that return false where they do nothing.
inline void need(bool done) {
  if (!done) stop("the bytes do not fit, or the slice is stale");
}

inline void expect(bool condition, const char* what) {
  if (!condition) stop(what);
}

/// With validation, so that a sample with an error fails. Advice about waits depends on the machine.
inline pmb::Options options() {
  pmb::Options options;
  options.validation = [](const pmb::Report& report) {
    if (pmb::severity_of(report.id) == pmb::Severity::error) stop(report.details().c_str());
  };
  return options;
}

struct Gl {
  pmb::HeadlessContext headless = need(pmb::HeadlessContext::create());
  pmb::Context context = [this] {
    need(headless.make_current());
    return need(pmb::Context::from_current(pmb::HeadlessContext::loader(), options()));
  }();
};

inline GLuint shader(GLenum kind, const char* source) {
  const GLuint name = glCreateShader(kind);
  glShaderSource(name, 1, &source, nullptr);
  glCompileShader(name);
  GLint compiled = 0;
  glGetShaderiv(name, GL_COMPILE_STATUS, &compiled);
  expect(compiled == GL_TRUE, "a sample's shader does not compile");
  return name;
}

template <class... Shaders>
GLuint program(Shaders... shaders) {
  const GLuint name = glCreateProgram();
  (glAttachShader(name, shaders), ...);
  glLinkProgram(name);
  GLint linked = 0;
  glGetProgramiv(name, GL_LINK_STATUS, &linked);
  expect(linked == GL_TRUE, "a sample's program does not link");
  return name;
}

/// Binds a new RGBA8 framebuffer of `width` × `height` texels.
inline void bind_target(int width, int height) {
  GLuint texture = 0;
  GLuint framebuffer = 0;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, width, height);
  glGenFramebuffers(1, &framebuffer);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  glViewport(0, 0, width, height);
}

}  // namespace sample
