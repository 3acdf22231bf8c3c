// SPDX-License-Identifier: MIT
// Opens CUDA's driver library.

#include "bench/cuda/cuda_driver.hpp"

#include <array>

#include "bench/cuda/cuda_kernels.hpp"

namespace pmb::tool::bench {

Outcome<std::unique_ptr<CudaDriver>> CudaDriver::open(const char* library, int device) {
  std::unique_ptr<CudaDriver> driver(new CudaDriver);
  if (auto loaded = driver->load(library); !loaded) return pass_on(loaded);
  if (auto started = driver->start(device); !started) return pass_on(started);
  return driver;
}

CudaDriver::~CudaDriver() {
  if (module_ != nullptr) calls_.cuModuleUnload(module_);
  if (context_ != nullptr) calls_.cuDevicePrimaryCtxRelease_v2(device_);
}

Outcome<void> CudaDriver::load(const char* library) {
  library_.emplace(library);
  if (!library_->is_open()) return fail(kGpu, "there is no {}", library);
#define PMB_FIND(symbol) library_->find(calls_.symbol, #symbol)
  PMB_FIND(cuInit);
  PMB_FIND(cuDriverGetVersion);
  PMB_FIND(cuGetErrorName);
  PMB_FIND(cuDeviceGet);
  PMB_FIND(cuDeviceGetName);
  PMB_FIND(cuDevicePrimaryCtxRetain);
  PMB_FIND(cuDevicePrimaryCtxRelease_v2);
  PMB_FIND(cuCtxSetCurrent);
  PMB_FIND(cuMemAlloc_v2);
  PMB_FIND(cuMemFree_v2);
  PMB_FIND(cuMemHostAlloc);
  PMB_FIND(cuMemFreeHost);
  PMB_FIND(cuMemHostGetDevicePointer_v2);
  PMB_FIND(cuMemsetD8_v2);
  PMB_FIND(cuMemcpyHtoD_v2);
  PMB_FIND(cuMemcpyDtoH_v2);
  PMB_FIND(cuMemcpyHtoDAsync_v2);
  PMB_FIND(cuMemcpyDtoHAsync_v2);
  PMB_FIND(cuStreamCreate);
  PMB_FIND(cuStreamDestroy_v2);
  PMB_FIND(cuStreamSynchronize);
  PMB_FIND(cuModuleLoadData);
  PMB_FIND(cuModuleUnload);
  PMB_FIND(cuModuleGetFunction);
  PMB_FIND(cuLaunchKernel);
#undef PMB_FIND
  if (library_->missing() != nullptr) return fail(kGpu, "{} lacks {}", library, library_->missing());
  return {};
}

Outcome<void> CudaDriver::start(int device) {
  if (auto done = check(calls_.cuInit(0), "cuInit"); !done) return done;
  if (auto done = check(calls_.cuDeviceGet(&device_, device), "cuDeviceGet"); !done) return done;
  std::array<char, 256> device_name = {};
  int version = 0;
  calls_.cuDeviceGetName(device_name.data(), static_cast<int>(device_name.size()) - 1, device_);
  calls_.cuDriverGetVersion(&version);
  name_ = fmt::format("CUDA {}.{}, {}", version / 1000, version % 1000 / 10, device_name.data());
  if (auto done = check(calls_.cuDevicePrimaryCtxRetain(&context_, device_), "cuDevicePrimaryCtxRetain");
      !done) {
    return done;
  }
  if (auto done = check(calls_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"); !done) return done;
  return check(calls_.cuModuleLoadData(&module_, kCudaKernels), "cuModuleLoadData");
}

CudaDriver::Handle CudaDriver::kernel(const char* kernel_name) const {
  Handle function = nullptr;
  return calls_.cuModuleGetFunction(&function, module_, kernel_name) == 0 ? function : nullptr;
}

Outcome<void> CudaDriver::check(Result result, std::string_view doing) const {
  if (result == 0) return {};
  const char* error = nullptr;
  calls_.cuGetErrorName(result, &error);
  return fail(kGpu, "{} returned {}", doing, error != nullptr ? error : std::to_string(result));
}

}  // namespace pmb::tool::bench
