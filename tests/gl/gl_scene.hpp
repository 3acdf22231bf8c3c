// SPDX-License-Identifier: MIT
// GPU work for tests: slow draws whose fragment shader reads or writes a storage buffer, and compute shaders. Even a
// software renderer runs such draws late.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <vector>

namespace gl_test {

// Whether fragment shaders can have a storage buffer, which the two classes below need; and whether they run late:
// softpipe finishes every draw before the call returns.
bool has_fragment_storage(const GladGLContext& gl);
bool has_late_shaders(const GladGLContext& gl);

// Compiles and links; a failure fails the test. Sources are GLSL 4.30 without the #version line. The functions add that
// of the context, and the extensions that older versions need.
GLuint make_program(const GladGLContext& gl, const char* vertex, const char* fragment);
GLuint make_compute_program(const GladGLContext& gl, const char* source);
// For transform feedback of one output of the vertex shader.
GLuint make_capture_program(const GladGLContext& gl, const char* vertex, const char* fragment,
                            const char* captured);

// Binds a program, a framebuffer with an integer image, a texture and a vertex array.
void bind_scene(const GladGLContext& gl);

// Draws into rows of an integer image. Row r belongs to draw r: each of its kWidth pixels shows one 32-bit word of the
// storage buffer range of that draw.
class SlowRows {
 public:
  static constexpr int kWidth = 64;
  static constexpr std::uint64_t kWords = 64;
  static constexpr std::uint64_t kBytes = kWords * sizeof(std::uint32_t);

  // Every fragment reads all words `rounds` times before it writes its pixel.
  SlowRows(const GladGLContext& gl, int rows, std::uint32_t rounds);

  // Issues a draw that shows kBytes at `offset` of `buffer` in row `row`. Not flushed.
  void draw(GLuint buffer, std::uint64_t offset, int row) const;
  // The rows, after all draws have finished.
  std::vector<std::uint32_t> pixels() const;

 private:
  const GladGLContext& gl_;
  int rows_ = 0;
  GLuint program_ = 0;
};

// Slow draws that count: every fragment adds 1 to a word by an atomic operation.
class SlowCounter {
 public:
  static constexpr int kWidth = 64;
  static constexpr int kHeight = 32;
  static constexpr std::uint32_t kFragments = kWidth * kHeight;

  SlowCounter(const GladGLContext& gl, std::uint32_t rounds);

  // Issues a draw that adds kFragments to the word at `offset` of `buffer`, or 1 to each of `words` words
  // kFragments / words times. Not flushed.
  void draw(GLuint buffer, std::uint64_t offset, std::uint32_t words = 1) const;

 private:
  const GladGLContext& gl_;
  GLuint program_ = 0;
};

}  // namespace gl_test
