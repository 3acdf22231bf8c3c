// SPDX-License-Identifier: MIT
#include "headless/egl.hpp"

#include <EGL/eglext.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>

#include "base/fail.hpp"
#include "base/process_exit.hpp"

// Older headers lack EGL_EXT_device_query_name and EGL_EXT_device_drm_render_node.
#ifndef EGL_RENDERER_EXT
#define EGL_RENDERER_EXT 0x335F
#endif
#ifndef EGL_CUDA_DEVICE_NV
#define EGL_CUDA_DEVICE_NV 0x323A
#endif
#ifndef EGL_DRM_RENDER_NODE_FILE_EXT
#define EGL_DRM_RENDER_NODE_FILE_EXT 0x3377
#endif

namespace pmb::detail::egl {
namespace {

/// True if `name` is in a list of names separated by blanks. A null list is empty.
bool has_name(const char* list, std::string_view name) noexcept {
  const std::string_view names = list == nullptr ? "" : list;
  return std::ranges::any_of(std::views::split(names, ' '),
                             [&](const auto& part) { return std::ranges::equal(part, name); });
}

/// Restores the context, the surfaces and the API that were current on this thread.
class CurrentGuard {
 public:
  CurrentGuard() noexcept
      : api_(eglQueryAPI()),
        display_(eglGetCurrentDisplay()),
        context_(eglGetCurrentContext()),
        draw_(eglGetCurrentSurface(EGL_DRAW)),
        read_(eglGetCurrentSurface(EGL_READ)) {}
  CurrentGuard(const CurrentGuard&) = delete;
  CurrentGuard& operator=(const CurrentGuard&) = delete;
  ~CurrentGuard() {
    if (context_ == EGL_NO_CONTEXT) {
      release_current();
    } else if (eglGetCurrentContext() != context_) {
      eglMakeCurrent(display_, draw_, read_, context_);
    }
    if (api_ != EGL_NONE && eglQueryAPI() != api_) eglBindAPI(api_);
  }

