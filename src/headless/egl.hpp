// SPDX-License-Identifier: MIT
// The devices of EGL in the order of list_gpus(), each with an initialised display, and raw contexts on them.
//
// The whole process shares the display of a device, and eglTerminate ends it for all users (EGL 1.5, section 3.2). No display
// is therefore terminated here.
#pragma once

#include <EGL/egl.h>

#include <functional>
#include <pmb/headless.hpp>

namespace pmb::detail::egl {

/// The egl_failed of an EGL call. Takes eglGetError, which clears it.
Error error_of(const char* call, std::source_location where) noexcept;

/// Creates a context on an initialised display, of the newest version that the driver has and `options` allow. The options
/// that choose a GPU do not matter. `share_with` is a context of the same display or EGL_NO_CONTEXT. What is current stays.
Result<EGLContext> create_context(EGLDisplay display, const HeadlessOptions& options, EGLContext share_with,
                                  std::source_location where) noexcept;

/// Makes the context current on this thread, with no surface.
bool make_current(EGLDisplay display, EGLContext context) noexcept;
/// Leaves no context current on this thread. True if none was.
bool release_current() noexcept;

struct Gpu {
  EGLDisplay display = EGL_NO_DISPLAY;
  GpuInfo info;
};

struct Survey {
  std::uint64_t devices = 0;  ///< That EGL lists, whether they work or not.
  int usable = 0;             ///< That were visited.
};

/// Opens and visits each device that has desktop OpenGL or OpenGL ES, GPUs before software, until `visit` returns true. Later
/// devices are not opened. What is current on the thread stays.
Survey visit_gpus(const std::function<bool(const Gpu&)>& visit);

}  // namespace pmb::detail::egl
