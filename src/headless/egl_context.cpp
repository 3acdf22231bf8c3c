// SPDX-License-Identifier: MIT
// Raw EGL contexts for OpenGL and OpenGL ES.

#include "egl_context.hpp"

#include <EGL/eglext.h>

#include <array>
#include <compare>
#include <span>
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

// The thread's API decides what eglCreateContext makes; it is the caller's, so it is put back.
class BoundApi {
 public:
  explicit BoundApi(EGLenum api) noexcept : before_(eglQueryAPI()), bound_(eglBindAPI(api) == EGL_TRUE) {}
  BoundApi(const BoundApi&) = delete;
  BoundApi& operator=(const BoundApi&) = delete;
  ~BoundApi() {
    if (before_ != EGL_NONE) eglBindAPI(before_);
  }
  /// False where this EGL does not know the API.
  bool is_bound() const noexcept { return bound_; }

 private:
  EGLenum before_;
  bool bound_;
};

EGLConfig config_for(EGLDisplay display, bool gles) noexcept {
  if (has_name(eglQueryString(display, EGL_EXTENSIONS), "EGL_KHR_no_config_context"))
    return EGL_NO_CONFIG_KHR;
  // A surface type of 0 asks for none; the default would ask for windows, which these displays do not have.
  const EGLint attributes[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE,
                               gles ? EGL_OPENGL_ES3_BIT : EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  if (eglChooseConfig(display, attributes, &config, 1, &count) != EGL_TRUE || count < 1) return nullptr;
  return config;
}

EGLContext try_version(EGLDisplay display, EGLConfig config, const ContextRequest& request, Version version,
                       bool robust) noexcept {
  std::array<EGLint, 11> attributes{};
  std::size_t used = 0;
  const auto add = [&](EGLint name, EGLint value) {
    attributes[used++] = name;
    attributes[used++] = value;
  };
  add(EGL_CONTEXT_MAJOR_VERSION, version.major);
  add(EGL_CONTEXT_MINOR_VERSION, version.minor);
  if (!request.gles) add(EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT);
  // Robust buffer access is not asked for: it costs, and what pmb needs is to learn of a reset.
  // EGL 1.5 took the attribute over for both APIs (section 3.7.1); before, OpenGL ES has the extension's.
  const bool by_extension =
      request.gles && has_name(eglQueryString(display, EGL_EXTENSIONS), "EGL_EXT_create_context_robustness");
  if (robust) {
    add(by_extension ? EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT
                     : EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
        EGL_LOSE_CONTEXT_ON_RESET);
  }
  if (request.no_error) add(EGL_CONTEXT_OPENGL_NO_ERROR_KHR, EGL_TRUE);
  attributes[used] = EGL_NONE;
  return eglCreateContext(display, config, request.share_with, attributes.data());
}

}  // namespace

Failure failure_of(const char* call) noexcept {
  return {call, eglGetError()};
}

Error make_error(ErrorId id, std::uint64_t number, std::source_location where, const char* call) noexcept {
  Error error;
  error.status = status_of(id);
  error.id = id;
  error.gl_call = call;
  error.numbers[0] = number;
  error.where = where;
  return error;
}

bool has_name(const char* list, std::string_view name) noexcept {
  if (list == nullptr) return false;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    if (rest.substr(0, end) == name) return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

tl::expected<EGLContext, Failure> create_context(EGLDisplay display, const ContextRequest& request) noexcept {
  const BoundApi api(request.gles ? EGL_OPENGL_ES_API : EGL_OPENGL_API);
  if (!api.is_bound()) return tl::unexpected(failure_of("eglBindAPI"));
  const EGLConfig config = config_for(display, request.gles);
  const std::span<const Version> versions =
      request.gles ? std::span<const Version>(kEsVersions) : std::span<const Version>(kCoreVersions);
  const Version least = request.gl_major > 0 ? Version{request.gl_major, request.gl_minor} : Version{0, 0};

  Failure failure{"eglCreateContext", EGL_BAD_MATCH};
  for (const Version version : versions) {
    if (version < least) break;
    // A version without reset notification is worth more than an older one with it.
    for (const bool robust : {true, false}) {
      if (robust && !request.robust) continue;
      const EGLContext context = try_version(display, config, request, version, robust);
      if (context != EGL_NO_CONTEXT) {
        // The driver is loaded by now.
        watch_process_exit();
        return context;
      }
      failure = failure_of("eglCreateContext");
    }
  }
  return tl::unexpected(failure);
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
