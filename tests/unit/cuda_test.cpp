// SPDX-License-Identifier: MIT
// CUDA on mapped memory: pointers, the order of kernels and GL, and the lives of both.
#include <thread>

#include "cuda_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::BlockPool;
using pmb::Cuda;
using pmb::CudaBuffer;
using pmb::MappedBuffer;
using pmb::ReadbackRing;
using pmb::UploadRing;

/// GL on the device, and elsewhere: then order() waits on the CPU.
class CudaOrderTest : public CudaTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { start_with_cuda({}, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Where, CudaOrderTest, testing::Bool(),
                         [](const auto& given) { return given.param ? "OnGpu" : "OnCpu"; });

TEST_P(CudaOrderTest, OrdersOnTheGpuWhereGlIsOnTheDevice) {
  EXPECT_EQ(cuda_.orders_on_gpu(), GetParam());
  EXPECT_EQ(cuda_.device(), 0);
}

TEST_P(CudaOrderTest, AKernelIsAfterTheGlCommandsBeforeOrder) {
  auto input = results(kBytes);
  auto output = results(kBytes);
  fake_->server_write(input.buffer(), 0, pattern(kBytes, 1));
  take(cuda_.order(stream_));
  launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(input)), kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 1));
}

TEST_P(CudaOrderTest, GlCommandsAfterOrderAreAfterTheKernel) {
  auto input = results(kBytes);
  auto output = results(kBytes);
  take(input.write(0, pattern(kBytes, 2)));
  launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(input)), kBytes);
  take(cuda_.order(stream_));
  const auto read = draw_bytes(output.buffer(), kBytes);
  take(mark().wait(1s));
  EXPECT_EQ(read->bytes(), pattern(kBytes, 2));
}

TEST_P(CudaOrderTest, ARingsBytesAreReusedOnlyAfterTheKernelsThatReadThem) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 2 * kBytes, .timeout = 1s}));
  constexpr std::size_t kLaps = 20;
  auto output = results(kLaps * kBytes);
  for (std::size_t number = 0; number < kLaps; ++number) {
    const pmb::Slice slice = put(ring, pattern(kBytes, number));
    launch("pmb_copy", take(cuda_.pointer(output)) + number * kBytes, take(cuda_.pointer(slice)), kBytes);
    take(cuda_.order(stream_));
    take(ring.retire(slice, mark()));
  }
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  for (std::size_t number = 0; number < kLaps; ++number) {
    ASSERT_EQ(copy(output.raw_bytes().subspan(number * kBytes, kBytes)), pattern(kBytes, number)) << number;
  }
  EXPECT_EQ(calls_of("cuMemHostRegister_v2"), 2U) << "once for the ring, once for the output";
}

TEST_P(CudaOrderTest, AReadbackArrivesAfterTheKernelThatWritesIt) {
  auto ring = take(ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const auto pending = take(ring.acquire(kBytes));
  launch("pmb_write", take(cuda_.pointer(pending)), 7, kBytes);
  take(cuda_.order(stream_));
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::never_marked) << "order() marks nothing";
  const pmb::Ticket ticket = mark();
  const auto view = take(pending.wait(1s));
  EXPECT_TRUE(ticket.passed());
  std::uint32_t last = 0;
  std::memcpy(&last, view.bytes().data() + kBytes - 4, 4);
  EXPECT_EQ(last, kBytes / 4 - 1 + 7);
  take(pending.release());
}

TEST_P(CudaOrderTest, ABlockIsFreeOnlyAfterTheKernelsThatReadIt) {
  auto pool = take(BlockPool::create(*context_, {.block_bytes = kBytes, .count = 2, .timeout = 1s}));
  constexpr std::size_t kTurns = 10;
  auto output = results(kTurns * kBytes);
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    const pmb::Block block = take(pool.acquire());
    EXPECT_EQ(take(cuda_.pointer(block)), address(block.raw_bytes().data()));
    std::ranges::copy(pattern(kBytes, turn), block.raw_bytes().begin());
    take(pool.publish(block, kBytes));
    launch("pmb_copy", take(cuda_.pointer(output)) + turn * kBytes, take(cuda_.pointer(block)), kBytes);
    take(cuda_.order(stream_));
    take(pool.retire(block, mark()));
  }
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  for (std::size_t turn = 0; turn < kTurns; ++turn)
    ASSERT_EQ(copy(output.raw_bytes().subspan(turn * kBytes, kBytes)), pattern(kBytes, turn)) << turn;
}

