// SPDX-License-Identifier: MIT
// Ends of programs whose windows come from GLFW, which unloads GL in glfwTerminate().
#include <GLFW/glfw3.h>

#include "endings.hpp"

namespace {

GLFWwindow* g_window = nullptr;

bool make_current_context() {
  if (!glfwInit()) return false;
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
#if defined(PMB_ENDINGS_EGL)
  glfwWindowHint(GLFW_CONTEXT_CREATION_API, GLFW_EGL_CONTEXT_API);
#endif
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 4);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 4);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  g_window = glfwCreateWindow(64, 64, "endings", nullptr, nullptr);
  if (!g_window) return false;
  glfwMakeContextCurrent(g_window);
  return true;
}

void destroy() {
  glfwDestroyWindow(g_window);
}

constexpr endings::Ending kEndings[] = {
    {"nothing", [] {}},
    {"release", [] { glfwMakeContextCurrent(nullptr); }},
    {"destroy", destroy},
    {"terminate", glfwTerminate},
    {"destroy, terminate",
     [] {
       destroy();
       glfwTerminate();
     }},
};

}  // namespace

int main(int count, char** arguments) {
  return endings::run({make_current_context, glfwGetProcAddress, kEndings},
                      {arguments, static_cast<std::size_t>(count)});
}
