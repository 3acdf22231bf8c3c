// SPDX-License-Identifier: MIT
#include "common/gl_buffer.hpp"

namespace pmb::tool {
namespace {

ExitCode exit_code_of(pmb::Status status) {
  switch (status) {
    case pmb::Status::too_large:
    case pmb::Status::out_of_memory:
    case pmb::Status::map_failed:
      return kLimit;
    case pmb::Status::unsupported:
      return kNoGl;
    default:
      return kGpu;
  }
}

Outcome<GlBuffer> allocated(const GladGLContext& gl, GlBuffer buffer, std::uint64_t size_bytes) {
  auto done = require_no_gl_error(gl, fmt::format("a GL buffer of {} bytes", size_bytes));
  if (!done) return pass_on(done);
  return buffer;
}

}  // namespace

tl::unexpected<Failure> gpu_failure(std::string_view doing, const pmb::Error& error) {
  return fail(exit_code_of(error.status), "{}: {}", doing, error.message());
}

tl::unexpected<Failure> gpu_failure(const pmb::Context& context, std::string_view doing,
                                    const pmb::Error& error) {
  return fail(exit_code_of(error.status), "{}: {} ({})", doing, error.message(), context.driver().renderer);
}

Outcome<void> require_no_gl_error(const GladGLContext& gl, std::string_view doing) {
  const GLenum error = gl.GetError();
  if (error == GL_NO_ERROR) return {};
  const auto* renderer = reinterpret_cast<const char*>(gl.GetString(GL_RENDERER));
  return fail(error == GL_OUT_OF_MEMORY ? kLimit : kGpu, "{}: the driver ({}) returned GL error 0x{:04X}",
              doing, renderer != nullptr ? renderer : "unknown", error);
}

GlBuffer::GlBuffer(const GladGLContext& gl) : gl_(&gl) {
  gl.GenBuffers(1, &name_);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, name_);
}

Outcome<GlBuffer> GlBuffer::create(const GladGLContext& gl, std::uint64_t size_bytes, GLenum usage) {
  GlBuffer buffer(gl);
  gl.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), nullptr, usage);
  return allocated(gl, std::move(buffer), size_bytes);
}

Outcome<GlBuffer> GlBuffer::create_storage(const GladGLContext& gl, std::uint64_t size_bytes,
                                           GLbitfield flags) {
  GlBuffer buffer(gl);
  gl.BufferStorage(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), nullptr, flags);
  return allocated(gl, std::move(buffer), size_bytes);
}

Outcome<GlBuffer> GlBuffer::create_on_gpu(const GladGLContext& gl, std::uint64_t size_bytes) {
  // With no access for the CPU at all there is no reason to keep it anywhere else.
  return create_storage(gl, size_bytes, 0);
}

}  // namespace pmb::tool
