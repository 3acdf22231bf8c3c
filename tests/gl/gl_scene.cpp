// SPDX-License-Identifier: MIT
// See gl_scene.hpp.
#include "gl_scene.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace gl_test {
namespace {

constexpr const char* kWholeTarget = R"(
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}
)";

// The words decide the noise and the noise decides which word is shown (never another one, in practice): so
// the loop can neither be left out nor be moved behind the read that counts.
constexpr const char* kShowWords = R"(
layout(std430, binding = 0) readonly buffer Source { uint words[64]; };
uniform uint rounds;
layout(location = 0) out uint shown;
void main() {
  uint noise = uint(gl_FragCoord.x);
  for (uint i = 0u; i < rounds; ++i) noise = noise * 1664525u + words[(noise >> 8) & 63u] + 1013904223u;
  uint column = uint(gl_FragCoord.x);
  shown = words[(column + (noise == 0x12345678u ? 1u : 0u)) & 63u];
}
)";

constexpr const char* kCount = R"(
layout(std430, binding = 0) coherent buffer Counter { uint counts[]; };
uniform uint rounds;
uniform uint words;
layout(location = 0) out uint shown;
void main() {
  uint noise = uint(gl_FragCoord.x);
  for (uint i = 0u; i < rounds; ++i) noise = noise * 1664525u + 1013904223u;
  uint fragment = uint(gl_FragCoord.y) * 64u + uint(gl_FragCoord.x);
  atomicAdd(counts[fragment % words], noise == 0x12345678u ? 2u : 1u);
  shown = noise;
}
)";

GLuint link(const GladGLContext& gl, std::initializer_list<std::pair<GLenum, const char*>> stages) {
  const GLuint program = gl.CreateProgram();
  for (const auto& [kind, text] : stages) {
    const std::string source = std::string("#version 430 core\n") + text;
    const char* pointer = source.c_str();
    const GLuint shader = gl.CreateShader(kind);
    gl.ShaderSource(shader, 1, &pointer, nullptr);
    gl.CompileShader(shader);
    gl.AttachShader(program, shader);
    gl.DeleteShader(shader);
  }
  gl.LinkProgram(program);
  GLint linked = GL_FALSE;
  gl.GetProgramiv(program, GL_LINK_STATUS, &linked);
  char log[2048] = "";
  gl.GetProgramInfoLog(program, sizeof log, nullptr, log);
  EXPECT_EQ(linked, GL_TRUE) << log;
  return program;
}

// Binds a new integer image as the framebuffer, and an empty vertex array.
void bind_target(const GladGLContext& gl, int width, int height) {
  GLuint texture = 0;
  gl.GenTextures(1, &texture);
  gl.BindTexture(GL_TEXTURE_2D, texture);
  gl.TexStorage2D(GL_TEXTURE_2D, 1, GL_R32UI, width, height);
  GLuint framebuffer = 0;
  gl.GenFramebuffers(1, &framebuffer);
  gl.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  EXPECT_EQ(gl.CheckFramebufferStatus(GL_FRAMEBUFFER), static_cast<GLenum>(GL_FRAMEBUFFER_COMPLETE));
  const GLuint zeros[4] = {};
  gl.ClearBufferuiv(GL_COLOR, 0, zeros);
  GLuint vertices = 0;
  gl.GenVertexArrays(1, &vertices);
  gl.BindVertexArray(vertices);
}

}  // namespace

GLuint make_program(const GladGLContext& gl, const char* vertex, const char* fragment) {
  return link(gl, {{GL_VERTEX_SHADER, vertex}, {GL_FRAGMENT_SHADER, fragment}});
}

GLuint make_compute_program(const GladGLContext& gl, const char* source) {
  return link(gl, {{GL_COMPUTE_SHADER, source}});
}

SlowRows::SlowRows(const GladGLContext& gl, int rows, std::uint32_t rounds)
    : gl_(gl), rows_(rows), program_(make_program(gl, kWholeTarget, kShowWords)) {
  bind_target(gl, kWidth, rows);
  gl.UseProgram(program_);
  gl.Uniform1ui(gl.GetUniformLocation(program_, "rounds"), rounds);
}

void SlowRows::draw(GLuint buffer, std::uint64_t offset, int row) const {
  gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, static_cast<GLintptr>(offset), kBytes);
  gl_.Viewport(0, row, kWidth, 1);
  gl_.DrawArrays(GL_TRIANGLES, 0, 3);
}

std::vector<std::uint32_t> SlowRows::pixels() const {
  std::vector<std::uint32_t> pixels(static_cast<std::size_t>(kWidth) * static_cast<std::size_t>(rows_));
  gl_.ReadPixels(0, 0, kWidth, rows_, GL_RED_INTEGER, GL_UNSIGNED_INT, pixels.data());
  return pixels;
}

SlowCounter::SlowCounter(const GladGLContext& gl, std::uint32_t rounds)
    : gl_(gl), program_(make_program(gl, kWholeTarget, kCount)) {
  bind_target(gl, kWidth, kHeight);
  gl.UseProgram(program_);
  gl.Uniform1ui(gl.GetUniformLocation(program_, "rounds"), rounds);
  gl.Viewport(0, 0, kWidth, kHeight);
}

void SlowCounter::draw(GLuint buffer, std::uint64_t offset, std::uint32_t words) const {
  gl_.Uniform1ui(gl_.GetUniformLocation(program_, "words"), words);
  gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, static_cast<GLintptr>(offset),
                      static_cast<GLsizeiptr>(words * sizeof(std::uint32_t)));
  gl_.DrawArrays(GL_TRIANGLES, 0, 3);
}

}  // namespace gl_test
