// SPDX-License-Identifier: MIT
// A stream and a kernel of CUDA for the samples. A program that is built with CUDA includes <cuda.h>, links libcuda and
// compiles its kernels; the samples must compile without, so they open the driver library and give the kernel as PTX.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <pmb/cuda.hpp>

#include "setup.hpp"

namespace sample {

/// Adds a number to each 32-bit word, 16 bytes a thread at a time.
inline constexpr const char* kAddKernel = R"ptx(
.version 6.0
.target sm_50
.address_size 64
.visible .entry pmb_add(.param .u64 target, .param .u64 value, .param .u64 units)
{
  .reg .pred %p<2>;
  .reg .b32 %r<9>;
  .reg .b64 %d<9>;
  ld.param.u64 %d1, [target];
  ld.param.u64 %d2, [value];
  ld.param.u64 %d3, [units];
  cvta.to.global.u64 %d1, %d1;
  cvt.u32.u64 %r8, %d2;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  cvt.u64.u32 %d4, %r3;
  mad.wide.u32 %d5, %r1, %r2, %d4;
  setp.ge.u64 %p1, %d5, %d3;
  @%p1 bra DONE;
  shl.b64 %d6, %d5, 4;
  add.u64 %d7, %d1, %d6;
  ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%d7];
  add.u32 %r4, %r4, %r8;
  add.u32 %r5, %r5, %r8;
  add.u32 %r6, %r6, %r8;
  add.u32 %r7, %r7, %r8;
  st.global.v4.u32 [%d7], {%r4, %r5, %r6, %r7};
DONE:
  ret;
}
)ptx";

/// Ends a sample that cannot run here.
[[noreturn]] inline void skip(const char* why) {
  std::fprintf(stderr, "skipped: %s\n", why);
  std::exit(77);
}

class CudaDevice {
 public:
  /// `device` is open already, so that the library and the device are there.
  explicit CudaDevice(const pmb::Cuda& cuda) {
    void* module = nullptr;
    void* context = nullptr;
    call<int (*)(void**, int)>("cuDevicePrimaryCtxRetain", &context, cuda.device());
    call<int (*)(void*)>("cuCtxSetCurrent", context);
    call<int (*)(void**, unsigned)>("cuStreamCreate", &stream_, 0U);
    call<int (*)(void**, const void*)>("cuModuleLoadData", &module, kAddKernel);
    call<int (*)(void**, void*, const char*)>("cuModuleGetFunction", &add_, module, "pmb_add");
  }

  void* stream() const { return stream_; }
  /// add_kernel<<<blocks, 256, 0, stream>>>(target, value, units)
  void add(std::uint64_t target, std::uint64_t value, std::uint64_t bytes) const {
    std::uint64_t units = bytes / 16;
    void* parameters[] = {&target, &value, &units};
    const auto blocks = static_cast<unsigned>((units + 255) / 256);
    call<int (*)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**,
                 void**)>("cuLaunchKernel", add_, blocks, 1U, 1U, 256U, 1U, 1U, 0U, stream_, parameters,
                          nullptr);
  }

 private:
  template <class Function, class... Arguments>
  void call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<Function>(dlsym(library_, name));
    expect(function && function(arguments...) == 0, name);
  }

  void* library_ = dlopen("libcuda.so.1", RTLD_NOW);
  void* stream_ = nullptr;
  void* add_ = nullptr;
};

/// CUDA on the GPU of a headless context; ends the sample where there is none.
inline pmb::Cuda open_cuda(Gl& gl) {
  auto cuda = pmb::Cuda::open(gl.context, gl.headless.gpu().cuda_device.value_or(0));
  if (!cuda) skip(cuda.error().message().c_str());
  return std::move(*cuda);
}

}  // namespace sample
