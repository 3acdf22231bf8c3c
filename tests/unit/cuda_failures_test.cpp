// SPDX-License-Identifier: MIT
// pmb::cuda where the driver library, the device or a call of it fails: a typed error, no crash, nothing left behind.
#include "cuda/cuda_driver.hpp"
#include "cuda_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Cuda;
using pmb::CudaBuffer;

constexpr int kOutOfMemory = 2;

TEST_F(CudaTest, AMissingLibraryAndOneWithoutCudaAreTheSameError) {
  const auto here = std::source_location::current();
  EXPECT_EQ(id_of(pmb::cuda::Driver::open("libno_such_cuda.so.1", 0, here)), ErrorId::cuda_missing);
  EXPECT_EQ(id_of(pmb::cuda::Driver::open("libc.so.6", 0, here)), ErrorId::cuda_missing);
}

TEST_F(CudaTest, AMissingDeviceIsNamed) {
  const auto opened = Cuda::open(*context_, 7);
  ASSERT_EQ(id_of(opened), ErrorId::cuda_unavailable);
  EXPECT_EQ(opened.error().numbers[1], 7U);
  constexpr int kNoDevice = 100;
  fake_cuda::fail("cuInit", 1, kNoDevice);
  const auto without = Cuda::open(*context_);
  ASSERT_EQ(id_of(without), ErrorId::cuda_unavailable);
  EXPECT_EQ(without.error().numbers[0], static_cast<std::uint64_t>(kNoDevice));
  EXPECT_EQ(status_of(without), Status::unsupported);
}

/// Everything that pmb asks of the driver, with a new object. Ends at the first error.
pmb::Result<void> use_everything(pmb::Context& context, GLuint plain, void* stream) {
  auto cuda = Cuda::open(context);
  if (!cuda) return tl::unexpected(cuda.error());
  auto mapped = take(pmb::MappedBuffer::create(context, {.size_bytes = CudaTest::kBytes}));
  if (auto pointer = cuda->pointer(mapped); !pointer) return tl::unexpected(pointer.error());
  if (auto ordered = cuda->order(stream); !ordered) return ordered;
  auto buffer = CudaBuffer::create(*cuda, plain);
  if (!buffer) return tl::unexpected(buffer.error());
  if (auto pointer = buffer->map(stream); !pointer) return tl::unexpected(pointer.error());
  return buffer->unmap();
}

/// The calls that end something. One that fails leaves that on the device.
bool ends_something(std::string_view call) {
  const auto has = [&](std::string_view part) { return call.find(part) != call.npos; };
  return has("Un") || has("Release") || has("Destroy") || has("Ctx");
}

TEST_F(CudaTest, ADriverErrorAtAnyCallLeavesNothingBehind) {
  cuda_ = {};
  const GLuint plain = plain_buffer(kBytes);
  const std::size_t before = fake_cuda::calls().size();
  take(use_everything(*context_, plain, stream_));
  const std::vector<std::string> made(fake_cuda::calls().begin() + static_cast<std::ptrdiff_t>(before),
                                      fake_cuda::calls().end());
  const int live = fake_cuda::live_objects();
  EXPECT_GT(made.size(), 20U);
  std::map<std::string, unsigned> nth;
  for (const std::string& call : made) {
    fake_cuda::fail(call, ++nth[call], kOutOfMemory);
    const auto used = use_everything(*context_, plain, stream_);
    if (!used) {
      EXPECT_EQ(used.error().numbers[0], static_cast<std::uint64_t>(kOutOfMemory)) << call;
    }
    if (ends_something(call)) {
      fake_cuda::forgive();
    } else {
      EXPECT_EQ(fake_cuda::live_objects(), live) << call << " number " << nth[call];
    }
  }
}

TEST_F(CudaTest, AFailedUnmapIsMadeGoodAtTheNextOrder) {
  fake_cuda::fail("cuGraphicsUnmapResources", 1, kOutOfMemory);
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::cuda_failed);
  auto input = results(kBytes);
  auto output = results(kBytes);
  fake_->server_write(input.buffer(), 0, pattern(kBytes, 1));
  take(cuda_.order(stream_));
  launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(input)), kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 1));
}

TEST_F(CudaTest, TheErrorOfAnEarlierKernelIsReturned) {
  auto output = results(kBytes);
  const std::uint64_t target = take(cuda_.pointer(output));
  launch("pmb_copy", target, 16, kBytes);
  EXPECT_NE(cuStreamSynchronize(stream_), 0);
  const auto ordered = cuda_.order(stream_);
  ASSERT_EQ(id_of(ordered), ErrorId::cuda_failed);
  constexpr std::uint64_t kIllegalAddress = 700;
  EXPECT_EQ(ordered.error().numbers[0], kIllegalAddress);
  cuda_ = {};
  output = {};
  fake_cuda::forgive();
}

TEST_F(CudaTest, WaitsOnTheCpuAreBounded) {
  end_cuda();
  pmb::Options options;
  options.timeout = 0ns;
  start_with_cuda(options, false);
  auto output = results(kBytes);
  launch("pmb_write", take(cuda_.pointer(output)), 1, kBytes);
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::wait_timed_out) << "GL's first poll";
  fake_->set_polls_until_done(0);
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::wait_timed_out) << "the stream's first poll";
  take(cuda_.order(stream_));
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::fence_is_null);
  fake_->script("glClientWaitSync", 1, strict_gl::wait_failed());
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::wait_failed);
}

