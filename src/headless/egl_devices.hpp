// SPDX-License-Identifier: MIT
// The devices of EGL in the order of list_gpus(), each with an initialised display.
//
// The whole process shares the display of a device, and eglTerminate ends it for all users (EGL 1.5, section 3.2). No display
// is therefore terminated here.
#pragma once

#include <EGL/egl.h>

#include <cstdint>
#include <functional>
#include <pmb/headless.hpp>

namespace pmb::detail::egl {

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