TEST_P(CudaOrderTest, UnderExplicitFlushAKernelCountsAsTheCpu) {
  auto buffer = take(MappedBuffer::create(
      *context_, {.size_bytes = kBytes, .access = Access::bidirectional, .model = Model::explicit_flush}));
  fake_->server_write(buffer.buffer(), 0, Bytes(kBytes));
  take(cuda_.order(stream_));
  launch("pmb_add", take(cuda_.pointer(buffer)), 5, kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  take(buffer.flush(0, kBytes));
  const auto read = draw_bytes(buffer.buffer(), kBytes);
  take(mark().wait(1s));
  const std::uint32_t five = 5;
  for (std::size_t at = 0; at < kBytes; at += 4)
    ASSERT_EQ(std::memcmp(read->bytes().data() + at, &five, 4), 0) << at;
}

// The mistakes that order() prevents: the fake shows each as wrong bytes.

TEST_F(CudaTest, WithoutOrderAKernelReadsOlderBytes) {
  auto input = results(kBytes);
  auto output = results(kBytes);
  std::ranges::copy(pattern(kBytes, 3), input.raw_bytes().begin());
  fake_->server_write(input.buffer(), 0, pattern(kBytes, 4));
  launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(input)), kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 3));
}

TEST_F(CudaTest, WithoutOrderTheRingOverwritesWhatAKernelStillReads) {
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = kBytes, .timeout = 1s}));
  auto output = results(kBytes);
  const pmb::Slice slice = put(ring, pattern(kBytes, 5));
  launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(slice)), kBytes);
  take(ring.retire(slice, mark()));
  put_and_retire(ring, pattern(kBytes, 6));
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 6));
}

TEST_F(CudaTest, PointersAreThoseOfTheSameBytes) {
  auto buffer = results(4096);
  EXPECT_EQ(take(cuda_.pointer(buffer)), address(buffer.raw_bytes().data()));
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const auto first = take(ring.acquire(kBytes));
  const auto second = take(ring.acquire(kBytes));
  EXPECT_EQ(take(cuda_.pointer(first)), address(first.raw_bytes().data()));
  EXPECT_EQ(take(cuda_.pointer(second)), address(second.raw_bytes().data()));
  EXPECT_EQ(take(cuda_.pointer(ring.mapped_buffer())), address(first.raw_bytes().data()));
  take(ring.cancel(second));
  take(ring.cancel(first));
  EXPECT_EQ(id_of(cuda_.pointer(first)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(cuda_.pointer(pmb::Slice())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(cuda_.pointer(pmb::PendingReadback())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(cuda_.pointer(pmb::Block())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(cuda_.pointer(MappedBuffer())), ErrorId::not_mapped);
}

TEST_F(CudaTest, AFramesPointerIsThatOfItsPixelsUntilItIsReleased) {
  GLuint texture = 0;
  gl_.GenTextures(1, &texture);
  gl_.BindTexture(GL_TEXTURE_2D, texture);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 4, 2);
  auto grabber = take(pmb::FrameGrabber::create(*context_));
  take(grabber.grab_texture({.texture = texture, .target = GL_TEXTURE_2D, .width = 4, .height = 2}));
  auto frame = take(grabber.next(0));
  EXPECT_EQ(take(cuda_.pointer(frame)), address(frame.bytes().data()));
  frame.release();
  EXPECT_EQ(id_of(cuda_.pointer(frame)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(cuda_.pointer(pmb::Frame())), ErrorId::stale_slice);
  gl_.DeleteTextures(1, &texture);
}

TEST_F(CudaTest, AKernelThatChangesAPublishedSliceIsNoMisuse) {
  end_cuda();
  start_with_cuda(validating());
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const std::uint64_t start = take(cuda_.pointer(ring.mapped_buffer()));
  for (const bool is_known : {true, false}) {
    const pmb::Slice slice = take(ring.acquire(kBytes));
    if (is_known) {
      EXPECT_EQ(take(cuda_.pointer(slice)), start + slice.offset_bytes());
    }
    take(ring.publish(slice, kBytes));
    launch("pmb_write", start + slice.offset_bytes(), 1, kBytes);
    ASSERT_EQ(cuStreamSynchronize(stream_), 0);
    take(ring.retire(slice, mark()));
    EXPECT_EQ(reports_of(ErrorId::written_after_publish), is_known ? 0U : 1U);
  }
}

TEST_F(CudaTest, AnAdoptedMappingCountsFromItsFirstMappedByte) {
  const auto own = map_own(8192, 4096, 1024, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT);
  auto ring = take(UploadRing::create_on(*context_, take(MappedBuffer::adopt(*context_, own))));
  const auto slice = take(ring.acquire(kBytes));
  EXPECT_EQ(take(cuda_.pointer(slice)), address(slice.raw_bytes().data()));
  take(ring.cancel(slice));
}

TEST_F(CudaTest, TheProgramsCudaContextStaysCurrent) {
  void* now = nullptr;
  int other = 0;
  ASSERT_EQ(cuCtxSetCurrent(&other), 0);
  auto buffer = results(kBytes);
  take(cuda_.pointer(buffer));
  take(cuda_.order(stream_));
  ASSERT_EQ(cuCtxGetCurrent(&now), 0);
  EXPECT_EQ(now, &other);
  ASSERT_EQ(cuCtxSetCurrent(program_context_), 0);
}

TEST_F(CudaTest, AGrownRingRegistersItsNewMemoryAndFreesTheOld) {
  auto ring =
      take(UploadRing::create(*context_, {.capacity_bytes = kBytes, .max_capacity_bytes = 16 * kBytes}));
  const pmb::Slice first = put(ring, pattern(kBytes, 1));
  take(cuda_.pointer(first));
  const pmb::Slice second = put(ring, pattern(kBytes, 2));
  auto output = results(2 * kBytes);
  const std::uint64_t target = take(cuda_.pointer(output));
  launch("pmb_copy", target, take(cuda_.pointer(first)), kBytes);
  launch("pmb_copy", target + kBytes, take(cuda_.pointer(second)), kBytes);
  EXPECT_EQ(calls_of("cuMemHostRegister_v2"), 3U);
  take(cuda_.order(stream_));
  take(ring.retire(mark()));
  take(ring.drain());
  EXPECT_EQ(calls_of("cuMemHostUnregister"), 2U) << "both storages; the ring is back at its first size";
  EXPECT_EQ(copy(output.raw_bytes().first(kBytes)), pattern(kBytes, 1));
  EXPECT_EQ(copy(output.raw_bytes().last(kBytes)), pattern(kBytes, 2));
}

TEST_F(CudaTest, MemoryOutlivesTheKernelsThatUseIt) {
  auto output = results(kBytes);
  {
    auto input = results(kBytes);
    take(input.write(0, pattern(kBytes, 8)));
    launch("pmb_copy", take(cuda_.pointer(output)), take(cuda_.pointer(input)), kBytes);
    EXPECT_EQ(fake_cuda::queued(), 1U);
  }
  EXPECT_EQ(fake_cuda::queued(), 0U) << "the end of the mapping waited";
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 8));
}

TEST_F(CudaTest, TheObjectMayGoBeforeItsPointers) {
  auto input = results(kBytes);
  auto output = results(kBytes);
  take(input.write(0, pattern(kBytes, 9)));
  const std::uint64_t from = take(cuda_.pointer(input));
  const std::uint64_t to = take(cuda_.pointer(output));
  cuda_ = {};
  launch("pmb_copy", to, from, kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 9));
}

TEST_F(CudaTest, TheContextMayGoBeforeTheObject) {
  auto buffer = results(kBytes);
  take(cuda_.pointer(buffer));
  leaks_expected_ = true;
  context_.reset();
  EXPECT_EQ(calls_of("cuMemHostUnregister"), 1U);
  EXPECT_EQ(calls_of("cuGraphicsUnregisterResource"), 1U);
  EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::context_gone);
  EXPECT_EQ(id_of(cuda_.pointer(buffer)), ErrorId::not_mapped);
}

