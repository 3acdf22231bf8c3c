// SPDX-License-Identifier: MIT
#include "fake_egl.hpp"

#include <EGL/egl.h>
#include <EGL/eglext.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>

namespace fake_egl {
namespace {

// Older headers lack these.
constexpr EGLint kRenderer = 0x335F;
constexpr EGLint kRenderNode = 0x3377;
constexpr EGLint kCudaDevice = 0x323A;

struct State {
  std::deque<Device> devices;
  std::optional<Device> surfaceless;
  std::vector<std::unique_ptr<Made>> contexts;
};

State& state() {
  static State all;
  return all;
}

struct Current {
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  EGLenum api = EGL_OPENGL_ES_API;
  EGLint error = EGL_SUCCESS;
};
thread_local Current current;

EGLBoolean fail(EGLint error) {
  current.error = error;
  return EGL_FALSE;
}

const Device& device_of(void* handle) {
  return *static_cast<const Device*>(handle);
}

bool has(const std::string& names, std::string_view name) {
  return (" " + names + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

auto find_context(EGLContext context) {
  return std::ranges::find(state().contexts, context,
                           [](const auto& made) -> EGLContext { return made.get(); });
}

EGLBoolean query_devices(EGLint most, EGLDeviceEXT* devices, EGLint* count) {
  auto& all = state().devices;
  *count = static_cast<EGLint>(all.size());
  if (!devices) return EGL_TRUE;
  *count = std::min(*count, most);
  for (EGLint i = 0; i < *count; ++i) devices[i] = &all[static_cast<std::size_t>(i)];
  return EGL_TRUE;
}

const char* query_device_string(EGLDeviceEXT handle, EGLint name) {
  const Device& device = device_of(handle);
  const auto text = [&](const char* extension, const std::string& value) -> const char* {
    if (has(device.extensions, extension)) return value.c_str();
    current.error = EGL_BAD_PARAMETER;
    return nullptr;
  };
  switch (name) {
    case EGL_EXTENSIONS:
      return device.extensions.c_str();
    case kRenderer:
      return text("EGL_EXT_device_query_name", device.name);
    case EGL_DRM_DEVICE_FILE_EXT:
      return text("EGL_EXT_device_drm", device.card);
    case kRenderNode:
      return text("EGL_EXT_device_drm_render_node", device.render_node);
    default:
      current.error = EGL_BAD_PARAMETER;
      return nullptr;
  }
}

EGLBoolean query_device_number(EGLDeviceEXT handle, EGLint name, EGLAttrib* value) {
  // A driver answers also for devices that do not name the extension.
  if (name != kCudaDevice) return fail(EGL_BAD_ATTRIBUTE);
  *value = device_of(handle).cuda_device;
  return EGL_TRUE;
}

EGLDisplay platform_display(EGLenum platform, void* native, const EGLint*) {
  if (platform == EGL_PLATFORM_DEVICE_EXT) return native;
  auto& surfaceless = state().surfaceless;
  return platform == EGL_PLATFORM_SURFACELESS_MESA && surfaceless ? &*surfaceless : EGL_NO_DISPLAY;
}

const char* driver_name(EGLDisplay display) {
  return device_of(display).driver.c_str();
}

const char* gl_string(unsigned name) {
  constexpr unsigned kGlRenderer = 0x1F01;
  const auto found = find_context(current.context);
  if (name != kGlRenderer || found == state().contexts.end()) return nullptr;
  return (*found)->device->gl_renderer.c_str();
}

}  // namespace

void set(std::vector<Device> devices, std::optional<Device> surfaceless) {
  state().devices.assign(devices.begin(), devices.end());
  state().surfaceless = std::move(surfaceless);
}

std::size_t live_contexts() {
  return state().contexts.size();
}

const Made& made(void* context) {
  return **find_context(context);
}

}  // namespace fake_egl

using namespace fake_egl;

EGLint eglGetError() {
  return std::exchange(current.error, EGL_SUCCESS);
}

__eglMustCastToProperFunctionPointerType eglGetProcAddress(const char* name) {
  const std::pair<std::string_view, __eglMustCastToProperFunctionPointerType> functions[] = {
      {"eglQueryDevicesEXT", reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&query_devices)},
      {"eglQueryDeviceStringEXT",
       reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&query_device_string)},
      {"eglQueryDeviceAttribEXT",
       reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&query_device_number)},
      {"eglGetPlatformDisplayEXT",
       reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&platform_display)},
      {"eglGetDisplayDriverName", reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&driver_name)},
      {"glGetString", reinterpret_cast<__eglMustCastToProperFunctionPointerType>(&gl_string)}};
  for (const auto& [known, function] : functions) {
    if (known == name) return function;
  }
  return nullptr;
}

