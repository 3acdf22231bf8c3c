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

// The noise depends on the words, and the choice of the word on the noise (in practice it is always the same word).
// So a compiler can neither remove the loop nor move it after the read that counts.
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

// The first lines of every shader.
std::string prelude_of(const GladGLContext& gl) {
  if (gl.ES_VERSION_3_0) {
    const char* const version = gl.ES_VERSION_3_2 ? "320" : gl.ES_VERSION_3_1 ? "310" : "300";
    return std::string("#version ") + version + " es\n" +
           (gl.EXT_texture_buffer && !gl.ES_VERSION_3_2 ? "#extension GL_EXT_texture_buffer : enable\n"
                                                        : "") +
           "precision highp float;\nprecision highp int;\n";
  }
  if (gl.VERSION_4_3) return "#version 430 core\n";
  return std::string("#version ") + (gl.VERSION_3_3 ? "330 core\n" : "150 core\n") +
         "#extension GL_ARB_shading_language_420pack : enable\n"
         "#extension GL_ARB_compute_shader : enable\n"
         "#extension GL_ARB_shader_storage_buffer_object : enable\n"
         "#extension GL_ARB_explicit_attrib_location : enable\n";
}

constexpr const char* kNothing = R"(
layout(location = 0) out uint shown;
void main() { shown = 1u; }
)";

GLuint link(const GladGLContext& gl, std::initializer_list<std::pair<GLenum, const char*>> stages,
            const char* captured = nullptr) {
  const GLuint program = gl.CreateProgram();
  for (const auto& [kind, text] : stages) {
    const std::string source = prelude_of(gl) + text;
    const char* pointer = source.c_str();
    const GLuint shader = gl.CreateShader(kind);
    gl.ShaderSource(shader, 1, &pointer, nullptr);
    gl.CompileShader(shader);
    gl.AttachShader(program, shader);
    gl.DeleteShader(shader);
  }
  if (captured) gl.TransformFeedbackVaryings(program, 1, &captured, GL_INTERLEAVED_ATTRIBS);
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
  gl.TexImage2D(GL_TEXTURE_2D, 0, GL_R32UI, width, height, 0, GL_RED_INTEGER, GL_UNSIGNED_INT, nullptr);
  gl.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
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

bool has_fragment_storage(const GladGLContext& gl) {
  if (!gl.VERSION_4_3 && !gl.ES_VERSION_3_1 && !gl.ARB_shader_storage_buffer_object) return false;
  GLint blocks = 0;
  gl.GetIntegerv(GL_MAX_FRAGMENT_SHADER_STORAGE_BLOCKS, &blocks);
  return blocks > 0;
}

bool has_late_shaders(const GladGLContext& gl) {
  const auto* const renderer = reinterpret_cast<const char*>(gl.GetString(GL_RENDERER));
  return has_fragment_storage(gl) &&
         std::string(renderer ? renderer : "").find("softpipe") == std::string::npos;
}

GLuint make_program(const GladGLContext& gl, const char* vertex, const char* fragment) {
  return link(gl, {{GL_VERTEX_SHADER, vertex}, {GL_FRAGMENT_SHADER, fragment}});
}

GLuint make_capture_program(const GladGLContext& gl, const char* vertex, const char* fragment,
                            const char* captured) {
  return link(gl, {{GL_VERTEX_SHADER, vertex}, {GL_FRAGMENT_SHADER, fragment}}, captured);
}

void bind_scene(const GladGLContext& gl) {
  bind_target(gl, 64, 64);
  gl.UseProgram(make_program(gl, kWholeTarget, kNothing));
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
  // Four words a pixel: OpenGL ES reads every unsigned image so (OpenGL ES 3.2 section 16.1.2).
  std::vector<std::uint32_t> words(std::size_t{4} * kWidth * static_cast<std::size_t>(rows_));
  gl_.ReadPixels(0, 0, kWidth, rows_, GL_RGBA_INTEGER, GL_UNSIGNED_INT, words.data());
  std::vector<std::uint32_t> pixels(words.size() / 4);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = words[4 * i];
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
