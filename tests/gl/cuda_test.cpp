// SPDX-License-Identifier: MIT
// The CPU, GL and CUDA on the same bytes, on a real driver. Skips without CUDA. ctest also runs it on the fake of CUDA's
// driver library, beside a software renderer, where order() waits on the CPU.
#include <algorithm>
#include <cstring>
#include <memory>
#include <pmb/cuda.hpp>
#include <vector>

#include "cuda_stream.hpp"
#include "gl_fixture.hpp"

namespace gl_test::cuda_test {
namespace {

using pmb::Access;
using pmb::ErrorId;

constexpr int kRounds = 15;
constexpr std::size_t kBytes = kMiB / 4;
constexpr std::uint64_t kLateCycles = 20'000'000;  // About 10 ms.

// The bytes with a number added to each word.
Bytes plus(Bytes bytes, std::uint32_t value) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof value) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    word += value;
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

class CudaGl : public GlTest {
 protected:
  void SetUp() override {
    GlTest::SetUp();
    if (!context_ || IsSkipped()) return;
    PMB_NEEDS_BUFFER_STORAGE();
    PMB_NEEDS_MAPPED_RINGS();
    const int device = headless_->gpu().cuda_device.value_or(0);
    auto opened = pmb::Cuda::open(context(), device);
    if (!opened) GTEST_SKIP() << "no CUDA here: " << opened.error().message();
    cuda_ = std::move(*opened);
    stream_ = std::make_unique<CudaStream>(device);
  }
  void TearDown() override {
    stream_.reset();
    cuda_ = {};
    GlTest::TearDown();
  }

  template <class T>
  static auto value_of(pmb::Result<T> result) {
    EXPECT_TRUE(result) << result.error().message();
    if constexpr (!std::is_void_v<T>) return result ? std::move(*result) : T();
  }
  void order() { value_of(cuda_.order(stream_->get())); }
  pmb::MappedBuffer mapped(std::size_t bytes) {
    return value_of(
        pmb::MappedBuffer::create(context(), {.size_bytes = bytes, .access = Access::bidirectional}));
  }
  // GL work that takes about as long as a late kernel. A software renderer is never late with copies.
  void late_gl() {
    if (software()) return;
    constexpr std::size_t kLate = 64 * kMiB;
    const GLuint from = plain_buffer(kLate);
    const GLuint to = plain_buffer(kLate);
    gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, to);
    for (int i = 0; i < 20; ++i)
      gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0, 0, kLate);
    gl_.DeleteBuffers(1, &from);
    gl_.DeleteBuffers(1, &to);
  }

  pmb::Cuda cuda_;
  std::unique_ptr<CudaStream> stream_;
};

struct Kind {
  const char* name;
  GLbitfield map_flags;
  GLbitfield storage_flags = 0;  // Besides those of the mapping.
};
constexpr GLbitfield kCoherent = GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
constexpr GLbitfield kFlushed = GL_MAP_PERSISTENT_BIT | GL_MAP_WRITE_BIT | GL_MAP_FLUSH_EXPLICIT_BIT;
constexpr Kind kKinds[] = {{"WriteCoherent", GL_MAP_WRITE_BIT | kCoherent},
                           {"WriteCoherentClient", GL_MAP_WRITE_BIT | kCoherent, GL_CLIENT_STORAGE_BIT},
                           {"WriteFlushed", kFlushed},
                           {"WriteFlushedClient", kFlushed, GL_CLIENT_STORAGE_BIT},
                           {"ReadCoherent", GL_MAP_READ_BIT | kCoherent},
                           {"ReadCoherentClient", GL_MAP_READ_BIT | kCoherent, GL_CLIENT_STORAGE_BIT},
                           {"BothCoherent", GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | kCoherent},
                           {"BothFlushed", GL_MAP_READ_BIT | kFlushed},
                           {"BothFlushedClient", GL_MAP_READ_BIT | kFlushed, GL_CLIENT_STORAGE_BIT}};

