// SPDX-License-Identifier: MIT
// Downloads without pmb, each as fast as it can be.

#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "bench/methods/gpu_targets.hpp"
#include "bench/methods/own_memory.hpp"
#include "bench/methods/reader.hpp"

namespace pmb::tool::bench {
namespace {

/// Shared by both methods: shader stores need a barrier before a copy.
class TraditionalReader : public Reader {
 public:
  TraditionalReader(BenchContext& bench, const ReadShape& shape)
      : bench_(bench), shape_(shape), targets_(bench, shape.result_bytes, shape.depth) {}
  Outcome<BufferOffset> target() override { return targets_.next(); }
  Outcome<void> sent() override {
    bench_.gl().MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT | GL_SHADER_STORAGE_BARRIER_BIT);
    return pull(targets_.latest());
  }
  void poison() override {
    targets_.poison();
    memory_.poison();
  }

 protected:
  BenchContext& bench_;
  ReadShape shape_;
  GpuTargets targets_;
  OwnMemory memory_;  ///< The caller's memory.
};

class GettingReader final : public TraditionalReader {
 public:
  GettingReader(BenchContext& bench, const ReadShape& shape) : TraditionalReader(bench, shape) {
    memory_ = OwnMemory(shape.result_bytes);
  }
  Outcome<void> pull(BufferOffset source) override {
    sources_.push_back(source);
    return {};
  }
  Outcome<std::span<const std::byte>> wait_oldest() override {
    const BufferOffset source = sources_.front();
    sources_.pop_front();
    bench_.gl().BindBuffer(GL_COPY_READ_BUFFER, source.buffer);
    bench_.gl().GetBufferSubData(GL_COPY_READ_BUFFER, static_cast<GLintptr>(source.offset_bytes),
                                 static_cast<GLsizeiptr>(shape_.result_bytes), memory_.bytes().data());
    return memory_.bytes();
  }
  Outcome<void> release_oldest() override { return {}; }
  std::uint32_t copies() const noexcept override { return 1; }

 private:
  std::deque<BufferOffset> sources_;
};

class MappingReader final : public TraditionalReader {
 public:
  MappingReader(BenchContext& bench, const ReadShape& shape, std::vector<GlBuffer> buffers, bool copies)
      : TraditionalReader(bench, shape), buffers_(std::move(buffers)), copies_on_gpu_(copies) {
    if (shape.landing == Landing::own) memory_ = OwnMemory(shape.result_bytes);
  }
  ~MappingReader() override {
    for (const Sent& sent : sent_) bench_.gl().DeleteSync(sent.fence);
  }

  Outcome<BufferOffset> target() override {
    if (copies_on_gpu_) return TraditionalReader::target();
    return BufferOffset{buffers_[turn_].name(), 0};
  }
  Outcome<void> sent() override {
    if (copies_on_gpu_) return TraditionalReader::sent();
    bench_.gl().MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    return arm();
  }
  Outcome<void> pull(BufferOffset source) override {
    copy_buffer(bench_.gl(), source, {buffers_[turn_].name(), 0}, shape_.result_bytes);
    return arm();
  }
  Outcome<void> arm() {
    const GLuint buffer = buffers_[turn_].name();
    turn_ = (turn_ + 1) % buffers_.size();
    auto fence = bench_.fence();
    if (!fence) return pass_on(fence);
    bench_.gl().Flush();
    sent_.push_back({buffer, *fence});
    return {};
  }
  Outcome<std::span<const std::byte>> wait_oldest() override {
    const Sent oldest = sent_.front();
    sent_.pop_front();
    if (auto passed = bench_.wait(oldest.fence); !passed) return pass_on(passed);
    const GladGLContext& gl = bench_.gl();
    const auto size = static_cast<GLsizeiptr>(shape_.result_bytes);
    gl.BindBuffer(GL_COPY_READ_BUFFER, oldest.buffer);
    const void* const mapped = gl.MapBufferRange(GL_COPY_READ_BUFFER, 0, size, GL_MAP_READ_BIT);
    if (mapped == nullptr) return fail(kGpu, "glMapBufferRange returned null");
    mapped_ = oldest.buffer;
    const std::span bytes(static_cast<const std::byte*>(mapped), shape_.result_bytes);
    if (shape_.landing == Landing::anywhere) return bytes;
    std::memcpy(memory_.bytes().data(), bytes.data(), bytes.size());
    return memory_.bytes();
  }
  Outcome<void> release_oldest() override {
    bench_.gl().BindBuffer(GL_COPY_READ_BUFFER, mapped_);
    bench_.gl().UnmapBuffer(GL_COPY_READ_BUFFER);
    return {};
  }
  void poison() override {
    TraditionalReader::poison();
    for (const GlBuffer& buffer : buffers_) poison_buffer(bench_.gl(), buffer.name());
  }
  std::uint32_t copies() const noexcept override { return shape_.landing == Landing::own ? 1 : 0; }

 private:
  struct Sent {
    GLuint buffer;
    GLsync fence;
  };
  std::vector<GlBuffer> buffers_;
  bool copies_on_gpu_;
  std::size_t turn_ = 0;
  std::deque<Sent> sent_;
  GLuint mapped_ = 0;
};

}  // namespace

const char* to_string(TraditionalRead method) noexcept {
  constexpr std::array<const char*, 3> kNames = {"get_buffer_sub_data", "pixel_buffer_map",
                                                 "stream_read_map"};
  return kNames[static_cast<std::size_t>(method)];
}

Outcome<std::unique_ptr<Reader>> make_traditional_reader(BenchContext& bench, TraditionalRead method,
                                                         const ReadShape& shape) {
  if (method == TraditionalRead::get_buffer_sub_data) return std::make_unique<GettingReader>(bench, shape);
  std::vector<GlBuffer> buffers;
  for (std::uint32_t i = 0; i < shape.depth; ++i) {
    auto buffer = GlBuffer::create(bench.gl(), shape.result_bytes, GL_STREAM_READ);
    if (!buffer) return pass_on(buffer);
    buffers.push_back(std::move(*buffer));
  }
  return std::make_unique<MappingReader>(bench, shape, std::move(buffers),
                                         method == TraditionalRead::pixel_buffer_map);
}

}  // namespace pmb::tool::bench
