// SPDX-License-Identifier: MIT
// EGL without a driver, for the executable that links it in place of libEGL: the devices that a test describes, and the
// contexts that it then has. Each context renders nothing; glGetString(GL_RENDERER) alone works.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace fake_egl {

struct Device {
  std::string extensions = {};   ///< Of the device. Names of EGL, separated by blanks.
  std::string name = {};         ///< EGL_RENDERER_EXT
  std::string card = {};         ///< EGL_DRM_DEVICE_FILE_EXT
  std::string render_node = {};  ///< EGL_DRM_RENDER_NODE_FILE_EXT
  int cuda_device = 0;           ///< EGL_CUDA_DEVICE_NV
  std::string display_extensions = "EGL_KHR_no_config_context";
  std::string driver = {};  ///< eglGetDisplayDriverName
  std::string vendor = "fake";
  std::string gl_renderer = {};
  int newest = 46;     ///< Version of OpenGL, major * 10 + minor; 0: none.
  int newest_es = 32;  ///< Of OpenGL ES.
  bool initializes = true;
};

/// What a context was asked for.
struct Made {
  const Device* device = nullptr;
  int version = 0;
  bool gles = false;
  bool robust = false;
  bool no_error = false;
  bool shares = false;
  bool has_config = false;
};

/// Devices of EGL from now on, and a display without one. Contexts of earlier devices must be gone.
void set(std::vector<Device> devices, std::optional<Device> surfaceless = {});
std::size_t live_contexts();
/// What the context asked for. It is live.
const Made& made(void* context);

}  // namespace fake_egl
