// SPDX-License-Identifier: MIT
// A stream of CUDA with kernels for tests, through the driver library: the program itself would link CUDA.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "cuda/cuda_library.hpp"

namespace gl_test {

// pmb_add(target, value, units) adds a number to every word; pmb_spin(_, cycles, _) takes its time. A unit has 16 bytes.
inline constexpr const char* kTestKernels = R"ptx(
.version 6.0
.target sm_50
.address_size 64

.visible .entry pmb_add(.param .u64 add_target, .param .u64 add_value, .param .u64 add_units)
{
  .reg .pred %p<2>;
  .reg .b32 %r<12>;
  .reg .b64 %rd<12>;
  ld.param.u64 %rd1, [add_target];
  ld.param.u64 %rd2, [add_value];
  ld.param.u64 %rd3, [add_units];
  cvta.to.global.u64 %rd1, %rd1;
  cvt.u32.u64 %r9, %rd2;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %nctaid.x;
  cvt.u64.u32 %rd5, %r3;
  mad.wide.u32 %rd4, %r1, %r2, %rd5;
  mul.wide.u32 %rd6, %r4, %r2;
ADD_ONE:
  setp.ge.u64 %p1, %rd4, %rd3;
  @%p1 bra ADD_DONE;
  shl.b64 %rd7, %rd4, 4;
  add.u64 %rd8, %rd1, %rd7;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd8];
  add.u32 %r5, %r5, %r9;
  add.u32 %r6, %r6, %r9;
  add.u32 %r7, %r7, %r9;
  add.u32 %r8, %r8, %r9;
  st.global.v4.u32 [%rd8], {%r5, %r6, %r7, %r8};
  add.u64 %rd4, %rd4, %rd6;
  bra ADD_ONE;
ADD_DONE:
  ret;
}

.visible .entry pmb_spin(.param .u64 spin_unused, .param .u64 spin_cycles, .param .u64 spin_also_unused)
{
  .reg .pred %p<2>;
  .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [spin_cycles];
  mov.u64 %rd2, %clock64;
SPIN:
  mov.u64 %rd3, %clock64;
  sub.u64 %rd4, %rd3, %rd2;
  setp.lt.u64 %p1, %rd4, %rd1;
  @%p1 bra SPIN;
  ret;
}
)ptx";

class CudaStream {
 public:
  // Uses the device's primary context, which is current on this thread while it lives.
  explicit CudaStream(int device) : library_("libcuda.so.1") {
#define PMB_FIND(name) library_.find(name, #name)
    PMB_FIND(cuDevicePrimaryCtxRetain);
    PMB_FIND(cuDevicePrimaryCtxRelease_v2);
    PMB_FIND(cuCtxPushCurrent_v2);
    PMB_FIND(cuCtxPopCurrent_v2);
    PMB_FIND(cuStreamCreate);
    PMB_FIND(cuStreamDestroy_v2);
    PMB_FIND(cuStreamSynchronize);
    PMB_FIND(cuModuleLoadData);
    PMB_FIND(cuModuleUnload);
    PMB_FIND(cuModuleGetFunction);
    PMB_FIND(cuLaunchKernel);
    PMB_FIND(cuGraphicsGLRegisterBuffer);
    PMB_FIND(cuGraphicsUnregisterResource);
#undef PMB_FIND
    device_ = device;
    constexpr unsigned kNonBlocking = 1;
    expect(cuDevicePrimaryCtxRetain(&context_, device), "cuDevicePrimaryCtxRetain");
    expect(cuCtxPushCurrent_v2(context_), "cuCtxPushCurrent");
    expect(cuStreamCreate(&stream_, kNonBlocking), "cuStreamCreate");
    expect(cuModuleLoadData(&module_, kTestKernels), "cuModuleLoadData");
    expect(cuModuleGetFunction(&add_, module_, "pmb_add"), "pmb_add");
    expect(cuModuleGetFunction(&spin_, module_, "pmb_spin"), "pmb_spin");
  }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;
  ~CudaStream() {
    expect(cuStreamSynchronize(stream_), "cuStreamSynchronize");
    expect(cuStreamDestroy_v2(stream_), "cuStreamDestroy");
    expect(cuModuleUnload(module_), "cuModuleUnload");
    expect(cuCtxPopCurrent_v2(&context_), "cuCtxPopCurrent");
    expect(cuDevicePrimaryCtxRelease_v2(device_), "cuDevicePrimaryCtxRelease");
  }

  void* get() const noexcept { return stream_; }
  void add(std::uint64_t target, std::uint64_t value, std::uint64_t bytes) {
    launch(add_, target, value, bytes / 16, 256);
  }
  // About 1.5 to 2 billion cycles are a second.
  void spin(std::uint64_t cycles) { launch(spin_, 0, cycles, 0, 1); }
  void wait() { expect(cuStreamSynchronize(stream_), "cuStreamSynchronize"); }

  // What CudaBuffer refuses for a mapped buffer.
  void* register_graphics(std::uint32_t buffer) {
    Handle resource = nullptr;
    expect(cuGraphicsGLRegisterBuffer(&resource, buffer, 0), "cuGraphicsGLRegisterBuffer");
    return resource;
  }
  void unregister_graphics(void* resource) {
    expect(cuGraphicsUnregisterResource(resource), "cuGraphicsUnregisterResource");
  }

 private:
  using Code = pmb::cuda::Code;
  using Handle = pmb::cuda::Handle;

  static void expect(Code code, const char* call) { EXPECT_EQ(code, 0) << call; }
  void launch(Handle kernel, std::uint64_t first, std::uint64_t second, std::uint64_t third,
              unsigned groups) {
    std::array<void*, 3> parameters = {&first, &second, &third};
    expect(cuLaunchKernel(kernel, groups, 1, 1, 256, 1, 1, 0, stream_, parameters.data(), nullptr),
           "cuLaunchKernel");
  }

  pmb::cuda::Library library_;
  int device_ = 0;
  Handle context_ = nullptr;
  Handle stream_ = nullptr;
  Handle module_ = nullptr;
  Handle add_ = nullptr;
  Handle spin_ = nullptr;
  Code (*cuDevicePrimaryCtxRetain)(Handle*, int) = nullptr;
  Code (*cuDevicePrimaryCtxRelease_v2)(int) = nullptr;
  Code (*cuCtxPushCurrent_v2)(Handle) = nullptr;
  Code (*cuCtxPopCurrent_v2)(Handle*) = nullptr;
  Code (*cuStreamCreate)(Handle*, unsigned) = nullptr;
  Code (*cuStreamDestroy_v2)(Handle) = nullptr;
  Code (*cuStreamSynchronize)(Handle) = nullptr;
  Code (*cuModuleLoadData)(Handle*, const void*) = nullptr;
  Code (*cuModuleUnload)(Handle) = nullptr;
  Code (*cuModuleGetFunction)(Handle*, Handle, const char*) = nullptr;
  Code (*cuLaunchKernel)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle,
                         void**, void**) = nullptr;
  Code (*cuGraphicsGLRegisterBuffer)(Handle*, std::uint32_t, unsigned) = nullptr;
  Code (*cuGraphicsUnregisterResource)(Handle) = nullptr;
};

}  // namespace gl_test
