// SPDX-License-Identifier: MIT
// In place of headless.cpp where pmb is built without EGL. No object of these kinds exists then.
#include "capi/border.hpp"

using namespace pmb::capi;

namespace {

/// The status of a call with these pointers, all of which it needs.
template <class... Pointers>
pmb_status unavailable(std::source_location where, Pointers*... pointers) noexcept {
  return answer(
      [&](auto) {
        (not_null(pointers), ...);
        throw Misuse{pmb::ErrorId::egl_unavailable};
      },
      where);
}

}  // namespace

pmb_status pmb_list_gpus(pmb_gpu_list** gpus) {
  return unavailable(std::source_location::current(), gpus);
}

void pmb_gpu_list_destroy(pmb_gpu_list**) {}

int64_t pmb_gpu_list_count(const pmb_gpu_list*) {
  return 0;
}

pmb_status pmb_gpu_list_get(const pmb_gpu_list* gpus, int64_t, pmb_gpu_info* gpu) {
  return unavailable(std::source_location::current(), gpus, gpu);
}

pmb_status pmb_headless_context_create(const pmb_headless_options* options, pmb_headless_context** headless) {
  return answer([&](auto) {
    not_null(headless);
    checked_or_default(options);
    throw Misuse{pmb::ErrorId::egl_unavailable};
  });
}

void pmb_headless_context_destroy(pmb_headless_context**) {}

pmb_status pmb_headless_context_make_current(pmb_headless_context* headless) {
  return unavailable(std::source_location::current(), headless);
}

pmb_status pmb_headless_context_release_current(pmb_headless_context* headless) {
  return unavailable(std::source_location::current(), headless);
}

pmb_status pmb_headless_context_gpu(const pmb_headless_context* headless, pmb_gpu_info* gpu) {
  return unavailable(std::source_location::current(), headless, gpu);
}

pmb_gl_function pmb_headless_context_loader(const char*) {
  return nullptr;
}

void* pmb_headless_context_native_display(const pmb_headless_context*) {
  return nullptr;
}

void* pmb_headless_context_native_context(const pmb_headless_context*) {
  return nullptr;
}
