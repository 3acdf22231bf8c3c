// SPDX-License-Identifier: MIT
// Headless contexts, where pmb is built with EGL; see without_headless.cpp.
#include <pmb/headless.hpp>

#include "capi/border.hpp"

namespace pmb::capi {

template <>
struct ObjectOf<pmb_headless_context> : std::type_identity<HeadlessContext> {};
template <>
struct ObjectOf<pmb_gpu_list> : std::type_identity<std::vector<GpuInfo>> {};

static pmb_gpu_info to_c(const GpuInfo& gpu) noexcept {
  return {.struct_bytes = sizeof(pmb_gpu_info),
          .name = gpu.name.c_str(),
          .driver = gpu.driver.c_str(),
          .device_path = gpu.device_path.c_str(),
          .index = gpu.index,
          .software = gpu.software,
          .cuda_device = gpu.cuda_device.value_or(-1)};
}

static HeadlessOptions from_c(const pmb_headless_options& given) {
  HeadlessOptions options;
  if (given.by_index) options.gpu_index = given.gpu_index;
  if (given.by_cuda_device) options.cuda_device = given.cuda_device;
  options.gpu_name = text_or_empty(given.gpu_name);
  options.software = given.software;
  options.gles = given.gles;
  options.gl_major = given.gl_major;
  options.gl_minor = given.gl_minor;
  options.no_error = given.no_error;
  options.robust = !given.not_robust;
  options.share_with = object_or_null(given.share_with);
  return options;
}

}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_list_gpus(pmb_gpu_list** gpus) {
  return answer(gpus, [](auto where) { return pmb::list_gpus(where); });
}

void pmb_gpu_list_destroy(pmb_gpu_list** gpus) {
  destroy(gpus);
}

int64_t pmb_gpu_list_count(const pmb_gpu_list* gpus) {
  return answer_or(gpus, int64_t{0}, [](const auto& list) { return list.size(); });
}

pmb_status pmb_gpu_list_get(const pmb_gpu_list* gpus, int64_t position, pmb_gpu_info* gpu) {
  return answer([&](auto) {
    const auto& list = object(gpus);
    fill(gpu, to_c(list[index_below(position, list.size())]));
  });
}

pmb_status pmb_headless_context_create(const pmb_headless_options* options, pmb_headless_context** headless) {
  return answer(headless, [&](auto where) {
    return pmb::HeadlessContext::create(from_c(checked_or_default(options)), where);
  });
}

void pmb_headless_context_destroy(pmb_headless_context** headless) {
  destroy(headless);
}

pmb_status pmb_headless_context_make_current(pmb_headless_context* headless) {
  return answer([&](auto where) { return object(headless).make_current(where); });
}

pmb_status pmb_headless_context_release_current(pmb_headless_context* headless) {
  return answer([&](auto where) { return object(headless).release_current(where); });
}

pmb_status pmb_headless_context_gpu(const pmb_headless_context* headless, pmb_gpu_info* gpu) {
  return answer([&](auto) { fill(gpu, to_c(object(headless).gpu())); });
}

pmb_gl_function pmb_headless_context_loader(const char* name) {
  return name ? reinterpret_cast<pmb_gl_function>(pmb::HeadlessContext::loader()(name)) : nullptr;
}

void* pmb_headless_context_native_display(const pmb_headless_context* headless) {
  return answer_or(headless, static_cast<void*>(nullptr),
                   [](const auto& owner) { return owner.native_display(); });
}

void* pmb_headless_context_native_context(const pmb_headless_context* headless) {
  return answer_or(headless, static_cast<void*>(nullptr),
                   [](const auto& owner) { return owner.native_context(); });
}