class CudaGlKinds : public CudaGl, public testing::WithParamInterface<Kind> {
 protected:
  pmb::MappedBuffer map() {
    const GLbitfield map_flags = GetParam().map_flags;
    const GLbitfield granted = map_flags & ~static_cast<GLbitfield>(GL_MAP_FLUSH_EXPLICIT_BIT);
    gl_.GenBuffers(1, &buffer_);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer_);
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, kBytes, nullptr, granted | GetParam().storage_flags);
    void* const pointer = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, kBytes, map_flags);
    return value_of(pmb::MappedBuffer::adopt(
        context(), {.buffer = buffer_, .pointer = pointer, .size_bytes = kBytes, .label = "adopted"}));
  }
  // CUDA's writes count as the CPU's.
  void publish(pmb::MappedBuffer& buffer) {
    if ((GetParam().map_flags & GL_MAP_FLUSH_EXPLICIT_BIT) == 0) return order();
    stream_->wait();
    value_of(buffer.flush(0, kBytes));
  }
  void expect_seen_by_cpu(const pmb::MappedBuffer& buffer, const Bytes& expected, int round) {
    if ((GetParam().map_flags & GL_MAP_READ_BIT) == 0) return;
    EXPECT_EQ(first_difference(buffer.raw_bytes(), expected), -1) << "the CPU, round " << round;
  }

  GLuint buffer_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Mapping, CudaGlKinds, testing::ValuesIn(kKinds),
                         [](const auto& given) { return std::string(given.param.name); });

TEST_P(CudaGlKinds, CpuGlAndCudaReadAndWriteTheSameBytes) {
  {
    auto buffer = map();
    const std::uint64_t pointer = value_of(cuda_.pointer(buffer));
    const bool writes = (GetParam().map_flags & GL_MAP_WRITE_BIT) != 0;
    for (int round = 0; round < kRounds; ++round) {
      const auto seed = static_cast<std::uint32_t>(round);
      // The CPU, CUDA, then GL and the CPU.
      const Bytes first = pattern(kBytes, 2 * seed);
      if (writes) {
        value_of(buffer.write(0, first));
      } else {
        put(buffer_, 0, first);
        order();
      }
      stream_->spin(kLateCycles / 10);
      stream_->add(pointer, 100 + seed, kBytes);
      publish(buffer);
      const Bytes added = plus(first, 100 + seed);
      EXPECT_EQ(first_difference(contents(buffer_, 0, kBytes), added), -1) << "GL, round " << round;
      wait_for_gpu();
      expect_seen_by_cpu(buffer, added, round);
      // GL, CUDA, then the CPU and GL.
      const Bytes second = pattern(kBytes, 2 * seed + 1);
      late_gl();
      put(buffer_, 0, second);
      order();
      stream_->add(pointer, 200 + seed, kBytes);
      stream_->wait();
      expect_seen_by_cpu(buffer, plus(second, 200 + seed), round);
      publish(buffer);
      EXPECT_EQ(first_difference(contents(buffer_, 0, kBytes), plus(second, 200 + seed)), -1)
          << "GL at the end, round " << round;
    }
  }
  gl_.DeleteBuffers(1, &buffer_);
}

TEST_F(CudaGl, ARingsBytesAreReusedOnlyAfterLateKernels) {
  constexpr std::size_t kSlice = 64 << 10;
  auto up = value_of(pmb::UploadRing::create(context(), {.capacity_bytes = 3 * kSlice}));
  auto down = value_of(pmb::ReadbackRing::create(context(), {.capacity_bytes = 64 * kSlice}));
  std::vector<pmb::PendingReadback> pending;
  for (std::uint32_t lap = 0; lap < 60; ++lap) {
    // The kernel works in the ring itself, late; GL then copies the slice.
    const auto slice = value_of(up.acquire(kSlice));
    ASSERT_TRUE(slice.copy_from(pattern(kSlice, lap)));
    value_of(up.publish(slice, kSlice));
    stream_->spin(kLateCycles / 20);
    stream_->add(value_of(cuda_.pointer(slice)), lap, kSlice);
    order();
    pending.push_back(value_of(down.request(slice.buffer(), slice.offset_bytes(), kSlice)));
    value_of(up.retire(slice, mark()));
  }
  for (std::uint32_t lap = 0; lap < 60; ++lap) {
    const auto view = value_of(pending[lap].wait(kPatience));
    EXPECT_EQ(first_difference(view.bytes(), plus(pattern(kSlice, lap), lap)), -1) << "lap " << lap;
    value_of(pending[lap].release());
  }
  // Validation sees the last slices when they are reclaimed. A kernel may change them after their publish.
  value_of(up.drain());
}

