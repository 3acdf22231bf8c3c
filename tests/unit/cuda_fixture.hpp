// SPDX-License-Identifier: MIT
// The fixture of the tests of pmb::cuda: a strict fake GL on a fake CUDA device, a stream, and kernels. Every test ends with
// nothing left on the device and no rule broken.
#pragma once

#include <pmb/cuda.hpp>

#include "fake_cuda.hpp"
#include "pmb_fixture.hpp"
#include "strict_gl_graphics.hpp"

// As <cuda.h> declares them.
extern "C" {
int cuDevicePrimaryCtxRetain(void** context, int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuInit(unsigned flags);
int cuCtxGetCurrent(void** context);
int cuCtxSetCurrent(void* context);
int cuStreamCreate(void** stream, unsigned flags);
int cuStreamDestroy_v2(void* stream);
int cuStreamSynchronize(void* stream);
int cuModuleLoadData(void** module, const void* image);
int cuModuleGetFunction(void** function, void* module, const char* name);
int cuLaunchKernel(void* function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   void* stream, void** parameters, void** extra);
int cuGraphicsGLRegisterBuffer(void** resource, unsigned buffer, unsigned flags);
int cuGraphicsUnregisterResource(void* resource);
}

namespace pmb_test {

class CudaTest : public PmbTest {
 public:
  static constexpr std::size_t kBytes = 256;

 protected:
  /// Starts a context on the device, or on no device that CUDA knows.
  void start_with_cuda(pmb::Options options = {}, bool on_device = true) {
    start({}, std::move(options));
    if (on_device) fake_cuda::set_graphics(fake_cuda::graphics_of(*fake_));
    ASSERT_EQ(cuInit(0), 0);
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&program_context_, 0), 0);
    ASSERT_EQ(cuCtxSetCurrent(program_context_), 0);
    ASSERT_EQ(cuStreamCreate(&stream_, 0), 0);
    cuda_ = take(pmb::Cuda::open(*context_));
  }
  void SetUp() override { start_with_cuda(); }

  /// Ends the program's part of CUDA, and then pmb's.
  void end_cuda() {
    if (stream_ == nullptr) return;
    EXPECT_EQ(cuStreamDestroy_v2(stream_), 0);
    stream_ = nullptr;
    cuda_ = {};
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_EQ(fake_cuda::live_objects(), 0);
    for (const std::string& violation : fake_cuda::violations()) ADD_FAILURE() << violation;
    fake_cuda::reset();
    EXPECT_EQ(cuCtxSetCurrent(nullptr), 0);
  }
  void TearDown() override {
    end_cuda();
    PmbTest::TearDown();
  }

  /// Launches a kernel on units of 16 bytes; its second parameter is a pointer or a number.
  void launch(const char* name, std::uint64_t target, std::uint64_t second, std::uint64_t bytes) {
    void* module = nullptr;
    void* function = nullptr;
    ASSERT_EQ(cuModuleLoadData(&module, "pmb_write pmb_copy pmb_add"), 0);
    ASSERT_EQ(cuModuleGetFunction(&function, module, name), 0);
    std::uint64_t units = bytes / 16;
    void* parameters[] = {&target, &second, &units};
    ASSERT_EQ(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream_, parameters, nullptr), 0);
  }
  static std::uint64_t address(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }
  static std::size_t calls_of(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count(fake_cuda::calls(), name));
  }
  /// A mapped buffer that kernels write, beside the tested one.
  pmb::MappedBuffer results(std::size_t bytes) {
    return take(pmb::MappedBuffer::create(*context_, {.size_bytes = bytes, .access = Access::bidirectional}));
  }
  std::shared_ptr<strict_gl::GpuRead> draw_bytes(std::uint32_t buffer, std::int64_t size) {
    return fake_->shader_read(buffer, 0, size);
  }

  pmb::Cuda cuda_;
  void* stream_ = nullptr;
  void* program_context_ = nullptr;
};

}  // namespace pmb_test
