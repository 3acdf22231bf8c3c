// SPDX-License-Identifier: MIT
// The functions of CUDA's driver library that the limit needs, loaded at run time: the program neither links CUDA nor
// needs its headers.
//
// Threads: the thread that opened it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/failure.hpp"
#include "cuda/cuda_library.hpp"

namespace pmb::tool::bench {

/// A device with its primary context current on this thread, and the kernels of cuda_kernels.hpp loaded.
class CudaDriver {
 public:
  using Result = cuda::Code;
  using DevicePointer = cuda::DevicePointer;
  using Handle = cuda::Handle;

  struct Functions {
    Result (*cuInit)(unsigned);
    Result (*cuDriverGetVersion)(int*);
    Result (*cuGetErrorName)(Result, const char**);
    Result (*cuDeviceGet)(int*, int);
    Result (*cuDeviceGetName)(char*, int, int);
    Result (*cuDevicePrimaryCtxRetain)(Handle*, int);
    Result (*cuDevicePrimaryCtxRelease_v2)(int);
    Result (*cuCtxSetCurrent)(Handle);
    Result (*cuMemAlloc_v2)(DevicePointer*, std::size_t);
    Result (*cuMemFree_v2)(DevicePointer);
    Result (*cuMemHostAlloc)(void**, std::size_t, unsigned);
    Result (*cuMemFreeHost)(void*);
    Result (*cuMemHostGetDevicePointer_v2)(DevicePointer*, void*, unsigned);
    Result (*cuMemsetD8_v2)(DevicePointer, unsigned char, std::size_t);
    Result (*cuMemcpyHtoD_v2)(DevicePointer, const void*, std::size_t);
    Result (*cuMemcpyDtoH_v2)(void*, DevicePointer, std::size_t);
    Result (*cuMemcpyHtoDAsync_v2)(DevicePointer, const void*, std::size_t, Handle);
    Result (*cuMemcpyDtoHAsync_v2)(void*, DevicePointer, std::size_t, Handle);
    Result (*cuStreamCreate)(Handle*, unsigned);
    Result (*cuStreamDestroy_v2)(Handle);
    Result (*cuStreamSynchronize)(Handle);
    Result (*cuModuleLoadData)(Handle*, const void*);
    Result (*cuModuleUnload)(Handle);
    Result (*cuModuleGetFunction)(Handle*, Handle, const char*);
    Result (*cuLaunchKernel)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                             Handle, void**, void**);
  };

  /// Failures: kGpu, naming what is missing.
  static Outcome<std::unique_ptr<CudaDriver>> open(const char* library, int device);
  CudaDriver(const CudaDriver&) = delete;
  CudaDriver& operator=(const CudaDriver&) = delete;
  ~CudaDriver();

  const Functions& calls() const noexcept { return calls_; }
  /// "CUDA 13.0, NVIDIA H200".
  const std::string& name() const noexcept { return name_; }
  /// One of the kernels; null if the module lacks it.
  Handle kernel(const char* kernel_name) const;
  /// Failures: kGpu with the driver's name of the error.
  Outcome<void> check(Result result, std::string_view doing) const;

 private:
  CudaDriver() = default;
  Outcome<void> load(const char* library);
  Outcome<void> start(int device);

  Functions calls_ = {};
  std::string name_;
  std::optional<cuda::Library> library_;
  Handle context_ = nullptr;
  Handle module_ = nullptr;
  int device_ = 0;
};

}  // namespace pmb::tool::bench
