// SPDX-License-Identifier: MIT
//
// The C functions on programs, samplers and dispatches, one for each GL name.
#include "fake_entries.hpp"
#include "fake_entry.hpp"

namespace strict_gl {

namespace {

GLuint GLAD_API_PTR create_shader_program(GLenum type, GLsizei count, const GLchar* const* texts) {
  const Entered call("glCreateShaderProgramv", Need::compute, Enum{type}, count, texts);
  return call ? call->create_program(type, count, texts) : 0;
}
void GLAD_API_PTR delete_program(GLuint name) {
  if (const Entered call("glDeleteProgram", Need::nothing, name); call) call->delete_program(name);
}
void GLAD_API_PTR use_program(GLuint name) {
  if (const Entered call("glUseProgram", Need::nothing, name); call) call->use_program(name);
}
void GLAD_API_PTR get_program(GLuint name, GLenum what, GLint* value) {
  if (const Entered call("glGetProgramiv", Need::nothing, name, Enum{what}, value); call)
    call->get_program(name, what, value);
}
void GLAD_API_PTR get_program_stage(GLuint name, GLenum stage, GLenum what, GLint* value) {
  if (const Entered call("glGetProgramStageiv", Need::compute, name, Enum{stage}, Enum{what}, value); call)
    call->get_program_stage(name, what, value);
}
void GLAD_API_PTR uniform_1i(GLint location, GLint x) {
  if (const Entered call("glUniform1i", Need::nothing, location, x); call)
    call->uniform(location, {static_cast<std::uint32_t>(x)});
}
void GLAD_API_PTR uniform_2ui(GLint location, GLuint x, GLuint y) {
  if (const Entered call("glUniform2ui", Need::nothing, location, x, y); call)
    call->uniform(location, {x, y});
}
void GLAD_API_PTR uniform_3ui(GLint location, GLuint x, GLuint y, GLuint z) {
  if (const Entered call("glUniform3ui", Need::nothing, location, x, y, z); call)
    call->uniform(location, {x, y, z});
}
void GLAD_API_PTR gen_samplers(GLsizei n, GLuint* names) {
  if (const Entered call("glGenSamplers", Need::compute, n, names); call) call->gen_samplers(n, names);
}
void GLAD_API_PTR delete_samplers(GLsizei n, const GLuint* names) {
  if (const Entered call("glDeleteSamplers", Need::compute, n, names); call) call->delete_samplers(n, names);
}
void GLAD_API_PTR sampler_parameter(GLuint name, GLenum what, GLint value) {
  if (const Entered call("glSamplerParameteri", Need::compute, name, Enum{what}, value); call)
    call->sampler_parameter(name, what, value);
}
void GLAD_API_PTR bind_sampler(GLuint unit, GLuint name) {
  if (const Entered call("glBindSampler", Need::compute, unit, name); call) call->bind_sampler(unit, name);
}
void GLAD_API_PTR dispatch_compute(GLuint x, GLuint y, GLuint z) {
  if (const Entered call("glDispatchCompute", Need::compute, x, y, z); call) call->dispatch({x, y, z});
}

}  // namespace

std::span<const EntryPoint> shader_entries() {
  static const EntryPoint kEntries[] = {
      entry<PFNGLCREATESHADERPROGRAMVPROC>("glCreateShaderProgramv", &create_shader_program),
      entry<PFNGLDELETEPROGRAMPROC>("glDeleteProgram", &delete_program),
      entry<PFNGLUSEPROGRAMPROC>("glUseProgram", &use_program),
      entry<PFNGLGETPROGRAMIVPROC>("glGetProgramiv", &get_program),
      entry<PFNGLGETPROGRAMSTAGEIVPROC>("glGetProgramStageiv", &get_program_stage),
      entry<PFNGLUNIFORM1IPROC>("glUniform1i", &uniform_1i),
      entry<PFNGLUNIFORM2UIPROC>("glUniform2ui", &uniform_2ui),
      entry<PFNGLUNIFORM3UIPROC>("glUniform3ui", &uniform_3ui),
      entry<PFNGLGENSAMPLERSPROC>("glGenSamplers", &gen_samplers),
      entry<PFNGLDELETESAMPLERSPROC>("glDeleteSamplers", &delete_samplers),
      entry<PFNGLSAMPLERPARAMETERIPROC>("glSamplerParameteri", &sampler_parameter),
      entry<PFNGLBINDSAMPLERPROC>("glBindSampler", &bind_sampler),
      entry<PFNGLDISPATCHCOMPUTEPROC>("glDispatchCompute", &dispatch_compute),
  };
  return kEntries;
}

}  // namespace strict_gl
