// SPDX-License-Identifier: MIT
// Creates raw EGL contexts for OpenGL and OpenGL ES, and restores what was current before.
#pragma once

#include <EGL/egl.h>

#include <pmb/headless.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <string_view>

namespace pmb::detail::egl {

/// The egl_failed of an EGL call. Takes eglGetError, which clears it.
Error error_of(const char* call, std::source_location where) noexcept;

/// True if `name` is in a list of names separated by blanks. A null list is empty.
bool has_name(const char* list, std::string_view name) noexcept;

/// Creates a context on an initialised display, of the newest version that the driver has and `options` allow. The options
/// that choose a GPU do not matter. `share_with` is a context of the same display or EGL_NO_CONTEXT. What is current stays.
Result<EGLContext> create_context(EGLDisplay display, const HeadlessOptions& options, EGLContext share_with,
                                  std::source_location where) noexcept;

/// Makes the context current on this thread, with no surface.
bool make_current(EGLDisplay display, EGLContext context) noexcept;
/// Leaves no context current on this thread. True if none was.
bool release_current() noexcept;

/// Restores the context, the surfaces and the API that were current on this thread.
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
