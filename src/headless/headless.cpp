// SPDX-License-Identifier: MIT
#include <EGL/egl.h>

#include <cstring>
#include <pmb/headless.hpp>

#include "base/fail.hpp"
#include "base/process_exit.hpp"
#include "headless/egl.hpp"

namespace pmb {

namespace egl = detail::egl;

struct HeadlessContext::Impl {
  egl::Gpu gpu;
  EGLContext context = EGL_NO_CONTEXT;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    // A driver may have shut down already. The end of the process frees its memory.
    if (context == EGL_NO_CONTEXT || detail::process_is_exiting()) return;
    if (eglGetCurrentContext() == context) egl::release_current();
    // EGL keeps a context that is current on another thread until it no longer is (EGL 1.5, section 3.7.2).
    eglDestroyContext(gpu.display, context);
  }
};

namespace {

bool matches(const GpuInfo& gpu, const HeadlessOptions& options) noexcept {
  if (options.software && !gpu.software) return false;
  if (options.gpu_index && *options.gpu_index != gpu.index) return false;
  if (options.cuda_device && options.cuda_device != gpu.cuda_device) return false;
  return strcasestr(gpu.name.c_str(), options.gpu_name.c_str()) != nullptr;
}

tl::unexpected<Error> no_context(const char* call, std::source_location where) noexcept {
  return fail(ErrorId::egl_failed, where, {.numbers = {EGL_BAD_CONTEXT}, .gl_call = call});
}

}  // namespace

Result<std::vector<GpuInfo>> list_gpus(std::source_location where) {
  return guarded(where, [&]() -> Result<std::vector<GpuInfo>> {
    std::vector<GpuInfo> gpus;
    const egl::Survey survey = egl::visit_gpus([&](const egl::Gpu& gpu) {
      gpus.push_back(gpu.info);
      return false;
    });
    if (gpus.empty()) return fail(ErrorId::egl_unavailable, where, {.numbers = {survey.devices}});
    return gpus;
  });
}

Result<HeadlessContext> HeadlessContext::create(const HeadlessOptions& options, std::source_location where) {
  return guarded(where, [&]() -> Result<HeadlessContext> {
    auto impl = std::make_unique<Impl>();
    const auto create_on = [&](const egl::Gpu& gpu, EGLContext share_with) -> Result<void> {
      const auto context = egl::create_context(gpu.display, options, share_with, where);
      if (!context) return pass_on(context);
      impl->gpu = gpu;
      impl->context = *context;
      return {};
    };
    if (options.share_with) {
      const Impl* const other = options.share_with->impl_.get();
      if (!other) return no_context("eglCreateContext", where);
      if (!matches(other->gpu.info, options)) return fail(ErrorId::no_such_gpu, where);
      if (auto created = create_on(other->gpu, other->context); !created) return pass_on(created);
      return HeadlessContext(std::move(impl));
    }
    const bool chosen = options.gpu_index.has_value() || options.cuda_device.has_value() ||
                        !options.gpu_name.empty() || options.software;
    Result<void> first_failure;
    const egl::Survey survey = egl::visit_gpus([&](const egl::Gpu& gpu) {
      if (!matches(gpu.info, options)) return false;
      const auto created = create_on(gpu, EGL_NO_CONTEXT);
      if (!created && first_failure) first_failure = created;
      // A choice means one GPU. Without a choice the next GPU may do.
      return created || chosen;
    });
    if (impl->context != EGL_NO_CONTEXT) return HeadlessContext(std::move(impl));
    if (!first_failure) return pass_on(first_failure);
    if (survey.usable == 0) return fail(ErrorId::egl_unavailable, where, {.numbers = {survey.devices}});
    return fail(ErrorId::no_such_gpu, where);
  });
}

HeadlessContext::HeadlessContext(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
HeadlessContext::HeadlessContext(HeadlessContext&&) noexcept = default;
HeadlessContext& HeadlessContext::operator=(HeadlessContext&&) noexcept = default;
HeadlessContext::~HeadlessContext() = default;

Result<void> HeadlessContext::make_current(std::source_location where) {
  if (!impl_) return no_context("eglMakeCurrent", where);
  if (egl::make_current(impl_->gpu.display, impl_->context)) return {};
  return tl::unexpected(egl::error_of("eglMakeCurrent", where));
}

Result<void> HeadlessContext::release_current(std::source_location where) {
  if (egl::release_current()) return {};
  return tl::unexpected(egl::error_of("eglMakeCurrent", where));
}

const GpuInfo& HeadlessContext::gpu() const noexcept {
  static const GpuInfo none;
  return impl_ ? impl_->gpu.info : none;
}

Loader HeadlessContext::loader() noexcept {
  return Loader(eglGetProcAddress);
}

void* HeadlessContext::native_display() const noexcept {
  return impl_ ? impl_->gpu.display : EGL_NO_DISPLAY;
}

void* HeadlessContext::native_context() const noexcept {
  return impl_ ? impl_->context : EGL_NO_CONTEXT;
}

}  // namespace pmb
