// SPDX-License-Identifier: MIT
// Ends of programs whose windows come from SDL2, which unloads GL with its last window and in SDL_Quit().
#define SDL_MAIN_HANDLED
#include <SDL.h>

#include "endings.hpp"

namespace {

SDL_Window* g_window = nullptr;
SDL_GLContext g_context = nullptr;

bool make_current_context() {
  SDL_SetMainReady();
  if (SDL_Init(SDL_INIT_VIDEO) != 0) return false;
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MAJOR_VERSION, 4);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MINOR_VERSION, 4);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_PROFILE_MASK, SDL_GL_CONTEXT_PROFILE_CORE);
  g_window = SDL_CreateWindow("endings", 0, 0, 64, 64, SDL_WINDOW_OPENGL | SDL_WINDOW_HIDDEN);
  if (!g_window) return false;
  g_context = SDL_GL_CreateContext(g_window);
  return g_context != nullptr;
}

void delete_context() {
  SDL_GL_DeleteContext(g_context);
}
void destroy_window() {
  SDL_DestroyWindow(g_window);
}

constexpr endings::Ending kEndings[] = {
    {"nothing", [] {}},
    {"delete the context", delete_context},
    {"destroy the window", destroy_window},
    {"quit", SDL_Quit},
    {"delete the context, destroy the window, quit",
     [] {
       delete_context();
       destroy_window();
       SDL_Quit();
     }},
};

}  // namespace

int main(int count, char** arguments) {
  return endings::run({make_current_context, SDL_GL_GetProcAddress, kEndings},
                      {arguments, static_cast<std::size_t>(count)});
}
