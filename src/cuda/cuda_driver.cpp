// SPDX-License-Identifier: MIT
#include "cuda/cuda_driver.hpp"

#include "base/fail.hpp"
#include "base/process_exit.hpp"

namespace pmb::cuda {

Result<std::shared_ptr<Driver>> Driver::open(const char* library, int device, std::source_location where) {
  std::shared_ptr<Driver> driver(new Driver(library));
  if (!driver->library_.is_open()) return fail(ErrorId::cuda_missing, where);
#define PMB_FIND(name) driver->library_.find(driver->calls_.name, #name)
  PMB_FIND(cuInit);
  PMB_FIND(cuDeviceGet);
  PMB_FIND(cuDevicePrimaryCtxRetain);
  PMB_FIND(cuDevicePrimaryCtxRelease_v2);
  PMB_FIND(cuCtxPushCurrent_v2);
  PMB_FIND(cuCtxPopCurrent_v2);
  PMB_FIND(cuCtxSynchronize);
  PMB_FIND(cuEventCreate);
  PMB_FIND(cuEventDestroy_v2);
  PMB_FIND(cuEventQuery);
  PMB_FIND(cuStreamQuery);
  PMB_FIND(cuMemHostRegister_v2);
  PMB_FIND(cuMemHostUnregister);
  PMB_FIND(cuMemHostGetDevicePointer_v2);
  PMB_FIND(cuGraphicsGLRegisterBuffer);
  PMB_FIND(cuGraphicsUnregisterResource);
  PMB_FIND(cuGraphicsMapResources);
  PMB_FIND(cuGraphicsUnmapResources);
  PMB_FIND(cuGraphicsResourceGetMappedPointer_v2);
#undef PMB_FIND
  driver->library_.find_if_there(driver->calls_.cuCtxRecordEvent, "cuCtxRecordEvent");
  if (driver->library_.missing()) return fail(ErrorId::cuda_missing, where);
  if (auto started = driver->start(device, where); !started) return pass_on(started);
  return driver;
}

Result<void> Driver::start(int device, std::source_location where) {
  const auto unavailable = [&](const char* call, Code result) {
    return fail(ErrorId::cuda_unavailable, where,
                {.numbers = {static_cast<std::uint64_t>(result), static_cast<std::uint64_t>(device)},
                 .gl_call = call});
  };
  if (const Code result = calls_.cuInit(0); result != 0) return unavailable("cuInit", result);
  int found = 0;
  if (const Code result = calls_.cuDeviceGet(&found, device); result != 0) {
    return unavailable("cuDeviceGet", result);
  }
  if (const Code result = calls_.cuDevicePrimaryCtxRetain(&context_, found); result != 0) {
    context_ = nullptr;
    return unavailable("cuDevicePrimaryCtxRetain", result);
  }
  device_ = found;
  // The driver has registered its own handler by now.
  detail::watch_process_exit();
  return {};
}

Driver::~Driver() {
  if (context_ && !detail::process_is_exiting()) calls_.cuDevicePrimaryCtxRelease_v2(device_);
}

tl::unexpected<Error> Driver::failed(const char* name, Code result, std::source_location where) noexcept {
  return fail(ErrorId::cuda_failed, where,
              {.numbers = {static_cast<std::uint64_t>(result)}, .gl_call = name});
}

Driver::Scope::Scope(const Driver& driver) noexcept
    : driver_(driver), result_(driver.calls_.cuCtxPushCurrent_v2(driver.context_)) {}

Driver::Scope::~Scope() {
  Handle popped = nullptr;
  if (result_ == 0) driver_.calls_.cuCtxPopCurrent_v2(&popped);
}

}  // namespace pmb::cuda
