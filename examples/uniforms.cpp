// SPDX-License-Identifier: MIT
// Per-frame and per-object uniforms from one upload ring.
#include <array>
#include <vector>

#include "setup.hpp"

namespace {

constexpr const char* kVertex = R"(#version 430 core
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); })";
constexpr const char* kFragment = R"(#version 430 core
layout(std140, binding = 0) uniform Object { vec4 colour; };
layout(location = 0) out vec4 pixel;
void main() { pixel = colour; })";

struct alignas(16) Object {
  std::array<float, 4> colour;
};

/// Each object has one colour and covers one column of the target.
void draw_frame(pmb::Context& context, pmb::UploadRing& ring, const std::vector<Object>& objects) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    auto slice = sample::need(ring.acquire<Object>(1));
    sample::need(slice.store(0, objects[i]));
    sample::need(ring.publish(slice, sizeof(Object)));
    glBindBufferRange(GL_UNIFORM_BUFFER, 0, slice.buffer(), static_cast<GLintptr>(slice.offset_bytes()),
                      sizeof(Object));
    glScissor(static_cast<GLint>(i), 0, 1, 1);
    glDrawArrays(GL_TRIANGLES, 0, 3);
  }
  sample::need(ring.retire(sample::need(context.timeline().mark())));
}

}  // namespace

int main() {
  sample::Gl gl;
  const GLuint program = sample::program(sample::shader(GL_VERTEX_SHADER, kVertex),
                                         sample::shader(GL_FRAGMENT_SHADER, kFragment));
  GLuint vertex_array = 0;
  glGenVertexArrays(1, &vertex_array);
  glBindVertexArray(vertex_array);
  glUseProgram(program);
  glEnable(GL_SCISSOR_TEST);
  sample::bind_target(16, 1);

  auto ring =
      sample::need(pmb::UploadRing::create(gl.context, {.capacity_bytes = 64 << 10, .label = "uniforms"}));
  for (int frame = 0; frame < 100; ++frame) {
    std::vector<Object> objects(16);
    for (std::size_t i = 0; i < objects.size(); ++i)
      objects[i].colour = {static_cast<float>(i) / 15.0F, 0, 1, 1};
    draw_frame(gl.context, ring, objects);
  }
  std::array<std::array<unsigned char, 4>, 16> pixels = {};
  glReadPixels(0, 0, 16, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    sample::expect(pixels[i] == std::array<unsigned char, 4>{static_cast<unsigned char>(i * 17), 0, 255, 255},
                   "a pixel has the wrong colour");
  }
}
