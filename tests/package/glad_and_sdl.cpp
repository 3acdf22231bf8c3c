// SPDX-License-Identifier: MIT
// pmb in a program whose window comes from SDL2 and whose entry points come from a second glad with global function
// pointers.

#include <glad/gl.h>
// The loader's header first.
#define SDL_MAIN_HANDLED
#include <SDL.h>

#include "round_trip.hpp"

int main() {
  SDL_SetMainReady();
  if (SDL_Init(SDL_INIT_VIDEO) != 0) return neighbour::skip(SDL_GetError());
  if (!neighbour::knows_that_nothing_is_current(SDL_GL_GetProcAddress))
    return neighbour::failed("a late context");
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MAJOR_VERSION, 4);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MINOR_VERSION, 4);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_PROFILE_MASK, SDL_GL_CONTEXT_PROFILE_CORE);
  SDL_Window* const window =
      SDL_CreateWindow("pmb beside glad and SDL2", 0, 0, 64, 64, SDL_WINDOW_OPENGL | SDL_WINDOW_HIDDEN);
  if (window == nullptr) return neighbour::skip(SDL_GetError());
  const SDL_GLContext gl = SDL_GL_CreateContext(window);
  if (gl == nullptr) return neighbour::skip(SDL_GetError());
  if (gladLoadGL(reinterpret_cast<GLADloadfunc>(SDL_GL_GetProcAddress)) == 0) {
    return neighbour::failed("gladLoadGL");
  }

  const int status = neighbour::round_trip(SDL_GL_GetProcAddress);
  SDL_GL_DeleteContext(gl);
  SDL_DestroyWindow(window);
  SDL_Quit();
  return status;
}
