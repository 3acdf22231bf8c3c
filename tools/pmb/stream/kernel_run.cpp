// SPDX-License-Identifier: MIT
// Binds, dispatches, and finds kernels that write nothing.

#include "kernel_run.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "common/gl_buffer.hpp"

namespace pmb::tool {

void run_kernel(const GpuWork& work, GLuint input, GLuint output, const BlockJob& job) {
  const GladGLContext& gl = work.gl;
  gl.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, input, 0, static_cast<GLsizeiptr>(work.input_bytes));
  gl.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 1, output, 0, static_cast<GLsizeiptr>(work.output_bytes));
  if (work.clear_output) {
    // glBindBufferRange also binds the buffer to the target's general binding point.
    gl.ClearBufferData(GL_SHADER_STORAGE_BUFFER, GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, nullptr);
  }
  work.program.dispatch(job.number, job.input_bytes, job.output_bytes);
}

namespace {

// Whether the bound shader storage buffer holds anything but `content`.
bool differs_from(const GladGLContext& gl, std::uint64_t size_bytes, std::uint32_t content) {
  constexpr std::uint64_t kPieceBytes = 1 << 20;
  std::vector<std::uint32_t> piece(std::min(kPieceBytes, size_bytes) / sizeof(std::uint32_t));
  for (std::uint64_t at = 0; at < size_bytes; at += kPieceBytes) {
    const std::uint64_t bytes = std::min(kPieceBytes, size_bytes - at);
    gl.GetBufferSubData(GL_SHADER_STORAGE_BUFFER, static_cast<GLintptr>(at), static_cast<GLsizeiptr>(bytes),
                        piece.data());
    const auto words = std::span(piece).first(bytes / sizeof(std::uint32_t));
    if (std::ranges::any_of(words, [&](std::uint32_t word) { return word != content; })) return true;
  }
  return false;
}

}  // namespace

Outcome<void> require_writes(const GpuWork& work, GLuint input, const BlockJob& job) {
  const GladGLContext& gl = work.gl;
  auto output = GlBuffer::create(gl, work.output_bytes, GL_STREAM_READ);
  if (!output) return pass_on(output);
  GpuWork probe = work;
  probe.clear_output = false;
  bool written = false;
  for (const std::uint32_t content : {0x00000000U, 0xFFFFFFFFU}) {
    gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, output->name());
    gl.ClearBufferData(GL_SHADER_STORAGE_BUFFER, GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, &content);
    run_kernel(probe, input, output->name(), job);
    gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    written = differs_from(gl, work.output_bytes, content);
    if (written) break;
  }
  auto healthy = require_no_gl_error(gl, "the first block");
  if (!healthy || written) return healthy;
  return fail(
      kKernel,
      "the kernel {} wrote nothing for the first block; store results with pmb_store_word or into pmb_out at "
      "binding 1",
      work.program.name());
}

}  // namespace pmb::tool