TEST_F(CudaGl, AReadbackArrivesAfterTheLateKernelThatWritesIt) {
  auto ring = value_of(pmb::ReadbackRing::create(context(), {.capacity_bytes = 2 * kBytes}));
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const auto pending = value_of(ring.acquire(kBytes));
    put(pending.buffer(), pending.offset_bytes(), pattern(kBytes, round));
    order();
    stream_->spin(kLateCycles);
    stream_->add(value_of(cuda_.pointer(pending)), round, kBytes);
    order();
    mark();
    const auto view = value_of(pending.wait(kPatience));
    EXPECT_EQ(first_difference(view.bytes(), plus(pattern(kBytes, round), round)), -1) << round;
    value_of(pending.release());
  }
}

TEST_F(CudaGl, ManyOrdersOnTwoStreamsEnd) {
  auto buffer = mapped(kBytes);
  const std::uint64_t pointer = value_of(cuda_.pointer(buffer));
  std::ranges::fill(buffer.raw_bytes(), std::byte{0});
  CudaStream second(cuda_.device());
  const std::uint32_t times = software() ? 20 : 500;
  for (std::uint32_t time = 0; time < times; ++time) {
    for (CudaStream* const stream : {stream_.get(), &second}) {
      // Without order between the streams, additions would be lost.
      stream->add(pointer, 1, kBytes);
      value_of(cuda_.order(stream->get()));
    }
    value_of(cuda_.order(stream_->get()));
  }
  wait_for_gpu();
  EXPECT_EQ(first_difference(buffer.raw_bytes(), plus(Bytes(kBytes), 2 * times)), -1);
}

TEST_F(CudaGl, ABufferInVramIsOrderedByMapAndUnmap) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  const GLuint name = plain_buffer(kBytes);
  auto buffer = value_of(pmb::CudaBuffer::create(cuda_, name));
  EXPECT_EQ(buffer.size_bytes(), kBytes);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    late_gl();
    put(name, 0, pattern(kBytes, round));
    const std::uint64_t pointer = value_of(buffer.map(stream_->get()));
    stream_->spin(kLateCycles);
    stream_->add(pointer, round, kBytes);
    value_of(buffer.unmap());
    EXPECT_EQ(first_difference(contents(name, 0, kBytes), plus(pattern(kBytes, round), round)), -1) << round;
  }
}

TEST_F(CudaGl, AMappedBufferIsNotRegisteredAsGraphics) {
  auto buffer = mapped(kBytes);
  const auto refused = pmb::CudaBuffer::create(cuda_, buffer.buffer());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, ErrorId::cuda_buffer_is_mapped);
  expect_reports({ErrorId::cuda_buffer_is_mapped});
}

// The registration succeeds, and the driver then moves the buffer away from its mapping: docs/cuda.md, "Buffers in VRAM".
TEST_F(CudaGl, ValidationReportsTheRegistrationByOtherCode) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  constexpr std::size_t kSlice = 64 << 10;
  auto up = value_of(pmb::UploadRing::create(
      context(), {.capacity_bytes = 2 * kSlice, .model = pmb::Model::explicit_flush}));
  void* const resource = stream_->register_graphics(up.mapped_buffer().buffer());
  bool lost = false;
  for (std::uint32_t lap = 0; lap < 5; ++lap) {
    const Bytes bytes = pattern(kSlice, lap);
    const auto slice = value_of(up.acquire(kSlice));
    ASSERT_TRUE(slice.copy_from(bytes));
    value_of(up.publish(slice, kSlice));
    lost = lost || first_difference(contents(slice.buffer(), slice.offset_bytes(), kSlice), bytes) != -1;
    value_of(up.retire(slice, mark()));
    wait_for_gpu();
  }
  value_of(up.drain());
  EXPECT_TRUE(lost) << "GL sees what the CPU writes";
  expect_reports({ErrorId::bytes_not_shared});
  stream_->unregister_graphics(resource);
}

TEST_F(CudaGl, ValidationReportsTheRegistrationOfAReadback) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  auto down = value_of(pmb::ReadbackRing::create(context(), {.capacity_bytes = 2 * kBytes}));
  void* const resource = stream_->register_graphics(down.mapped_buffer().buffer());
  const GLuint source = plain_buffer(kBytes);
  bool lost = false;
  for (std::uint32_t lap = 0; lap < 5; ++lap) {
    const Bytes bytes = pattern(kBytes, lap + 1);
    put(source, 0, bytes);
    const auto pending = value_of(down.request(source, 0, kBytes));
    mark();
    const auto view = value_of(pending.wait(std::chrono::seconds(10)));
    lost = lost || first_difference(view.bytes(), bytes) != -1;
    value_of(pending.release());
    wait_for_gpu();
  }
  mark();
  EXPECT_TRUE(lost) << "the CPU sees what GL writes";
  expect_reports({ErrorId::bytes_not_shared});
  stream_->unregister_graphics(resource);
}

