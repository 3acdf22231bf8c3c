// SPDX-License-Identifier: MIT

#include "verify/access.hpp"

#include <algorithm>
#include <cstring>

#include "verify/texels.hpp"

namespace pmb::tool::verify {
namespace {

constexpr GLsizei kTexels = std::tuple_size_v<Words>;

class ShaderReads : public Reads {
 public:
  ShaderReads(const Gpu& gpu, Reader by, std::chrono::milliseconds duration)
      : gpu_(gpu), by_(by), duration_(duration) {
    if (!gpu.shaders.can_read(by)) skip_check("no fragment shader of this context can read a buffer so");
    gpu.shaders.start_reads();
  }
  void issue(GLuint buffer, std::uint64_t offset) override {
    gpu_.shaders.read(by_, buffer, offset, duration_);
  }
  std::vector<Words> results() override {
    finish(gpu_);
    return gpu_.shaders.results();
  }

 private:
  const Gpu& gpu_;
  Reader by_;
  std::chrono::milliseconds duration_;
};

class CopyReads : public Reads {
 public:
  explicit CopyReads(const Gpu& gpu)
      : gpu_(gpu), target_(plain_buffer(gpu, kMostReads * kBlockBytes, nullptr, GL_STREAM_READ)) {}
  void issue(GLuint buffer, std::uint64_t offset) override {
    copy(gpu_, buffer, offset, target_.name(), issued_++ * kBlockBytes);
  }
  std::vector<Words> results() override {
    finish(gpu_);
    std::vector<Words> words(issued_);
    gpu_.gl.BindBuffer(GL_COPY_READ_BUFFER, target_.name());
    const auto bytes = static_cast<GLsizeiptr>(issued_ * kBlockBytes);
    const void* const mapped = gpu_.gl.MapBufferRange(GL_COPY_READ_BUFFER, 0, bytes, GL_MAP_READ_BIT);
    if (mapped == nullptr) fail_check("glMapBufferRange of a plain buffer returned null");
    std::memcpy(words.data(), mapped, static_cast<std::size_t>(bytes));
    gpu_.gl.UnmapBuffer(GL_COPY_READ_BUFFER);
    return words;
  }

 private:
  const Gpu& gpu_;
  GlBuffer target_;
  std::uint64_t issued_ = 0;
};

class TexelReads : public Reads {
 public:
  explicit TexelReads(const Gpu& gpu) : gpu_(gpu), image_(gpu, kTexels, kMostReads) {}
  void issue(GLuint buffer, std::uint64_t offset) override {
    image_.upload(issued_++, 1, buffer, offset_pointer(offset));
  }
  std::vector<Words> results() override {
    finish(gpu_);
    std::vector<Words> words(static_cast<std::size_t>(issued_));
    image_.read(0, issued_, 0, words.data());
    return words;
  }

 private:
  const Gpu& gpu_;
  Image image_;
  GLsizei issued_ = 0;
};

class StorageWrites : public Writes {
 public:
  explicit StorageWrites(const Gpu& gpu) : gpu_(gpu) {
    if (!gpu.shaders.can_store()) skip_check("no fragment shader of this context can store into a buffer");
  }
  void issue(std::uint32_t number, GLuint buffer, std::uint64_t offset) override {
    constexpr std::chrono::milliseconds kLongerThanACall{3};
    gpu_.shaders.store(number, buffer, offset, kLongerThanACall);
  }

 private:
  const Gpu& gpu_;
};

std::vector<Words> all_blocks() {
  std::vector<Words> blocks(kMostReads);
  for (std::uint32_t i = 0; i < kMostReads; ++i) blocks[i] = words_of(i);
  return blocks;
}

class CopyWrites : public Writes {
 public:
  explicit CopyWrites(const Gpu& gpu)
      : gpu_(gpu), source_(plain_buffer(gpu, kMostReads * kBlockBytes, all_blocks().data())) {}
  void issue(std::uint32_t number, GLuint buffer, std::uint64_t offset) override {
    copy(gpu_, source_.name(), number * kBlockBytes, buffer, offset);
  }

 private:
  const Gpu& gpu_;
  GlBuffer source_;
};

class TexelWrites : public Writes {
 public:
  explicit TexelWrites(const Gpu& gpu) : image_(gpu, kTexels, kMostReads) {
    image_.upload(0, kMostReads, 0, all_blocks().data());
  }
  void issue(std::uint32_t number, GLuint buffer, std::uint64_t offset) override {
    image_.read(static_cast<GLint>(number), 1, buffer, offset_pointer(offset));
  }

 private:
  Image image_;
};

}  // namespace

std::unique_ptr<Reads> Reads::of(const Gpu& gpu, Reader by, std::chrono::milliseconds duration) {
  if (by == Reader::copy) return std::make_unique<CopyReads>(gpu);
  if (by == Reader::texels) return std::make_unique<TexelReads>(gpu);
  return std::make_unique<ShaderReads>(gpu, by, duration);
}

std::unique_ptr<Writes> Writes::of(const Gpu& gpu, Writer by) {
  if (by == Writer::copy) return std::make_unique<CopyWrites>(gpu);
  if (by == Writer::texels) return std::make_unique<TexelWrites>(gpu);
  return std::make_unique<StorageWrites>(gpu);
}

}  // namespace pmb::tool::verify