 private:
  EGLenum api_;
  EGLDisplay display_;
  EGLContext context_;
  EGLSurface draw_;
  EGLSurface read_;
};

// Major version * 10 + minor version: every one that has a core profile, newest first.
constexpr int kCoreVersions[] = {46, 45, 44, 43, 42, 41, 40, 33, 32};
// Every version of OpenGL ES that has fences.
constexpr int kEsVersions[] = {32, 31, 30};

EGLConfig config_for(EGLDisplay display, bool gles) noexcept {
  if (has_name(eglQueryString(display, EGL_EXTENSIONS), "EGL_KHR_no_config_context"))
    return EGL_NO_CONFIG_KHR;
  // The default surface type is a window, which these displays do not have.
  const EGLint attributes[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE,
                               gles ? EGL_OPENGL_ES3_BIT : EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  if (eglChooseConfig(display, attributes, &config, 1, &count) != EGL_TRUE || count < 1) return nullptr;
  return config;
}

EGLContext try_version(EGLDisplay display, EGLConfig config, const HeadlessOptions& options,
                       EGLContext share_with, int version, bool robust) noexcept {
  std::array<EGLint, 11> attributes{};
  std::size_t used = 0;
  const auto add = [&](EGLint name, EGLint value) {
    attributes[used++] = name;
    attributes[used++] = value;
  };
  add(EGL_CONTEXT_MAJOR_VERSION, version / 10);
  add(EGL_CONTEXT_MINOR_VERSION, version % 10);
  if (!options.gles) add(EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT);
  // Not robust buffer access, which costs: pmb needs only the report of a reset.
  // EGL 1.5 has one attribute for both APIs (section 3.7.1). Before, OpenGL ES has that of the extension.
  const bool by_extension =
      options.gles && has_name(eglQueryString(display, EGL_EXTENSIONS), "EGL_EXT_create_context_robustness");
  if (robust) {
    add(by_extension ? EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT
                     : EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
        EGL_LOSE_CONTEXT_ON_RESET);
  }
  if (options.no_error) add(EGL_CONTEXT_OPENGL_NO_ERROR_KHR, EGL_TRUE);
  attributes[used] = EGL_NONE;
  return eglCreateContext(display, config, share_with, attributes.data());
}

template <class Function>
Function find(const char* name) noexcept {
  return reinterpret_cast<Function>(eglGetProcAddress(name));
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

// A device and the facts that EGL reports before its display is initialised.
struct Device {
  EGLDeviceEXT handle = EGL_NO_DEVICE_EXT;
  GpuInfo info = {};
};

GpuInfo describe(EGLDeviceEXT handle) {
  GpuInfo info;
  const auto query = find<PFNEGLQUERYDEVICESTRINGEXTPROC>("eglQueryDeviceStringEXT");
  if (query == nullptr) return info;
  const char* const names = query(handle, EGL_EXTENSIONS);
  const auto ask = [&](const char* extension, EGLint what) {
    return has_name(names, extension) ? text_or_empty(query(handle, what)) : std::string();
  };
  info.software = has_name(names, "EGL_MESA_device_software");
  info.name = ask("EGL_EXT_device_query_name", EGL_RENDERER_EXT);
  info.device_path = ask("EGL_EXT_device_drm", EGL_DRM_DEVICE_FILE_EXT);
  if (info.device_path.empty())
    info.device_path = ask("EGL_EXT_device_drm_render_node", EGL_DRM_RENDER_NODE_FILE_EXT);
  const auto query_number = find<PFNEGLQUERYDEVICEATTRIBEXTPROC>("eglQueryDeviceAttribEXT");
  EGLAttrib number = 0;
  if (query_number != nullptr && has_name(names, "EGL_NV_device_cuda") &&
      query_number(handle, EGL_CUDA_DEVICE_NV, &number) == EGL_TRUE) {
    info.cuda_device = static_cast<int>(number);
  }
  return info;
}

// `extensions` are those of the client. EGL_EXT_device_enumeration requires EGL_EXT_device_query; EGL_EXT_device_base is
// both.
std::vector<Device> find_devices(const char* extensions) {
  std::vector<Device> devices;
  const auto query = find<PFNEGLQUERYDEVICESEXTPROC>("eglQueryDevicesEXT");
  if (query == nullptr || !has_name(extensions, "EGL_EXT_platform_device") ||
      !(has_name(extensions, "EGL_EXT_device_base") || has_name(extensions, "EGL_EXT_device_enumeration"))) {
    return devices;
  }
  EGLint count = 0;
  if (query(0, nullptr, &count) != EGL_TRUE || count <= 0) return devices;
  std::vector<EGLDeviceEXT> handles(static_cast<std::size_t>(count));
  if (query(count, handles.data(), &count) != EGL_TRUE) return devices;
  handles.resize(static_cast<std::size_t>(count));
  for (EGLDeviceEXT handle : handles) devices.push_back({handle, describe(handle)});
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
  constexpr const char* kNames[] = {"llvmpipe", "softpipe",    "swrast",
                                    "SWR ",     "SwiftShader", "Software Rasterizer"};
  return std::ranges::any_of(kNames,
                             [&](const char* name) { return renderer.find(name) != std::string_view::npos; });
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

Error error_of(const char* call, std::source_location where) noexcept {
  return make_error(ErrorId::egl_failed, where,
                    {.numbers = {static_cast<std::uint64_t>(eglGetError())}, .gl_call = call});
}

Result<EGLContext> create_context(EGLDisplay display, const HeadlessOptions& options, EGLContext share_with,
                                  std::source_location where) noexcept {
  const CurrentGuard guard;
  if (eglBindAPI(options.gles ? EGL_OPENGL_ES_API : EGL_OPENGL_API) != EGL_TRUE) {
    return tl::unexpected(error_of("eglBindAPI", where));
  }
  const EGLConfig config = config_for(display, options.gles);
  const auto versions =
      options.gles ? std::span<const int>(kEsVersions) : std::span<const int>(kCoreVersions);
  const int least = options.gl_major > 0 ? options.gl_major * 10 + options.gl_minor : 0;

  Error error =
      make_error(ErrorId::egl_failed, where, {.numbers = {EGL_BAD_MATCH}, .gl_call = "eglCreateContext"});
  for (const int version : versions) {
    if (version < least) break;
    // A version without reset notification is worth more than an older one with it.
    for (const bool robust : {true, false}) {
      if (robust && !options.robust) continue;
      const EGLContext context = try_version(display, config, options, share_with, version, robust);
      if (context != EGL_NO_CONTEXT) {
        // The driver is loaded by now.
        watch_process_exit();
        return context;
      }
      error = error_of("eglCreateContext", where);
    }
  }
  return tl::unexpected(error);
}

bool make_current(EGLDisplay display, EGLContext context) noexcept {
  return eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_TRUE;
}

bool release_current() noexcept {
  const EGLDisplay display = eglGetCurrentDisplay();
  return display == EGL_NO_DISPLAY || make_current(display, EGL_NO_CONTEXT);
}

Survey visit_gpus(const std::function<bool(const Gpu&)>& visit) {
  const char* const extensions = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  Survey survey;
  // Both platforms require EGL_EXT_platform_base, which has this call.
  const auto platform_display = find<PFNEGLGETPLATFORMDISPLAYEXTPROC>("eglGetPlatformDisplayEXT");
  if (platform_display == nullptr) return survey;
  const std::vector<Device> devices = find_devices(extensions);
  survey.devices = devices.size();
  std::vector<Gpu> software;
  const auto visit_next = [&](Gpu& gpu) {
    gpu.info.index = survey.usable++;
    return visit(gpu);
  };

  for (const Device& device : devices) {
    std::optional<Gpu> gpu =
        open(platform_display(EGL_PLATFORM_DEVICE_EXT, device.handle, nullptr), device.info);
    if (!gpu) continue;
    if (gpu->info.software) {
      software.push_back(std::move(*gpu));
    } else if (visit_next(*gpu)) {
      return survey;
    }
  }
  if (survey.usable == 0 && software.empty() && has_name(extensions, "EGL_MESA_platform_surfaceless")) {
    std::optional<Gpu> gpu =
        open(platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr), {});
    if (gpu) software.push_back(std::move(*gpu));
  }
  for (Gpu& gpu : software) {
    if (visit_next(gpu)) return survey;
  }
  return survey;
}

}  // namespace pmb::detail::egl
