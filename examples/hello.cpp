// SPDX-License-Identifier: MIT
// The README's example: each frame writes its uniform block straight into the memory that the GPU reads.
#include <array>
#include <cstring>

#include "setup.hpp"

namespace {

constexpr const char* kVertex = R"(#version 430 core
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); })";
constexpr const char* kFragment = R"(#version 430 core
layout(std140, binding = 0) uniform Frame { vec4 colour; };
layout(location = 0) out vec4 pixel;
void main() { pixel = colour; })";

using Colour = std::array<float, 4>;
constexpr std::size_t kBytes = sizeof(Colour);
constexpr int kFrames = 100;

/// Stands in for the program's own work.
void fill(std::span<std::byte> bytes, int frame) {
  const Colour colour = {static_cast<float>(frame) / 255.0F, 0, 0, 1};
  std::memcpy(bytes.data(), colour.data(), kBytes);
}

bool draw_frames(pmb::Context& context) {
  auto ring = pmb::UploadRing::create(context, {.capacity_bytes = 8 << 20}).value();
  for (int frame = 0; frame < kFrames; ++frame) {
    auto slice = ring.acquire(kBytes).value();       // reserve memory that CPU and GPU share
    fill(slice.raw_bytes(), frame);                  // write in place, on any thread
    if (!ring.publish(slice, kBytes)) return false;  // make the bytes visible to the GPU
    glBindBufferRange(GL_UNIFORM_BUFFER, 0, slice.buffer(), GLintptr(slice.offset_bytes()), kBytes);
    glDrawArrays(GL_TRIANGLES, 0, 3);                 // issue every command that reads them
    auto ticket = context.timeline().mark().value();  // a fence after those commands
    if (!ring.retire(ticket)) return false;           // reusable once the GPU has passed it
  }
  return true;
}

}  // namespace

int main() {
  sample::Gl gl;
  sample::bind_target(1, 1);
  GLuint vertex_array = 0;
  glGenVertexArrays(1, &vertex_array);
  glBindVertexArray(vertex_array);
  glUseProgram(sample::program(sample::shader(GL_VERTEX_SHADER, kVertex),
                               sample::shader(GL_FRAGMENT_SHADER, kFragment)));
  sample::expect(draw_frames(gl.context), "a frame failed");
  std::array<unsigned char, 4> pixel = {};
  glReadPixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel.data());
  sample::expect(pixel[0] == kFrames - 1 && pixel[3] == 255, "the last frame has the wrong colour");
}
