// SPDX-License-Identifier: MIT
#include "headless/egl_devices.hpp"

#include <EGL/eglext.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headless/egl_context.hpp"

// Older headers lack EGL_EXT_device_query_name and EGL_EXT_device_drm_render_node.
#ifndef EGL_RENDERER_EXT
#define EGL_RENDERER_EXT 0x335F
#endif
#ifndef EGL_DRM_RENDER_NODE_FILE_EXT
#define EGL_DRM_RENDER_NODE_FILE_EXT 0x3377
#endif

namespace pmb::detail::egl {
namespace {

template <class Function>
Function find(const char* name) noexcept {
  return reinterpret_cast<Function>(eglGetProcAddress(name));
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

// The client extensions and their calls. A call that EGL lacks is null.
struct Client {
  PFNEGLQUERYDEVICESEXTPROC query_devices = nullptr;
  PFNEGLQUERYDEVICESTRINGEXTPROC query_device_string = nullptr;
  PFNEGLGETPLATFORMDISPLAYEXTPROC platform_display = nullptr;
  bool platform_device = false;
  bool platform_surfaceless = false;
};

Client read_client() noexcept {
  const char* const names = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  Client client;
  const bool both = has_name(names, "EGL_EXT_device_base");
  if (both || has_name(names, "EGL_EXT_device_enumeration")) {
    client.query_devices = find<PFNEGLQUERYDEVICESEXTPROC>("eglQueryDevicesEXT");
  }
  if (both || has_name(names, "EGL_EXT_device_query")) {
    client.query_device_string = find<PFNEGLQUERYDEVICESTRINGEXTPROC>("eglQueryDeviceStringEXT");
  }
  if (has_name(names, "EGL_EXT_platform_base")) {
    client.platform_display = find<PFNEGLGETPLATFORMDISPLAYEXTPROC>("eglGetPlatformDisplayEXT");
  }
  client.platform_device = client.platform_display != nullptr && has_name(names, "EGL_EXT_platform_device");
  client.platform_surfaceless =
      client.platform_display != nullptr && has_name(names, "EGL_MESA_platform_surfaceless");
  return client;
}

// A device and the facts that EGL reports before its display is initialised.
struct Device {
  EGLDeviceEXT handle = EGL_NO_DEVICE_EXT;
  GpuInfo info = {};
};

Device describe(const Client& client, EGLDeviceEXT handle) {
  Device device = {.handle = handle};
  if (client.query_device_string == nullptr) return device;
  const char* const names = client.query_device_string(handle, EGL_EXTENSIONS);
  const auto ask = [&](const char* extension, EGLint what) {
    return has_name(names, extension) ? text_or_empty(client.query_device_string(handle, what))
                                      : std::string();
  };
  GpuInfo& info = device.info;
  info.software = has_name(names, "EGL_MESA_device_software");
  info.name = ask("EGL_EXT_device_query_name", EGL_RENDERER_EXT);
  info.device_path = ask("EGL_EXT_device_drm", EGL_DRM_DEVICE_FILE_EXT);
  if (info.device_path.empty())
    info.device_path = ask("EGL_EXT_device_drm_render_node", EGL_DRM_RENDER_NODE_FILE_EXT);
  return device;
}

std::vector<Device> find_devices(const Client& client) {
  std::vector<Device> devices;
  if (client.query_devices == nullptr || !client.platform_device) return devices;
  EGLint count = 0;
  if (client.query_devices(0, nullptr, &count) != EGL_TRUE || count <= 0) return devices;
  std::vector<EGLDeviceEXT> handles(static_cast<std::size_t>(count));
  if (client.query_devices(count, handles.data(), &count) != EGL_TRUE) return devices;
  handles.resize(static_cast<std::size_t>(count));
  for (EGLDeviceEXT handle : handles) devices.push_back(describe(client, handle));
  std::stable_partition(devices.begin(), devices.end(),
                        [](const Device& device) { return !device.info.software; });
  return devices;
}

// Returns nothing if the display creates no context, and "" if that context cannot be made current, as on a thread where
// a GLX context is current.
std::optional<std::string> ask_renderer(EGLDisplay display) {
  const auto create = [&](bool gles) {
    return create_context(display, {.gles = gles, .robust = false}, EGL_NO_CONTEXT,
                          std::source_location::current());
  };
  auto context = create(false);
  if (!context) context = create(true);
  if (!context) return std::nullopt;
  std::string renderer;
  {
    const CurrentGuard guard;
    constexpr unsigned kGlRenderer = 0x1F01;
    const auto get_string = find<const char* (*)(unsigned)>("glGetString");
    if (get_string != nullptr && make_current(display, *context))
      renderer = text_or_empty(get_string(kGlRenderer));
  }
  eglDestroyContext(display, *context);
  return renderer;
}

std::string driver_of(EGLDisplay display) {
#ifdef EGL_MESA_query_driver
  if (has_name(eglQueryString(display, EGL_EXTENSIONS), "EGL_MESA_query_driver")) {
    if (const auto name = find<PFNEGLGETDISPLAYDRIVERNAMEPROC>("eglGetDisplayDriverName")) {
      if (std::string driver = text_or_empty(name(display)); !driver.empty()) return driver;
    }
  }
#endif
  return text_or_empty(eglQueryString(display, EGL_VENDOR));
}

// The CPU can serve the device of a GPU, and the surfaceless platform does not report its device.
bool names_software(std::string_view renderer) {
  for (const std::string_view name :
       {"llvmpipe", "softpipe", "swrast", "SWR ", "SwiftShader", "Software Rasterizer"}) {
    if (renderer.find(name) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<Gpu> open(EGLDisplay display, GpuInfo info) {
  if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) != EGL_TRUE) {
    // The next EGL call of the caller must not find this error.
    eglGetError();
    return std::nullopt;
  }
  info.driver = driver_of(display);
  // GL reports the same name of the CPU on every driver; EGL does not.
  if (info.name.empty() || info.software) {
    std::optional<std::string> renderer = ask_renderer(display);
    if (!renderer) return std::nullopt;
    info.name = renderer->empty() ? info.driver : std::move(*renderer);
  }
  info.software = info.software || names_software(info.name);
  return Gpu{display, std::move(info)};
}

}  // namespace

Survey visit_gpus(const std::function<bool(const Gpu&)>& visit) {
  const Client client = read_client();
  const std::vector<Device> devices = find_devices(client);
  Survey survey;
  survey.devices = devices.size();
  std::vector<Gpu> software;
  const auto visit_next = [&](Gpu& gpu) {
    gpu.info.index = survey.usable++;
    return visit(gpu);
  };

  for (const Device& device : devices) {
    std::optional<Gpu> gpu =
        open(client.platform_display(EGL_PLATFORM_DEVICE_EXT, device.handle, nullptr), device.info);
    if (!gpu) continue;
    if (gpu->info.software) {
      software.push_back(std::move(*gpu));
    } else if (visit_next(*gpu)) {
      return survey;
    }
  }
  if (survey.usable == 0 && software.empty() && client.platform_surfaceless) {
    std::optional<Gpu> gpu =
        open(client.platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr), {});
    if (gpu) software.push_back(std::move(*gpu));
  }
  for (Gpu& gpu : software) {
    if (visit_next(gpu)) return survey;
  }
  return survey;
}

}  // namespace pmb::detail::egl
