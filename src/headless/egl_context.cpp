// SPDX-License-Identifier: MIT
#include "headless/egl_context.hpp"

#include <EGL/eglext.h>

#include <algorithm>
#include <array>
#include <compare>
#include <span>

#include "base/fail.hpp"
#include "base/process_exit.hpp"

namespace pmb::detail::egl {
namespace {

struct Version {
  int major;
  int minor;
  auto operator<=>(const Version&) const = default;
};

// Every version that has a core profile, newest first.
constexpr Version kCoreVersions[] = {{4, 6}, {4, 5}, {4, 4}, {4, 3}, {4, 2}, {4, 1}, {4, 0}, {3, 3}, {3, 2}};
// Every version of OpenGL ES that has fences.
constexpr Version kEsVersions[] = {{3, 2}, {3, 1}, {3, 0}};

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
                       EGLContext share_with, Version version, bool robust) noexcept {
  std::array<EGLint, 11> attributes{};
  std::size_t used = 0;
  const auto add = [&](EGLint name, EGLint value) {
    attributes[used++] = name;
    attributes[used++] = value;
  };
  add(EGL_CONTEXT_MAJOR_VERSION, version.major);
  add(EGL_CONTEXT_MINOR_VERSION, version.minor);
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

}  // namespace

Error error_of(const char* call, std::source_location where) noexcept {
  return make_error(ErrorId::egl_failed, where,
                    {.numbers = {static_cast<std::uint64_t>(eglGetError())}, .gl_call = call});
}

bool has_name(const char* list, std::string_view name) noexcept {
  std::string_view rest = list == nullptr ? "" : list;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Result<EGLContext> create_context(EGLDisplay display, const HeadlessOptions& options, EGLContext share_with,
                                  std::source_location where) noexcept {
  const CurrentGuard guard;
  if (eglBindAPI(options.gles ? EGL_OPENGL_ES_API : EGL_OPENGL_API) != EGL_TRUE) {
    return tl::unexpected(error_of("eglBindAPI", where));
  }
  const EGLConfig config = config_for(display, options.gles);
  const std::span<const Version> versions =
      options.gles ? std::span<const Version>(kEsVersions) : std::span<const Version>(kCoreVersions);
  const Version least = options.gl_major > 0 ? Version{options.gl_major, options.gl_minor} : Version{0, 0};

  Error error =
      make_error(ErrorId::egl_failed, where, {.numbers = {EGL_BAD_MATCH}, .gl_call = "eglCreateContext"});
  for (const Version version : versions) {
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

CurrentGuard::CurrentGuard() noexcept
    : api_(eglQueryAPI()),
      display_(eglGetCurrentDisplay()),
      context_(eglGetCurrentContext()),
      draw_(eglGetCurrentSurface(EGL_DRAW)),
      read_(eglGetCurrentSurface(EGL_READ)) {}

CurrentGuard::~CurrentGuard() {
  if (context_ == EGL_NO_CONTEXT) {
    release_current();
  } else if (eglGetCurrentContext() != context_) {
    eglMakeCurrent(display_, draw_, read_, context_);
  }
  if (api_ != EGL_NONE && eglQueryAPI() != api_) eglBindAPI(api_);
}

}  // namespace pmb::detail::egl
