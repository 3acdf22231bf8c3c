// SPDX-License-Identifier: MIT
// In place of headless.cpp where pmb is built without EGL. No object of these kinds exists then.
#include "capi/border.hpp"

using namespace pmb::capi;

namespace {

pmb_status unavailable(std::source_location where) noexcept {
  return remember(Misuse{pmb::ErrorId::egl_unavailable}, where);
}

}  // namespace

pmb_status pmb_list_gpus(pmb_gpu_list**) {
  return unavailable(std::source_location::current());
}

void pmb_gpu_list_destroy(pmb_gpu_list**) {}

int64_t pmb_gpu_list_count(const pmb_gpu_list*) {
  return 0;
}

pmb_status pmb_gpu_list_get(const pmb_gpu_list*, int64_t, pmb_gpu_info*) {
  return unavailable(std::source_location::current());
}

pmb_status pmb_headless_context_create(const pmb_headless_options*, pmb_headless_context**) {
  return unavailable(std::source_location::current());
}

void pmb_headless_context_destroy(pmb_headless_context**) {}

pmb_status pmb_headless_context_make_current(pmb_headless_context*) {
  return unavailable(std::source_location::current());
}

pmb_status pmb_headless_context_release_current(pmb_headless_context*) {
  return unavailable(std::source_location::current());
}

pmb_status pmb_headless_context_gpu(const pmb_headless_context*, pmb_gpu_info*) {
  return unavailable(std::source_location::current());
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
