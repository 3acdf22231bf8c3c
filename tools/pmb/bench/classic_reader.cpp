// SPDX-License-Identifier: MIT
// What programs without pmb do to bring bytes down, each as well as it can be done.

#include <array>
#include <cstring>
#include <deque>
#include <vector>

#include "gpu_targets.hpp"
#include "own_memory.hpp"
#include "reader.hpp"

namespace pmb::tool::bench {
namespace {

constexpr std::byte kPoison{0xA5};

/// What both ways share: results that shaders stored need a barrier before anything copies them.
class ClassicReader : public Reader {
 public:
  ClassicReader(Workbench& bench, const ReadShape& shape)
      : bench_(bench), shape_(shape), targets_(bench, shape.result_bytes, shape.depth) {}
  Outcome<Place> target() override { return targets_.next(); }
  Outcome<void> sent() override {
    bench_.gl().MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT | GL_SHADER_STORAGE_BARRIER_BIT);
    return pull(targets_.latest());
  }
  void poison() override {
    targets_.poison();
    memory_.fill(kPoison);
  }

 protected:
  Workbench& bench_;
  ReadShape shape_;
  GpuTargets targets_;
  OwnMemory memory_;  ///< The caller's own.
};

class GettingReader final : public ClassicReader {
 public:
  GettingReader(Workbench& bench, const ReadShape& shape) : ClassicReader(bench, shape) {
    memory_ = OwnMemory(shape.result_bytes);
  }
  Outcome<void> pull(Place source) override {
    sources_.push_back(source);
    return {};
  }
  Outcome<std::span<const std::byte>> wait_oldest() override {
    const Place source = sources_.front();
    sources_.pop_front();
    bench_.gl().BindBuffer(GL_COPY_READ_BUFFER, source.buffer);
    bench_.gl().GetBufferSubData(GL_COPY_READ_BUFFER, static_cast<GLintptr>(source.offset_bytes),
                                 static_cast<GLsizeiptr>(shape_.result_bytes), memory_.bytes().data());
    return memory_.bytes();
  }
  Outcome<void> release_oldest() override { return {}; }
  std::uint32_t copies() const noexcept override { return 1; }

 private:
  std::deque<Place> sources_;
};

class MappingReader final : public ClassicReader {
 public:
  MappingReader(Workbench& bench, const ReadShape& shape, std::vector<PlainBuffer> buffers, bool copies)
      : ClassicReader(bench, shape), buffers_(std::move(buffers)), copies_on_gpu_(copies) {
    if (shape.landing == Landing::own) memory_ = OwnMemory(shape.result_bytes);
  }
  ~MappingReader() override {
    for (const Sent& sent : sent_) bench_.gl().DeleteSync(sent.fence);
  }

  Outcome<Place> target() override {
    if (copies_on_gpu_) return ClassicReader::target();
    return Place{buffers_[turn_].name(), 0};
  }
  Outcome<void> sent() override {
    if (copies_on_gpu_) return ClassicReader::sent();
    bench_.gl().MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    return arm();
  }
  Outcome<void> pull(Place source) override {
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
    if (mapped == nullptr) return fail(kGpu, "glMapBufferRange answered null");
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
    ClassicReader::poison();
    for (const PlainBuffer& buffer : buffers_) poison_buffer(bench_.gl(), buffer.name());
  }
  std::uint32_t copies() const noexcept override { return shape_.landing == Landing::own ? 1 : 0; }

 private:
  struct Sent {
    GLuint buffer;
    GLsync fence;
  };
  std::vector<PlainBuffer> buffers_;
  bool copies_on_gpu_;
  std::size_t turn_ = 0;
  std::deque<Sent> sent_;
  GLuint mapped_ = 0;
};

}  // namespace

const char* to_string(ClassicRead way) noexcept {
  constexpr std::array<const char*, 3> kNames = {"get_buffer_sub_data", "pixel_buffer_map",
                                                 "stream_read_map"};
  return kNames[static_cast<std::size_t>(way)];
}

Outcome<std::unique_ptr<Reader>> make_classic_reader(Workbench& bench, ClassicRead way,
                                                     const ReadShape& shape) {
  if (way == ClassicRead::get_buffer_sub_data) return std::make_unique<GettingReader>(bench, shape);
  std::vector<PlainBuffer> buffers;
  for (std::uint32_t i = 0; i < shape.depth; ++i) {
    auto buffer = PlainBuffer::create(bench, shape.result_bytes, GL_STREAM_READ);
    if (!buffer) return pass_on(buffer);
    buffers.push_back(std::move(*buffer));
  }
  return std::make_unique<MappingReader>(bench, shape, std::move(buffers),
                                         way == ClassicRead::pixel_buffer_map);
}

}  // namespace pmb::tool::bench
