// SPDX-License-Identifier: MIT
// Uploads without pmb, each as fast as it can be.

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "bench/methods/uploader.hpp"

namespace pmb::tool::bench {
namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

/// Replaces or overwrites a buffer for each piece. Each frame uses another buffer, so that the driver need not wait for the
/// previous frame.
class ReplacingUploader final : public Uploader {
 public:
  ReplacingUploader(BenchContext& bench, TraditionalUpload method, GLenum usage, bool behind_barrier,
                    std::vector<GlBuffer> buffers)
      : bench_(bench),
        method_(method),
        usage_(usage),
        behind_barrier_(behind_barrier),
        buffers_(std::move(buffers)) {}

  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content) override {
    const GladGLContext& gl = bench_.gl();
    const GLuint name = buffers_[turn_].name();
    const auto size = static_cast<GLsizeiptr>(bytes.size());
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    switch (method_) {
      case TraditionalUpload::buffer_data:
        gl.BufferData(GL_COPY_WRITE_BUFFER, size, bytes.data(), usage_);
        break;
      case TraditionalUpload::map_invalidate: {
        void* const mapped =
            gl.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, size, GL_MAP_WRITE_BIT | GL_MAP_INVALIDATE_BUFFER_BIT);
        if (mapped == nullptr) return fail(kGpu, "glMapBufferRange returned null");
        std::memcpy(mapped, bytes.data(), bytes.size());
        gl.UnmapBuffer(GL_COPY_WRITE_BUFFER);
        break;
      }
      default:
        gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, size, bytes.data());
        break;
    }
    // Without it the result is wrong, and faster.
    if (behind_barrier_) gl.MemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT);
    return BufferOffset{name, 0};
  }

  Outcome<void> end_frame() override {
    turn_ = (turn_ + 1) % buffers_.size();
    return {};
  }
  Outcome<void> finish() override { return bench_.finish(); }

  std::uint32_t copies(Content) const noexcept override { return 1; }

 private:
  BenchContext& bench_;
  TraditionalUpload method_;
  GLenum usage_;
  bool behind_barrier_;  ///< Before storage readers.
  std::vector<GlBuffer> buffers_;
  std::size_t turn_ = 0;
};

/// One buffer for all frames. The CPU writes unsynchronized, into a part whose fence has passed.
class UnsynchronizedUploader final : public Uploader {
 public:
  UnsynchronizedUploader(BenchContext& bench, const UploadShape& shape, std::uint64_t stride, GlBuffer buffer)
      : bench_(bench),
        stride_(stride),
        frame_bytes_(stride * shape.pieces),
        buffer_(std::move(buffer)),
        fences_(shape.frames) {}
  ~UnsynchronizedUploader() override {
    for (const GLsync fence : fences_) {
      if (fence != nullptr) bench_.gl().DeleteSync(fence);
    }
  }

  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content) override {
    if (GLsync& fence = fences_[frame_]; fence != nullptr) {
      if (auto passed = bench_.wait(std::exchange(fence, nullptr)); !passed) return pass_on(passed);
    }
    const GladGLContext& gl = bench_.gl();
    const std::uint64_t offset = frame_ * frame_bytes_ + piece_++ * stride_;
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer_.name());
    void* const mapped = gl.MapBufferRange(
        GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset), static_cast<GLsizeiptr>(bytes.size()),
        GL_MAP_WRITE_BIT | GL_MAP_UNSYNCHRONIZED_BIT | GL_MAP_INVALIDATE_RANGE_BIT);
    if (mapped == nullptr) return fail(kGpu, "glMapBufferRange returned null");
    std::memcpy(mapped, bytes.data(), bytes.size());
    gl.UnmapBuffer(GL_COPY_WRITE_BUFFER);
    return BufferOffset{buffer_.name(), offset};
  }

  Outcome<void> end_frame() override {
    auto fence = bench_.fence();
    if (!fence) return pass_on(fence);
    last_frame_ = frame_;
    fences_[frame_] = *fence;
    frame_ = (frame_ + 1) % fences_.size();
    piece_ = 0;
    return {};
  }
  Outcome<void> finish() override {
    GLsync& last = fences_[last_frame_];
    return last == nullptr ? Outcome<void>{} : bench_.wait(std::exchange(last, nullptr));
  }

  std::uint32_t copies(Content) const noexcept override { return 1; }

 private:
  BenchContext& bench_;
  std::uint64_t stride_;
  std::uint64_t frame_bytes_;
  GlBuffer buffer_;
  std::vector<GLsync> fences_;
  std::size_t frame_ = 0;
  std::size_t last_frame_ = 0;
  std::uint64_t piece_ = 0;
};

}  // namespace

const char* to_string(TraditionalUpload method) noexcept {
  constexpr std::array<const char*, 4> kNames = {"buffer_data", "buffer_sub_data", "map_invalidate",
                                                 "map_unsynchronized"};
  return kNames[static_cast<std::size_t>(method)];
}

Outcome<std::unique_ptr<Uploader>> make_traditional_uploader(BenchContext& bench, TraditionalUpload method,
                                                             const UploadShape& shape, GLenum usage) {
  if (method == TraditionalUpload::map_unsynchronized) {
    const pmb::Limits& limits = bench.planned().limits();
    const std::uint64_t stride = round_up(
        shape.piece_bytes, std::max(limits.storage_offset_alignment, limits.uniform_offset_alignment));
    auto buffer = GlBuffer::create(bench.gl(), stride * shape.pieces * shape.frames, usage);
    if (!buffer) return pass_on(buffer);
    return std::make_unique<UnsynchronizedUploader>(bench, shape, stride, std::move(*buffer));
  }
  std::vector<GlBuffer> buffers;
  for (std::uint32_t i = 0; i < shape.frames; ++i) {
    auto buffer = GlBuffer::create(bench.gl(), shape.piece_bytes, usage);
    if (!buffer) return pass_on(buffer);
    buffers.push_back(std::move(*buffer));
  }
  const bool behind_barrier = shape.read_as_storage && bench.updates_need_barrier();
  return std::make_unique<ReplacingUploader>(bench, method, usage, behind_barrier, std::move(buffers));
}

}  // namespace pmb::tool::bench