TEST_F(CudaTest, MovesAndEmptyObjects) {
  Cuda moved = std::move(cuda_);
  auto buffer = results(kBytes);
  take(moved.pointer(buffer));
  const Cuda empty;
  EXPECT_EQ(id_of(empty.pointer(buffer)), ErrorId::not_mapped);
  EXPECT_EQ(id_of(empty.order(stream_)), ErrorId::not_mapped);
  EXPECT_EQ(id_of(CudaBuffer::create(empty, 1)), ErrorId::not_mapped);
  EXPECT_FALSE(empty.orders_on_gpu());
  EXPECT_EQ(empty.device(), -1);
  CudaBuffer none;
  EXPECT_EQ(id_of(none.map(stream_)), ErrorId::not_mapped);
  EXPECT_EQ(id_of(none.unmap()), ErrorId::not_mapped);
  EXPECT_EQ(none.size_bytes(), 0U);
}

TEST_F(CudaTest, OtherContextsAndThreadsAreRefused) {
  FakeGl other_gl;
  other_gl.make_current();
  auto other = take(open());
  {
    auto foreign = take(MappedBuffer::create(other, {.size_bytes = kBytes}));
    EXPECT_EQ(id_of(cuda_.pointer(foreign)), ErrorId::other_context_current);
    EXPECT_EQ(id_of(cuda_.order(stream_)), ErrorId::other_context_current);
    // Each context has its own.
    const Cuda second = take(Cuda::open(other));
    EXPECT_FALSE(second.orders_on_gpu()) << "that fake is on no device";
    EXPECT_EQ(take(second.pointer(foreign)), address(foreign.raw_bytes().data()));
  }
  { const auto gone = std::move(other); }
  fake_->make_current();
  auto buffer = results(kBytes);
  std::thread([&] { EXPECT_EQ(id_of(cuda_.pointer(buffer)), ErrorId::wrong_thread); }).join();
}