const char* eglQueryString(EGLDisplay display, EGLint name) {
  if (display == EGL_NO_DISPLAY) {
    return "EGL_EXT_platform_base EGL_EXT_device_base EGL_EXT_platform_device EGL_MESA_platform_surfaceless";
  }
  const Device& device = device_of(display);
  return name == EGL_EXTENSIONS ? device.display_extensions.c_str() : device.vendor.c_str();
}

EGLBoolean eglInitialize(EGLDisplay display, EGLint*, EGLint*) {
  return device_of(display).initializes ? EGL_TRUE : fail(EGL_NOT_INITIALIZED);
}

EGLBoolean eglBindAPI(EGLenum api) {
  current.api = api;
  return EGL_TRUE;
}

EGLenum eglQueryAPI() {
  return current.api;
}

EGLBoolean eglChooseConfig(EGLDisplay display, const EGLint*, EGLConfig* configs, EGLint, EGLint* count) {
  *configs = display;
  *count = 1;
  return EGL_TRUE;
}

EGLContext eglCreateContext(EGLDisplay display, EGLConfig config, EGLContext share,
                            const EGLint* attributes) {
  const Device& device = device_of(display);
  Made wanted = {.device = &device,
                 .gles = current.api == EGL_OPENGL_ES_API,
                 .shares = share != EGL_NO_CONTEXT,
                 .has_config = config != EGL_NO_CONFIG_KHR};
  for (; *attributes != EGL_NONE; attributes += 2) {
    const EGLint value = attributes[1];
    if (*attributes == EGL_CONTEXT_MAJOR_VERSION) wanted.version += value * 10;
    if (*attributes == EGL_CONTEXT_MINOR_VERSION) wanted.version += value;
    if (*attributes == EGL_CONTEXT_OPENGL_NO_ERROR_KHR) wanted.no_error = value == EGL_TRUE;
    if (*attributes == EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY ||
        *attributes == EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT)
      wanted.robust = value == EGL_LOSE_CONTEXT_ON_RESET;
  }
  if (!wanted.has_config && !has(device.display_extensions, "EGL_KHR_no_config_context")) {
    fail(EGL_BAD_CONFIG);
    return EGL_NO_CONTEXT;
  }
  if (wanted.version > (wanted.gles ? device.newest_es : device.newest)) {
    fail(EGL_BAD_MATCH);
    return EGL_NO_CONTEXT;
  }
  return state().contexts.emplace_back(std::make_unique<Made>(wanted)).get();
}

EGLBoolean eglDestroyContext(EGLDisplay, EGLContext context) {
  const auto found = find_context(context);
  if (found == state().contexts.end()) return fail(EGL_BAD_CONTEXT);
  state().contexts.erase(found);
  return EGL_TRUE;
}

EGLBoolean eglMakeCurrent(EGLDisplay display, EGLSurface, EGLSurface, EGLContext context) {
  if (context != EGL_NO_CONTEXT && find_context(context) == state().contexts.end())
    return fail(EGL_BAD_CONTEXT);
  current.context = context;
  current.display = context == EGL_NO_CONTEXT ? EGL_NO_DISPLAY : display;
  return EGL_TRUE;
}

EGLContext eglGetCurrentContext() {
  return current.context;
}

EGLDisplay eglGetCurrentDisplay() {
  return current.display;
}

EGLSurface eglGetCurrentSurface(EGLint) {
  return EGL_NO_SURFACE;
}
