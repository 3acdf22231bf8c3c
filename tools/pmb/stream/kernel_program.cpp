// SPDX-License-Identifier: MIT
// Compiles, links and dispatches kernels.

#include "kernel_program.hpp"

#include "kernel_bindings.hpp"

#include <algorithm>
#include <utility>

namespace pmb::tool {
namespace {

std::string shader_log(const GladGLContext& gl, GLuint shader) {
  GLint length = 0;
  gl.GetShaderiv(shader, GL_INFO_LOG_LENGTH, &length);
  std::string log(static_cast<std::size_t>(std::max(length, 0)), '\0');
  if (length > 0) gl.GetShaderInfoLog(shader, length, nullptr, log.data());
  return log;
}

std::string program_log(const GladGLContext& gl, GLuint program) {
  GLint length = 0;
  gl.GetProgramiv(program, GL_INFO_LOG_LENGTH, &length);
  std::string log(static_cast<std::size_t>(std::max(length, 0)), '\0');
  if (length > 0) gl.GetProgramInfoLog(program, length, nullptr, log.data());
  return log;
}

}  // namespace

KernelProgram::KernelProgram(const GladGLContext& gl, GLuint program, std::string name)
    : gl_(&gl), program_(program), name_(std::move(name)) {}

KernelProgram::KernelProgram(KernelProgram&& other) noexcept
    : gl_(other.gl_),
      program_(std::exchange(other.program_, 0)),
      name_(std::move(other.name_)),
      uniforms_(std::move(other.uniforms_)),
      group_invocations_(other.group_invocations_),
      groups_(other.groups_),
      frame_location_(other.frame_location_),
      block_bytes_location_(other.block_bytes_location_),
      out_bytes_location_(other.out_bytes_location_) {}

KernelProgram::~KernelProgram() {
  if (program_ != 0) gl_->DeleteProgram(program_);
}

Outcome<KernelProgram> KernelProgram::build(const GladGLContext& gl, const KernelSource& source) {
  const auto failure = [&](std::string_view what, const std::string& log) {
    return tl::unexpected(Failure{
        kKernel,
        fmt::format("the kernel {} does not {}; correct it as the lines above say", source.name(), what),
        map_compile_log(source.files, log)});
  };
  const GLuint shader = gl.CreateShader(GL_COMPUTE_SHADER);
  const char* text = source.assembled.data();
  const auto length = static_cast<GLint>(source.assembled.size());
  gl.ShaderSource(shader, 1, &text, &length);
  gl.CompileShader(shader);
  GLint done = GL_FALSE;
  gl.GetShaderiv(shader, GL_COMPILE_STATUS, &done);
  if (done != GL_TRUE) {
    const std::string log = shader_log(gl, shader);
    gl.DeleteShader(shader);
    return failure("compile", log);
  }
  KernelProgram program(gl, gl.CreateProgram(), source.name());
  gl.AttachShader(program.program_, shader);
  gl.LinkProgram(program.program_);
  gl.DeleteShader(shader);
  gl.GetProgramiv(program.program_, GL_LINK_STATUS, &done);
  if (done != GL_TRUE) return failure("link", program_log(gl, program.program_));

  if (auto bound = require_bound(gl, program.program_, source.name()); !bound) return pass_on(bound);
  program.read_interface();
  if (!program.writes_binding_1()) {
    return fail(kKernel,
                "the kernel {} has no buffer at binding 1, so it writes nothing; store results with "
                "pmb_store_word or "
                "into pmb_out",
                source.name());
  }
  return program;
}

void KernelProgram::read_interface() {
  std::array<GLint, 3> local_size = {1, 1, 1};
  gl_->GetProgramiv(program_, GL_COMPUTE_WORK_GROUP_SIZE, local_size.data());
  group_invocations_ = 1;
  for (const GLint side : local_size) group_invocations_ *= static_cast<std::uint64_t>(side);

  GLint count = 0;
  GLint longest = 0;
  gl_->GetProgramiv(program_, GL_ACTIVE_UNIFORMS, &count);
  gl_->GetProgramiv(program_, GL_ACTIVE_UNIFORM_MAX_LENGTH, &longest);
  for (GLuint index = 0; index < static_cast<GLuint>(count); ++index) {
    Uniform uniform;
    std::string name(static_cast<std::size_t>(longest) + 1, '\0');
    GLsizei length = 0;
    gl_->GetActiveUniform(program_, index, static_cast<GLsizei>(name.size()), &length, &uniform.count,
                          &uniform.type, name.data());
    name.resize(static_cast<std::size_t>(length));
    uniform.location = gl_->GetUniformLocation(program_, name.c_str());
    if (name.ends_with("[0]")) name.resize(name.size() - 3);
    uniform.name = std::move(name);
    if (uniform.location >= 0 && !uniform.name.starts_with("pmb_")) uniforms_.push_back(std::move(uniform));
  }
  frame_location_ = gl_->GetUniformLocation(program_, "pmb_frame");
  block_bytes_location_ = gl_->GetUniformLocation(program_, "pmb_block_bytes");
  out_bytes_location_ = gl_->GetUniformLocation(program_, "pmb_out_bytes");
}

bool KernelProgram::writes_binding_1() const {
  GLint count = 0;
  gl_->GetProgramInterfaceiv(program_, GL_SHADER_STORAGE_BLOCK, GL_ACTIVE_RESOURCES, &count);
  for (GLuint index = 0; index < static_cast<GLuint>(count); ++index) {
    constexpr std::array<GLenum, 2> kProperties = {GL_BUFFER_BINDING, GL_NUM_ACTIVE_VARIABLES};
    std::array<GLint, 2> values = {};
    gl_->GetProgramResourceiv(program_, GL_SHADER_STORAGE_BLOCK, index,
                              static_cast<GLsizei>(kProperties.size()), kProperties.data(),
                              static_cast<GLsizei>(values.size()), nullptr, values.data());
    if (values[0] == 1 && values[1] > 0) return true;
  }
  return false;
}

void KernelProgram::set_uint(const char* name, std::uint64_t value) const {
  const GLint location = gl_->GetUniformLocation(program_, name);
  if (location >= 0) gl_->ProgramUniform1ui(program_, location, static_cast<GLuint>(value));
}

void KernelProgram::set_parameters(Builtin builtin, const BuiltinParameters& parameters) {
  const auto location = [&](const char* name) { return gl_->GetUniformLocation(program_, name); };
  if (builtin == Builtin::convolve) {
    const Convolution& convolution = parameters.convolution;
    gl_->ProgramUniform1i(program_, location("size"), static_cast<GLint>(convolution.size));
    gl_->ProgramUniform1fv(program_, location("coefficients"),
                           static_cast<GLsizei>(convolution.coefficients.size()),
                           convolution.coefficients.data());
    gl_->ProgramUniform1f(program_, location("factor"), convolution.factor);
    gl_->ProgramUniform1f(program_, location("bias"), convolution.bias);
  }
  if (builtin == Builtin::scale) {
    gl_->ProgramUniform1f(program_, location("a"), parameters.a);
    gl_->ProgramUniform1f(program_, location("b"), parameters.b);
  }
}

Outcome<void> KernelProgram::set_layout(const FrameLayout& layout, std::uint64_t output_bytes) {
  const std::uint64_t words = padded_bytes(std::max(layout.bytes, output_bytes)) / 4;
  const std::uint64_t groups = (words + group_invocations_ - 1) / group_invocations_;
  std::array<std::uint64_t, 2> most = {};
  for (GLuint side = 0; side < most.size(); ++side) {
    GLint limit = 0;
    gl_->GetIntegeri_v(GL_MAX_COMPUTE_WORK_GROUP_COUNT, side, &limit);
    most[side] = static_cast<std::uint64_t>(std::max(limit, 1));
  }
  const std::uint64_t across = std::min(groups, most[0]);
  const std::uint64_t down = (groups + across - 1) / across;
  if (down > most[1]) {
    return fail(kLimit,
                "a block of {} bytes needs {} work groups of {} invocations, and this GPU runs {}x{}; use "
                "smaller blocks or "
                "a larger local size",
                std::max(layout.bytes, output_bytes), groups, group_invocations_, most[0], most[1]);
  }
  groups_ = {static_cast<GLuint>(across), static_cast<GLuint>(down)};

  set_uint("pmb_group_invocations", group_invocations_);
  set_uint("pmb_pixel_format", static_cast<std::uint64_t>(layout.format));
  set_uint("pmb_width", layout.width);
  set_uint("pmb_height", layout.height);
  set_uint("pmb_plane_count", layout.plane_count);
  set_uint("pmb_sample_bits", layout.sample_bits);
  set_uint("pmb_sample_bytes", layout.sample_bytes());
  for (std::size_t plane = 0; plane < layout.planes.size(); ++plane) {
    set_uint(fmt::format("pmb_plane_offset[{}]", plane).c_str(), layout.planes[plane].offset_bytes);
    set_uint(fmt::format("pmb_plane_width[{}]", plane).c_str(), layout.planes[plane].width);
    set_uint(fmt::format("pmb_plane_height[{}]", plane).c_str(), layout.planes[plane].height);
  }
  return {};
}

void KernelProgram::dispatch(std::uint64_t frame, std::uint64_t input_bytes,
                             std::uint64_t output_bytes) const {
  const auto set_at = [&](GLint location, std::uint64_t value) {
    if (location >= 0) gl_->ProgramUniform1ui(program_, location, static_cast<GLuint>(value));
  };
  set_at(frame_location_, frame);
  set_at(block_bytes_location_, input_bytes);
  set_at(out_bytes_location_, output_bytes);
  gl_->UseProgram(program_);
  gl_->DispatchCompute(groups_[0], groups_[1], 1);
}

}  // namespace pmb::tool
