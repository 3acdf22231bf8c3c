// SPDX-License-Identifier: MIT
// GL contexts with no window: the choice of a GPU, and a context's life.

#include <EGL/egl.h>

#include <algorithm>
#include <new>
#include <optional>
#include <pmb/headless.hpp>
#include <string_view>
#include <utility>
#include "base/process_exit.hpp"

#include "egl_context.hpp"
#include "egl_devices.hpp"

namespace pmb {

namespace egl = detail::egl;

struct HeadlessContext::Impl {
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  GpuInfo gpu;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    // The driver may have taken itself down already; the process's end frees what it had.
    if (context == EGL_NO_CONTEXT || detail::process_is_exiting()) return;
    if (eglGetCurrentContext() == context) egl::release_current();
    // Where it is current on another thread, EGL keeps it until that thread lets go (EGL 1.5, section 3.7.2).
    eglDestroyContext(display, context);
  }
};

namespace {

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

bool matches(const GpuInfo& gpu, const HeadlessOptions& options) noexcept {
  if (options.software && !gpu.software) return false;
  if (options.gpu_index && *options.gpu_index != gpu.index) return false;
  return contains_ignoring_case(gpu.name, options.gpu_name);
}

Error out_of_memory(std::source_location where) noexcept {
  return egl::make_error(ErrorId::out_of_host_memory, sizeof(egl::Gpu), where);
}

Error failed(const egl::Failure& failure, std::source_location where) noexcept {
  return egl::make_error(ErrorId::egl_failed, static_cast<std::uint64_t>(failure.error), where, failure.call);
}

}  // namespace

Result<std::vector<GpuInfo>> list_gpus(std::source_location where) {
  try {
    std::vector<GpuInfo> gpus;
    const egl::Survey survey = egl::visit_gpus([&](const egl::Gpu& gpu) {
      gpus.push_back(gpu.info);
      return false;
    });
    if (gpus.empty()) return tl::unexpected(egl::make_error(ErrorId::egl_unavailable, survey.devices, where));
    return gpus;
  } catch (const std::bad_alloc&) {
    return tl::unexpected(out_of_memory(where));
  }
}

Result<HeadlessContext> HeadlessContext::create(const HeadlessOptions& options, std::source_location where) {
  try {
    egl::ContextRequest request{.gles = options.gles,
                                .gl_major = options.gl_major,
                                .gl_minor = options.gl_minor,
                                .no_error = options.no_error,
                                .robust = options.robust};
    const bool chosen = options.gpu_index.has_value() || !options.gpu_name.empty() || options.software;
    auto impl = std::make_unique<Impl>();
    if (options.share_with) {
      const Impl* const other = options.share_with->impl_.get();
      if (!other) return tl::unexpected(failed({"eglCreateContext", EGL_BAD_CONTEXT}, where));
      if (!matches(other->gpu, options)) {
        return tl::unexpected(egl::make_error(ErrorId::no_such_gpu, 0, where));
      }
      request.share_with = other->context;
      const auto context = egl::create_context(other->display, request);
      if (!context) return tl::unexpected(failed(context.error(), where));
      impl->display = other->display;
      impl->context = *context;
      impl->gpu = other->gpu;
      return HeadlessContext(std::move(impl));
    }
    std::optional<egl::Failure> first_failure;
    const egl::Survey survey = egl::visit_gpus([&](const egl::Gpu& gpu) {
      if (!matches(gpu.info, options)) return false;
      const auto context = egl::create_context(gpu.display, request);
      if (!context) {
        if (!first_failure) first_failure = context.error();
        // Who named a GPU means that one; who named none gets the next that can.
        return chosen;
      }
      impl->display = gpu.display;
      impl->context = *context;
      impl->gpu = gpu.info;
      return true;
    });
    if (impl->context != EGL_NO_CONTEXT) return HeadlessContext(std::move(impl));
    if (first_failure) return tl::unexpected(failed(*first_failure, where));
    if (survey.usable == 0) {
      return tl::unexpected(egl::make_error(ErrorId::egl_unavailable, survey.devices, where));
    }
    return tl::unexpected(egl::make_error(ErrorId::no_such_gpu, 0, where));
  } catch (const std::bad_alloc&) {
    return tl::unexpected(out_of_memory(where));
  }
}

HeadlessContext::HeadlessContext(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
HeadlessContext::HeadlessContext(HeadlessContext&&) noexcept = default;
HeadlessContext& HeadlessContext::operator=(HeadlessContext&&) noexcept = default;
HeadlessContext::~HeadlessContext() = default;

Result<void> HeadlessContext::make_current(std::source_location where) {
  if (!impl_) return tl::unexpected(failed({"eglMakeCurrent", EGL_BAD_CONTEXT}, where));
  if (!egl::make_current(impl_->display, impl_->context)) {
    return tl::unexpected(failed(egl::failure_of("eglMakeCurrent"), where));
  }
  return {};
}

Result<void> HeadlessContext::release_current(std::source_location where) {
  if (!egl::release_current()) return tl::unexpected(failed(egl::failure_of("eglMakeCurrent"), where));
  return {};
}

const GpuInfo& HeadlessContext::gpu() const noexcept {
  static const GpuInfo none;
  return impl_ ? impl_->gpu : none;
}

Loader HeadlessContext::loader() noexcept {
  return Loader(eglGetProcAddress);
}

void* HeadlessContext::native_display() const noexcept {
  return impl_ ? impl_->display : EGL_NO_DISPLAY;
}

void* HeadlessContext::native_context() const noexcept {
  return impl_ ? impl_->context : EGL_NO_CONTEXT;
}

}  // namespace pmb
