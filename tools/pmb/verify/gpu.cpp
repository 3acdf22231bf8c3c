// SPDX-License-Identifier: MIT

#include "verify/gpu.hpp"

#include <cstring>

namespace pmb::tool::verify {
namespace {

constexpr std::uint32_t kStep = 1000;

}  // namespace

Words words_of(std::uint32_t number) {
  Words words{};
  for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = number * kStep + i;
  return words;
}

std::uint32_t number_of(const Words& words) {
  return words[0] / kStep;
}

void finish(const Gpu& gpu) {
  const Fence fence(gpu);
  gpu.gl.Flush();
  fence.wait_until_signalled();
}

Fence::Fence(const Gpu& gpu) : gpu_(gpu), sync_(gpu.gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0)) {
  if (sync_ == nullptr) fail_check("glFenceSync returned null");
}

GLenum Fence::wait(std::chrono::nanoseconds timeout, GLbitfield flags) const {
  return gpu_.gl.ClientWaitSync(sync_, flags, static_cast<GLuint64>(timeout.count()));
}

void Fence::wait_until_signalled(GLbitfield flags) const {
  const GLenum answer = wait(gpu_.patience, flags);
  if (answer != GL_ALREADY_SIGNALED && answer != GL_CONDITION_SATISFIED)
    fail_check("the GPU did not finish within {} ms: glClientWaitSync returned 0x{:04X}",
               gpu_.patience.count(), answer);
}

int Fence::poll() const {
  const auto end = std::chrono::steady_clock::now() + gpu_.patience;
  int polls = 0;
  while (wait(std::chrono::nanoseconds(0)) == GL_TIMEOUT_EXPIRED) {
    ++polls;
    if (std::chrono::steady_clock::now() > end)
      fail_check("the fence had not signalled after {} ms and {} polls", gpu_.patience.count(), polls);
  }
  return polls;
}

void require_buffer_storage(const Gpu& gpu) {
  if (!gpu.context.limits().buffer_storage)
    skip_check("the context has no buffer storage; pmb maps nothing persistently");
}

void require_no_error(const Gpu& gpu, std::string_view doing) {
  if (const GLenum error = gpu.gl.GetError(); error != GL_NO_ERROR)
    fail_check("{}: GL error 0x{:04X}", doing, error);
}

GlBuffer plain_buffer(const Gpu& gpu, std::uint64_t size_bytes, const void* data, GLenum usage) {
  auto buffer = GlBuffer::create(gpu.gl, size_bytes, usage);
  if (!buffer) fail_check("{}", buffer.error().message);
  if (data != nullptr) {
    gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer->name());
    gpu.gl.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), data, usage);
  }
  return std::move(*buffer);
}

void copy(const Gpu& gpu, GLuint from, std::uint64_t from_offset, GLuint to, std::uint64_t to_offset,
          std::uint64_t size_bytes) {
  gpu.gl.BindBuffer(GL_COPY_READ_BUFFER, from);
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, to);
  gpu.gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(from_offset),
                           static_cast<GLintptr>(to_offset), static_cast<GLsizeiptr>(size_bytes));
}

void update(const Gpu& gpu, GLuint buffer, const Words& words) {
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gpu.gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, kBlockBytes, words.data());
}

Mapped::Mapped(const Gpu& gpu, GLbitfield access, std::uint64_t size_bytes, std::uint64_t offset)
    : gpu_(gpu) {
  require_buffer_storage(gpu);
  auto buffer = GlBuffer::create_storage(gpu.gl, size_bytes,
                                         access & ~static_cast<GLbitfield>(GL_MAP_FLUSH_EXPLICIT_BIT));
  if (!buffer) fail_check("{}", buffer.error().message);
  buffer_ = std::move(*buffer);
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer_.name());
  pointer_ =
      static_cast<std::byte*>(gpu.gl.MapBufferRange(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset),
                                                    static_cast<GLsizeiptr>(size_bytes - offset), access));
  require_no_error(gpu, "glMapBufferRange");
  if (pointer_ == nullptr) fail_check("glMapBufferRange returned null without a GL error");
}

void Mapped::put(std::uint64_t offset, const Words& words) const {
  std::memcpy(pointer_ + offset, words.data(), kBlockBytes);
}

void Mapped::flush(std::uint64_t offset, std::uint64_t size_bytes) const {
  gpu_.gl.BindBuffer(GL_COPY_WRITE_BUFFER, name());
  gpu_.gl.FlushMappedBufferRange(GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset),
                                 static_cast<GLsizeiptr>(size_bytes));
}

Words Mapped::get(std::uint64_t offset) const {
  Words words{};
  std::memcpy(words.data(), pointer_ + offset, kBlockBytes);
  return words;
}

}  // namespace pmb::tool::verify
