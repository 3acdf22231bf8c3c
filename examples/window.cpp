// SPDX-License-Identifier: MIT
// A triangle that turns in a window of GLFW. Its corners are streamed in each frame. `window FRAMES` ends after that many.
#define GL_GLEXT_PROTOTYPES
#define GLFW_INCLUDE_GLEXT
#include <GLFW/glfw3.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <pmb/pmb.hpp>

namespace {

constexpr const char* kVertex = R"(#version 330 core
layout(location = 0) in vec2 position;
void main() { gl_Position = vec4(position, 0.0, 1.0); })";
constexpr const char* kFragment = R"(#version 330 core
layout(location = 0) out vec4 pixel;
void main() { pixel = vec4(1.0, 0.5, 0.25, 1.0); })";

using Corner = std::array<float, 2>;

std::array<Corner, 3> triangle(double turn) {
  std::array<Corner, 3> corners = {};
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const double angle = turn + static_cast<double>(i) * 2.0944;
    corners[i] = {static_cast<float>(0.8 * std::cos(angle)), static_cast<float>(0.8 * std::sin(angle))};
  }
  return corners;
}

void use_program() {
  const GLuint program = glCreateProgram();
  for (const auto& [type, source] : {std::pair{GL_VERTEX_SHADER, kVertex}, {GL_FRAGMENT_SHADER, kFragment}}) {
    const GLuint shader = glCreateShader(static_cast<GLenum>(type));
    glShaderSource(shader, 1, &source, nullptr);
    glCompileShader(shader);
    glAttachShader(program, shader);
  }
  glLinkProgram(program);
  glUseProgram(program);
}

/// Draws until the window closes, or `frames` times. Returns false, after a sentence on stderr, if pmb fails.
bool draw(GLFWwindow* window, int frames) {
  auto context = pmb::Context::from_current(glfwGetProcAddress);
  if (!context) return std::fprintf(stderr, "%s\n", context.error().message().c_str()), false;
  auto ring = pmb::UploadRing::create(*context, {.capacity_bytes = 64 << 10, .label = "corners"});
  if (!ring) return std::fprintf(stderr, "%s\n", ring.error().message().c_str()), false;

  use_program();
  GLuint vertex_array = 0;
  glGenVertexArrays(1, &vertex_array);
  glBindVertexArray(vertex_array);
  glBindBuffer(GL_ARRAY_BUFFER, ring->mapped_buffer().buffer());
  glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, sizeof(Corner), nullptr);
  glEnableVertexAttribArray(0);

  for (int frame = 0; frame != frames && !glfwWindowShouldClose(window); ++frame) {
    glClear(GL_COLOR_BUFFER_BIT);
    const auto corners = triangle(frame * 0.02);
    const auto slice = ring->acquire(sizeof corners, sizeof(Corner));
    if (!slice || !slice->copy_from(corners) || !ring->publish(*slice, sizeof corners)) return false;
    glDrawArrays(GL_TRIANGLES, static_cast<GLint>(slice->offset_bytes() / sizeof(Corner)), 3);
    const auto ticket = context->timeline().mark();
    if (!ticket || !ring->retire(*ticket)) return false;
    glfwSwapBuffers(window);
    glfwPollEvents();
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (!glfwInit()) return std::fputs("GLFW finds no window system\n", stderr), 77;
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  GLFWwindow* const window = glfwCreateWindow(640, 480, "pmb", nullptr, nullptr);
  if (window == nullptr) return std::fputs("GLFW makes no window with OpenGL 3.3 here\n", stderr), 77;
  glfwMakeContextCurrent(window);
  glfwSwapInterval(1);
  const bool drawn = draw(window, count > 1 ? std::atoi(arguments[1]) : -1);  // pmb's objects end here
  glfwDestroyWindow(window);
  glfwTerminate();
  return drawn ? 0 : 1;
}