TEST_F(CudaTest, PrivateMemoryIsRefusedByName) {
  end_cuda();
  start_with_cuda(options_of(Edit::traditional));
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const auto slice = take(ring.acquire(kBytes));
  EXPECT_EQ(id_of(cuda_.pointer(slice)), ErrorId::cuda_memory_is_private);
  take(ring.cancel(slice));
}

// Buffers in VRAM.

TEST_F(CudaTest, ABufferInVramIsOrderedByMapAndUnmap) {
  const GLuint name = plain_buffer(kBytes);
  auto output = results(kBytes);
  auto buffer = take(CudaBuffer::create(cuda_, name));
  EXPECT_EQ(buffer.size_bytes(), kBytes);
  fake_->server_write(name, 0, pattern(kBytes, 1));
  const std::uint64_t pointer = take(buffer.map(stream_));
  launch("pmb_copy", take(cuda_.pointer(output)), pointer, kBytes);
  launch("pmb_write", pointer, 3, kBytes);
  take(buffer.unmap());
  const auto read = draw_bytes(name, kBytes);
  EXPECT_EQ(fake_cuda::queued(), 4U) << "nothing has waited";
  take(mark().wait(1s));
  EXPECT_EQ(copy(output.raw_bytes()), pattern(kBytes, 1));
  const std::uint32_t last = kBytes / 4 - 1 + 3;
  EXPECT_EQ(std::memcmp(read->bytes().data() + kBytes - 4, &last, 4), 0);
}

TEST_F(CudaTest, ABufferInVramMayGoWhileItIsMapped) {
  const GLuint name = plain_buffer(kBytes);
  {
    auto buffer = take(CudaBuffer::create(cuda_, name));
    take(buffer.map(stream_));
    EXPECT_EQ(id_of(buffer.map(stream_)), ErrorId::cuda_failed) << "mapped already";
  }
  EXPECT_EQ(fake_->gpu_bytes(name).size(), kBytes) << "the buffer is the program's";
}

TEST_F(CudaTest, AMappedBufferIsNotRegisteredAsGraphics) {
  end_cuda();
  start_with_cuda(validating());
  auto buffer = results(kBytes);
  EXPECT_EQ(id_of(CudaBuffer::create(cuda_, buffer.buffer())), ErrorId::cuda_buffer_is_mapped);
  EXPECT_EQ(reports_of(ErrorId::cuda_buffer_is_mapped), 1U);
  EXPECT_EQ(id_of(CudaBuffer::create(cuda_, 4711)), ErrorId::not_a_buffer);
}

TEST_F(CudaTest, TheRegistrationThatIsRefusedWouldLoseEveryByte) {
  for (const Model model : {Model::coherent, Model::explicit_flush}) {
    auto buffer = take(MappedBuffer::create(
        *context_, {.size_bytes = kBytes, .access = Access::bidirectional, .model = model}));
    take(buffer.write(0, pattern(kBytes, 1)));
    void* resource = nullptr;
    ASSERT_EQ(cuGraphicsGLRegisterBuffer(&resource, buffer.buffer(), 0), 0);
    take(buffer.write(0, pattern(kBytes, 2)));
    const auto read = draw_bytes(buffer.buffer(), kBytes);
    take(mark().wait(1s));
    EXPECT_EQ(read->bytes(), pattern(kBytes, 1)) << "the second write reached nobody";
    ASSERT_EQ(cuGraphicsUnregisterResource(resource), 0);
  }
}

TEST_F(CudaTest, ValidationReportsTheRegistrationByOtherCode) {
  end_cuda();
  start_with_cuda(validating());
  auto ring =
      take(UploadRing::create(*context_, {.capacity_bytes = 4 * kBytes, .model = Model::explicit_flush}));
  void* resource = nullptr;
  ASSERT_EQ(cuGraphicsGLRegisterBuffer(&resource, ring.mapped_buffer().buffer(), 0), 0);
  put_and_retire(ring, pattern(kBytes, 1));
  take(mark().wait(1s));
  mark();
  EXPECT_EQ(reports_of(ErrorId::bytes_not_shared), 1U);
  EXPECT_EQ(reports_.size(), 1U);
  ASSERT_EQ(cuGraphicsUnregisterResource(resource), 0);
}

// A kernel may change the slice between the publish and the copy, which are not ordered.
TEST_F(CudaTest, AKernelThatChangesAPublishedSliceIsNoLossOfItsBytes) {
  end_cuda();
  start_with_cuda(validating());
  auto ring = take(UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = put(ring, pattern(kBytes, 1));
  launch("pmb_write", take(cuda_.pointer(slice)), 1, kBytes);
  ASSERT_EQ(cuStreamSynchronize(stream_), 0);
  take(mark().wait(1s));
  take(ring.retire(slice, mark()));
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

}  // namespace
