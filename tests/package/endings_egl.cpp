// SPDX-License-Identifier: MIT
// Ends of programs whose contexts come from EGL, which they load themselves.
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dlfcn.h>

#include "endings.hpp"

namespace {

void* g_egl = nullptr;
EGLDisplay g_display = EGL_NO_DISPLAY;
EGLContext g_context = EGL_NO_CONTEXT;

// Calls EGL by name: EGL(Terminate, display).
#define EGL(name, ...) reinterpret_cast<decltype(&egl##name)>(dlsym(g_egl, "egl" #name))(__VA_ARGS__)

bool make_current_context() {
  g_egl = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!g_egl) return false;
  const auto platform_display =
      reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(EGL(GetProcAddress, "eglGetPlatformDisplayEXT"));
  if (!platform_display) return false;
  g_display = platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (EGL(Initialize, g_display, nullptr, nullptr) != EGL_TRUE) return false;
  EGL(BindAPI, EGL_OPENGL_API);
  const EGLint wanted[] = {EGL_CONTEXT_MAJOR_VERSION, 4, EGL_CONTEXT_MINOR_VERSION, 4, EGL_NONE};
  g_context = EGL(CreateContext, g_display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, wanted);
  return EGL(MakeCurrent, g_display, EGL_NO_SURFACE, EGL_NO_SURFACE, g_context) == EGL_TRUE;
}

void* load(const char* name) {
  return reinterpret_cast<void*>(EGL(GetProcAddress, name));
}

void release() {
  EGL(MakeCurrent, g_display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
}
void destroy() {
  EGL(DestroyContext, g_display, g_context);
}
void terminate() {
  EGL(Terminate, g_display);
}
void unload() {
  dlclose(g_egl);
}

constexpr endings::Ending kEndings[] = {
    {"nothing", [] {}},
    {"release", release},
    {"release, destroy",
     [] {
       release();
       destroy();
     }},
    {"destroy while current", destroy},
    {"release, destroy, terminate",
     [] {
       release();
       destroy();
       terminate();
     }},
    {"terminate while current", terminate},
    {"terminate, release the thread",
     [] {
       terminate();
       EGL(ReleaseThread);
     }},
    {"unload while current", unload},
    {"terminate, unload",
     [] {
       terminate();
       unload();
     }},
    {"release, destroy, terminate, unload",
     [] {
       release();
       destroy();
       terminate();
       unload();
     }},
};

}  // namespace

int main(int count, char** arguments) {
  return endings::run({make_current_context, load, kEndings}, {arguments, static_cast<std::size_t>(count)});
}
