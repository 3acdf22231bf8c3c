// SPDX-License-Identifier: MIT
// pmb in a program whose window comes from GLFW and whose entry points come from GLEW, linked statically.

#include <GL/glew.h>
// The loader's header first.
#include <GLFW/glfw3.h>

#include "round_trip.hpp"

int main() {
  if (!glfwInit()) return neighbour::skip("GLFW finds no window system");
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 4);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 4);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  GLFWwindow* const window = glfwCreateWindow(64, 64, "pmb beside GLEW and GLFW", nullptr, nullptr);
  if (window == nullptr) return neighbour::skip("GLFW makes no window with OpenGL 4.4 here");
  if (!neighbour::knows_that_nothing_is_current(glfwGetProcAddress))
    return neighbour::failed("a late context");
  glfwMakeContextCurrent(window);
  glewExperimental = GL_TRUE;
  if (glewInit() != GLEW_OK) return neighbour::failed("glewInit");
  glGetError();  // GLEW leaves an error pending in core profiles.

  const int status = neighbour::round_trip(glfwGetProcAddress);
  glfwDestroyWindow(window);
  glfwTerminate();
  return status;
}