TEST_F(CudaTest, AKernelThatNeverEndsKeepsItsMemory) {
  end_cuda();
  pmb::Options options;
  options.timeout = 0ns;
  start_with_cuda(options);
  auto output = results(kBytes);
  launch("pmb_write", take(cuda_.pointer(output)), 1, kBytes);
  fake_cuda::never_end(true);
  EXPECT_EQ(id_of(output.destroy()), ErrorId::wait_timed_out);
  EXPECT_TRUE(output.is_mapped());
  EXPECT_EQ(calls_of("cuMemHostUnregister"), 0U);
  fake_cuda::never_end(false);
  EXPECT_EQ(id_of(output.destroy()), ErrorId::wait_timed_out) << "the first poll";
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  take(output.destroy());
  EXPECT_EQ(calls_of("cuMemHostUnregister"), 1U);
}

TEST_F(CudaTest, ARingEndsWhileAKernelThatNeverEndsUsesIt) {
  end_cuda();
  pmb::Options options;
  options.timeout = 0ns;
  start_with_cuda(options);
  {
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096, .label = "kept"}));
    const pmb::Slice slice = put(ring, pattern(kBytes, 1));
    launch("pmb_write", take(cuda_.pointer(slice)), 1, kBytes);
    take(ring.retire(mark()));
    fake_cuda::never_end(true);
  }
  EXPECT_EQ(calls_of("cuMemHostUnregister"), 0U);
  EXPECT_EQ(fake_->mapped_buffers(), 1U) << "the kernel uses it still";
  ASSERT_EQ(log_lines_.size(), 1U);
  EXPECT_NE(log_lines_[0].find("'kept'"), std::string::npos);
  leaks_expected_ = true;
  cuda_ = {};
  fake_cuda::forgive();
}

TEST_F(CudaTest, ADriverWithoutEventsOfTheContextIsWaitedForWithoutABound) {
  auto output = results(kBytes);
  launch("pmb_write", take(cuda_.pointer(output)), 1, kBytes);
  constexpr int kNotSupported = 801;
  fake_cuda::fail("cuCtxRecordEvent", 1, kNotSupported);
  take(output.destroy());
  EXPECT_EQ(calls_of("cuCtxSynchronize"), 1U);
  EXPECT_EQ(fake_cuda::queued(), 0U);
}

class CudaLoss : public CudaTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { start_with_cuda({}, GetParam()); }

  /// A kernel reads what a ring published.
  void expect_bytes_to_arrive() {
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 1024}));
    auto output = results(kBytes);
    const pmb::Slice slice = put(ring, pattern(kBytes, 1));
    take(cuda_.order(stream_));
    launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(slice)), kBytes);
    take(cuda_.order(stream_));
    const pmb::Ticket ticket = mark();
    take(ring.retire(slice, ticket));
    take(ticket.wait(10s));
    EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 1));
  }
};
INSTANTIATE_TEST_SUITE_P(Where, CudaLoss, testing::Bool(), [](const testing::TestParamInfo<bool>& tested) {
  return tested.param ? "OnTheDevice" : "OnNoDevice";
});

TEST_P(CudaLoss, EndsEveryRegistrationAndANewContextWorks) {
  expect_bytes_to_arrive();
  leaks_expected_ = true;
  {
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 1024}));
    auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = kBytes, .count = 1}));
    auto output = results(kBytes);
    const pmb::Slice slice = put(ring, pattern(kBytes, 2));
    const pmb::Block block = take(pool.acquire());
    const std::uint64_t target = take(cuda_.pointer(output));
    launch("pmb_copy", target, take(cuda_.pointer(slice)), kBytes);
    take(cuda_.pointer(block));
    CudaBuffer in_vram;
    if (cuda_.orders_on_gpu()) {
      in_vram = take(CudaBuffer::create(cuda_, plain_buffer(kBytes)));
      take(in_vram.map(stream_));
    }
    fake_->lose_context();
    // CUDA orders both queues without a question to GL.
    if (cuda_.orders_on_gpu()) {
      EXPECT_FALSE(timeline().mark());
    }
    EXPECT_EQ(status_of(cuda_.order(stream_)), Status::context_lost);
    EXPECT_TRUE(context_->lost());
    for (int turn = 0; turn < 2; ++turn) {
      EXPECT_EQ(status_of(cuda_.order(stream_)), Status::context_lost);
      EXPECT_EQ(status_of(cuda_.pointer(slice)), Status::context_lost);
      EXPECT_EQ(status_of(cuda_.pointer(block)), Status::stale_handle);
      EXPECT_EQ(status_of(cuda_.pointer(output)), Status::stale_handle);
      EXPECT_EQ(status_of(in_vram.map(stream_)), GetParam() ? Status::context_lost : Status::stale_handle);
      EXPECT_EQ(status_of(in_vram.unmap()), GetParam() ? Status::context_lost : Status::stale_handle);
      EXPECT_EQ(status_of(CudaBuffer::create(cuda_, 1)), Status::context_lost);
      EXPECT_EQ(status_of(Cuda::open(*context_)), Status::context_lost);
    }
  }
  end_cuda();  // expects nothing on the device
  start_with_cuda({}, GetParam());
  leaks_expected_ = false;
  expect_bytes_to_arrive();
}

}  // namespace