TEST_F(CudaGl, ValidationReportsTheRegistrationOfAMappedBuffer) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  auto buffer = mapped(kBytes);
  void* const resource = stream_->register_graphics(buffer.buffer());
  bool lost = false;
  for (std::uint32_t lap = 0; lap < 20; ++lap) {
    const Bytes bytes = pattern(kBytes, lap);
    value_of(buffer.write(0, bytes));
    lost = lost || first_difference(contents(buffer.buffer(), 0, kBytes), bytes) != -1;
    wait_for_gpu();
  }
  EXPECT_TRUE(lost) << "GL sees what the CPU writes";
  expect_reports({ErrorId::bytes_not_shared});
  stream_->unregister_graphics(resource);
}

TEST_F(CudaGl, ValidationReportsTheRegistrationOfABlock) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  auto pool = value_of(pmb::BlockPool::create(context(), {.block_bytes = kBytes, .count = 1}));
  void* resource = nullptr;
  bool lost = false;
  for (std::uint32_t lap = 0; lap < 20; ++lap) {
    const Bytes bytes = pattern(kBytes, lap);
    const pmb::Block block = value_of(pool.acquire());
    if (lap == 0) resource = stream_->register_graphics(block.buffer());
    std::ranges::copy(bytes, block.raw_bytes().begin());
    value_of(pool.publish(block, kBytes));
    lost = lost || first_difference(contents(block.buffer(), 0, kBytes), bytes) != -1;
    value_of(pool.retire(block, mark()));
    wait_for_gpu();
  }
  EXPECT_TRUE(lost) << "GL sees what the CPU writes";
  expect_reports({ErrorId::bytes_not_shared});
  stream_->unregister_graphics(resource);
}

// Where CUDA is real. The fake's kernels end at the first poll.
TEST_F(CudaGl, AKernelThatRunsTooLongKeepsItsMemory) {
  if (!cuda_.orders_on_gpu()) GTEST_SKIP() << "this GL context is not on a CUDA device";
  auto hasty =
      pmb::Context::from_current(pmb::HeadlessContext::loader(), {.timeout = std::chrono::nanoseconds(0)});
  ASSERT_TRUE(hasty) << hasty.error().message();
  auto cuda = value_of(pmb::Cuda::open(*hasty, cuda_.device()));
  auto buffer = value_of(pmb::MappedBuffer::create(*hasty, {.size_bytes = kBytes}));
  const std::uint64_t pointer = value_of(cuda.pointer(buffer));
  stream_->spin(kLateCycles);
  stream_->add(pointer, 1, kBytes);
  const auto refused = buffer.destroy();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, ErrorId::wait_timed_out);
  EXPECT_TRUE(buffer.is_mapped());
  stream_->wait();
  value_of(buffer.destroy());
}

TEST_F(CudaGl, MemoryOutlivesTheLateKernelsThatUseIt) {
  for (int round = 0; round < 3; ++round) {
    auto buffer = mapped(kBytes);
    const std::uint64_t pointer = value_of(cuda_.pointer(buffer));
    stream_->spin(kLateCycles);
    stream_->add(pointer, 1, kBytes);
  }
  stream_->wait();
}

TEST(CudaHeadless, AContextIsMadeOnTheGpuOfACudaDevice) {
  const auto gpus = pmb::list_gpus();
  if (!gpus) GTEST_SKIP() << gpus.error().message();
  bool found = false;
  for (const pmb::GpuInfo& gpu : *gpus) {
    if (!gpu.cuda_device) continue;
    found = true;
    const auto made = pmb::HeadlessContext::create({.cuda_device = gpu.cuda_device});
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->gpu().cuda_device, gpu.cuda_device);
  }
  const auto refused = pmb::HeadlessContext::create({.cuda_device = 4711});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, ErrorId::no_such_gpu);
  if (!found) GTEST_SKIP() << "EGL names no CUDA device here";
}

}  // namespace
}  // namespace gl_test::cuda_test
