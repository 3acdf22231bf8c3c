// SPDX-License-Identifier: MIT
// Vertices are written where the GPU reads them. Each draw takes a first vertex instead of a new binding.
#include <array>

#include "setup.hpp"

namespace {

constexpr const char* kVertex = R"(#version 430 core
layout(location = 0) in vec3 position;
void main() { gl_Position = vec4(position, 1.0); })";
constexpr const char* kFragment = R"(#version 430 core
layout(location = 0) out vec4 pixel;
void main() { pixel = vec4(1.0, 0.5, 0.25, 1.0); })";

using Vertex = std::array<float, 3>;  // 12 bytes: not a power of two

void draw_triangle(pmb::UploadRing& ring, const std::array<Vertex, 3>& corners) {
  // Aligned to the stride, the slice starts at a whole vertex: one binding serves for the ring's whole life.
  auto slice = sample::need(ring.acquire(sizeof corners, sizeof(Vertex)));
  sample::need(slice.copy_from(corners));
  sample::need(ring.publish(slice, sizeof corners));
  glDrawArrays(GL_TRIANGLES, static_cast<GLint>(slice.offset_bytes() / sizeof(Vertex)), 3);
}

}  // namespace

int main() {
  sample::Gl gl;
  glUseProgram(sample::program(sample::shader(GL_VERTEX_SHADER, kVertex),
                               sample::shader(GL_FRAGMENT_SHADER, kFragment)));
  sample::bind_target(64, 64);
  auto ring =
      sample::need(pmb::UploadRing::create(gl.context, {.capacity_bytes = 1 << 20, .label = "vertices"}));

  GLuint vertex_array = 0;
  glGenVertexArrays(1, &vertex_array);
  glBindVertexArray(vertex_array);
  glBindBuffer(GL_ARRAY_BUFFER, ring.mapped_buffer().buffer());
  glVertexAttribPointer(0, 3, GL_FLOAT, GL_FALSE, sizeof(Vertex), nullptr);
  glEnableVertexAttribArray(0);

  for (int frame = 0; frame < 100; ++frame) {
    draw_triangle(ring, {Vertex{-1, -1, 0}, Vertex{3, -1, 0}, Vertex{-1, 3, 0}});
    sample::need(ring.retire(sample::need(gl.context.timeline().mark())));
  }
  std::array<unsigned char, 4> pixel = {};
  glReadPixels(32, 32, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel.data());
  sample::expect(pixel[0] == 255 && pixel[3] == 255, "the triangle is missing");
}
