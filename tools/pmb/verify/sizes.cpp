// SPDX-License-Identifier: MIT
// Sizes that 32 bits cannot hold, and sizes that no machine has.

#include <cstring>

#include "common/units.hpp"
#include "verify/checks.hpp"
#include "verify/surroundings.hpp"

namespace pmb::tool::verify {
namespace {

constexpr GLbitfield kBoth = kCoherentWrite | GL_MAP_READ_BIT;

std::uint64_t size_of(const Gpu& gpu, GLuint buffer) {
  GLint64 size = 0;
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gpu.gl.GetBufferParameteri64v(GL_COPY_WRITE_BUFFER, GL_BUFFER_SIZE, &size);
  return static_cast<std::uint64_t>(size);
}

// The last block of a mapping travels both ways.
void check_last_block(const Gpu& gpu, GLuint buffer, std::byte* last, std::uint64_t offset) {
  const Words sent = words_of(8);
  std::memcpy(last, sent.data(), kBlockBytes);
  const auto reads = Reads::of(gpu, Reader::copy);
  reads->issue(buffer, offset);
  if (reads->results().front() != sent) fail_check("the GPU did not read the last bytes of the mapping");
  Writes::of(gpu, Writer::copy)->issue(9, buffer, offset);
  finish(gpu);
  Words received{};
  std::memcpy(received.data(), last, kBlockBytes);
  if (received != words_of(9)) fail_check("the CPU did not read the last bytes of the mapping");
}

std::string outcome_of_absurd_size(const Gpu& gpu, std::uint64_t size_bytes) {
  GLuint name = 0;
  gpu.gl.GenBuffers(1, &name);
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, name);
  if (gpu.context.limits().buffer_storage) {
    gpu.gl.BufferStorage(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), nullptr, kBoth);
  } else {
    gpu.gl.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), nullptr, GL_DYNAMIC_DRAW);
  }
  const GLenum error = gpu.gl.GetError();
  const std::uint64_t size = size_of(gpu, name);
  static_cast<void>(gpu.gl.GetError());
  gpu.gl.DeleteBuffers(1, &name);
  if (error != GL_NO_ERROR) return fmt::format("were refused with GL error 0x{:04X}", error);
  if (size != size_bytes) return fmt::format("were refused without an error: GL_BUFFER_SIZE is {}", size);
  return "were accepted (pmb compares sizes with this machine's memory first)";
}

}  // namespace

std::string size_is_exact(const Gpu& gpu, std::uint64_t size_bytes) {
  require_buffer_storage(gpu);
  const std::uint64_t free = gpu.surroundings.free_memory_bytes();
  if (free < size_bytes) skip_check("only {} may be used here", bytes_text(free));
  auto buffer = GlBuffer::create_storage(gpu.gl, size_bytes, kBoth);
  if (!buffer) skip_check("the driver refuses this size: {}", buffer.error().message);
  const std::uint64_t reported = size_of(gpu, buffer->name());
  if (reported != size_bytes)
    fail_check("GL_BUFFER_SIZE of a buffer of {} bytes is {}", size_bytes, reported);
  auto* const start = static_cast<std::byte*>(
      gpu.gl.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(size_bytes), kBoth));
  if (start == nullptr)
    skip_check("the driver maps no {} bytes: GL error 0x{:04X}", size_bytes, gpu.gl.GetError());
  const std::uint64_t last = size_bytes - kBlockBytes;
  check_last_block(gpu, buffer->name(), start + last, last);
  return fmt::format("{} bytes are reported exactly, and the last ones travel both ways", size_bytes);
}

std::string refusal_is_typed(const Gpu& gpu) {
  constexpr std::uint64_t kPebibyte = std::uint64_t{1} << 50U;
  const std::string outcome = outcome_of_absurd_size(gpu, kPebibyte);
  // The context works afterwards.
  const GlBuffer buffer = plain_buffer(gpu, kBlockBytes, words_of(2).data());
  const auto reads = Reads::of(gpu, Reader::copy);
  reads->issue(buffer.name(), 0);
  if (reads->results().front() != words_of(2)) fail_check("after 1 PiB, which {}, copies are wrong", outcome);
  return fmt::format("1 PiB {}; the context works afterwards", outcome);
}

}  // namespace pmb::tool::verify
