// SPDX-License-Identifier: MIT
// Which GL context is current on this thread: GL cannot tell, but the window-system libraries can. Only libraries that
// the process has loaded already are asked. A GL loader is not asked: it returns non-null for any name.
#include "gl/gl_table.hpp"

#include <dlfcn.h>

namespace pmb::detail {

void* (*find_current_getter() noexcept)() {
  struct Candidate {
    const char* library;
    const char* function;
  };
  constexpr Candidate kCandidates[] = {{"libEGL.so.1", "eglGetCurrentContext"},
                                       {"libGLX.so.0", "glXGetCurrentContext"},
                                       {"libGL.so.1", "glXGetCurrentContext"},
                                       {"libOSMesa.so.8", "OSMesaGetCurrentContext"}};
  for (const Candidate& candidate : kCandidates) {
    void* library = dlopen(candidate.library, RTLD_LAZY | RTLD_NOLOAD);
    if (!library) continue;
    const auto getter = reinterpret_cast<void* (*)()>(dlsym(library, candidate.function));
    const bool current = getter && getter();
    // Releases the reference that RTLD_NOLOAD added.
    dlclose(library);
    if (current) return getter;
  }
  return nullptr;
}

void keep_loaded(void (*function)()) noexcept {
  Dl_info found = {};
  if (dladdr(reinterpret_cast<void*>(function), &found) == 0 || !found.dli_fname) return;
  // Fails for the program itself, which stays loaded anyway.
  void* const library = dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (library) dlclose(library);
}

}  // namespace pmb::detail
