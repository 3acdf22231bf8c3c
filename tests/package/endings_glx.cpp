// SPDX-License-Identifier: MIT
// Ends of programs whose contexts come from GLX, which they load themselves, with Xlib.
#include "endings.hpp"
// Its macros come after pmb's headers.
#include <GL/glx.h>
#include <dlfcn.h>

namespace {

void* g_x11 = nullptr;
void* g_gl = nullptr;
Display* g_display = nullptr;
Window g_window = 0;
GLXContext g_context = nullptr;

// Calls Xlib and GLX by name: X11(CloseDisplay, display).
#define X11(name, ...) reinterpret_cast<decltype(&X##name)>(dlsym(g_x11, "X" #name))(__VA_ARGS__)
#define GLX(name, ...) reinterpret_cast<decltype(&glX##name)>(dlsym(g_gl, "glX" #name))(__VA_ARGS__)

bool make_current_context() {
  g_x11 = dlopen("libX11.so.6", RTLD_NOW | RTLD_LOCAL);
  g_gl = dlopen("libGL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!g_x11 || !g_gl) return false;
  g_display = X11(OpenDisplay, nullptr);
  if (!g_display) return false;
  const int attributes[] = {GLX_RENDER_TYPE, GLX_RGBA_BIT, GLX_DRAWABLE_TYPE, GLX_WINDOW_BIT, 0};
  int count = 0;
  GLXFBConfig* const configs = GLX(ChooseFBConfig, g_display, DefaultScreen(g_display), attributes, &count);
  if (!configs || count == 0) return false;
  XVisualInfo* const visual = GLX(GetVisualFromFBConfig, g_display, configs[0]);
  if (!visual) return false;
  XSetWindowAttributes window = {};
  const Window root = RootWindow(g_display, visual->screen);
  window.colormap = X11(CreateColormap, g_display, root, visual->visual, AllocNone);
  g_window = X11(CreateWindow, g_display, root, 0, 0, 64, 64, 0, visual->depth, InputOutput, visual->visual,
                 CWColormap | CWBorderPixel, &window);
  const auto create = reinterpret_cast<GLXContext (*)(Display*, GLXFBConfig, GLXContext, Bool, const int*)>(
      GLX(GetProcAddress, reinterpret_cast<const GLubyte*>("glXCreateContextAttribsARB")));
  const int wanted[] = {GLX_CONTEXT_MAJOR_VERSION_ARB, 4, GLX_CONTEXT_MINOR_VERSION_ARB, 4, 0};
  g_context = create(g_display, configs[0], nullptr, True, wanted);
  return g_context && GLX(MakeCurrent, g_display, g_window, g_context);
}

void* load(const char* name) {
  return reinterpret_cast<void*>(GLX(GetProcAddress, reinterpret_cast<const GLubyte*>(name)));
}

void release() {
  GLX(MakeCurrent, g_display, None, nullptr);
}
void destroy() {
  GLX(DestroyContext, g_display, g_context);
}
void close_display() {
  X11(CloseDisplay, g_display);
}
void unload() {
  dlclose(g_gl);
  dlclose(g_x11);
}

constexpr endings::Ending kEndings[] = {
    {"nothing", [] {}},
    {"release, destroy",
     [] {
       release();
       destroy();
     }},
    {"destroy while current", destroy},
    {"destroy the window while current", [] { X11(DestroyWindow, g_display, g_window); }},
    {"close the display while current", close_display},
    {"unload while current", unload},
    {"close the display while current, unload",
     [] {
       close_display();
       unload();
     }},
    {"release, destroy, close the display, unload",
     [] {
       release();
       destroy();
       close_display();
       unload();
     }},
};

}  // namespace

int main(int count, char** arguments) {
  return endings::run({make_current_context, load, kEndings}, {arguments, static_cast<std::size_t>(count)});
}
