// SPDX-License-Identifier: MIT
// What EGL can render on: its devices in the order of list_gpus, each with an initialised display.
//
// A display is shared by everything in the process that asks for the same device, and eglTerminate ends it
// for all of them (EGL 1.5, section 3.2). So none is ever terminated here: it stays until the process ends,
// and the driver keeps it.
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
  std::uint64_t devices = 0;  ///< As EGL counts them, whether they work or not.
  int usable = 0;             ///< Those that were visited.
};

/// Opens and visits everything that offers desktop OpenGL or OpenGL ES, GPUs before software, until `visit` answers true.
/// What comes behind that is not opened. Leaves current what was current before.
Survey visit_gpus(const std::function<bool(const Gpu&)>& visit);

}  // namespace pmb::detail::egl
