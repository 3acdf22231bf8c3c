// SPDX-License-Identifier: MIT
// Raw EGL contexts for OpenGL and OpenGL ES: making one as asked, and putting back what was current before.
#pragma once

#include <EGL/egl.h>

#include <pmb/result.hpp>
#include <source_location>
#include <string_view>

namespace pmb::detail::egl {

/// Which EGL call failed, and with what eglGetError answered.
struct Failure {
  const char* call = "";
  EGLint error = EGL_SUCCESS;
};

/// Takes eglGetError now, which clears it.
Failure failure_of(const char* call) noexcept;

/// An Error of pmb with one number.
Error make_error(ErrorId id, std::uint64_t number, std::source_location where,
                 const char* call = "") noexcept;

/// Whether a list of names separated by blanks holds `name`. A null list holds none.
bool has_name(const char* list, std::string_view name) noexcept;

/// What a context shall be like.
struct ContextRequest {
  bool gles = false;  ///< OpenGL ES; else a core profile of desktop OpenGL.
  int gl_major = 0;   ///< Least version wanted; 0: the newest that there is.
  int gl_minor = 0;
  bool no_error = false;
  bool robust = true;                      ///< A wish: where the driver cannot, the context is made without.
  EGLContext share_with = EGL_NO_CONTEXT;  ///< Of the same display.
};

/// A context on an initialised display, of the newest version that the driver makes. Current nowhere.
tl::expected<EGLContext, Failure> create_context(EGLDisplay display, const ContextRequest& request) noexcept;

/// Makes the context current on this thread, with no surface.
bool make_current(EGLDisplay display, EGLContext context) noexcept;
/// Leaves none current on this thread; true where none was.
bool release_current() noexcept;

/// Puts back, at the end of its scope, the context, surfaces and API that were current on this thread at its
/// start.
class CurrentGuard {
 public:
  CurrentGuard() noexcept;
  CurrentGuard(const CurrentGuard&) = delete;
  CurrentGuard& operator=(const CurrentGuard&) = delete;
  ~CurrentGuard();

 private:
  EGLenum api_;
  EGLDisplay display_;
  EGLContext context_;
  EGLSurface draw_;
  EGLSurface read_;
};

}  // namespace pmb::detail::egl
