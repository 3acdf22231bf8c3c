// SPDX-License-Identifier: MIT
#include "loader.hpp"

#include <dlfcn.h>

namespace pmb::python {

namespace py = pybind11;

namespace {

struct WindowSystem {
  const char* library;
  const char* current;
  const char* loader;
};

constexpr WindowSystem kWindowSystems[] = {
    {"libEGL.so.1", "eglGetCurrentContext", "eglGetProcAddress"},
    {"libGLX.so.0", "glXGetCurrentContext", "glXGetProcAddressARB"},
    {"libGL.so.1", "glXGetCurrentContext", "glXGetProcAddressARB"},
    {"libOSMesa.so.8", "OSMesaGetCurrentContext", "OSMesaGetProcAddress"},
};

}  // namespace

Result<GetProcAddress> find_loader() {
  for (const WindowSystem& system : kWindowSystems) {
    void* const library = dlopen(system.library, RTLD_LAZY | RTLD_NOLOAD);
    if (!library) continue;
    const auto current = reinterpret_cast<void* (*)()>(dlsym(library, system.current));
    const auto loader = reinterpret_cast<GetProcAddress>(dlsym(library, system.loader));
    const bool is_current = current && loader && current();
    // Releases the reference that RTLD_NOLOAD added; the context keeps its library loaded.
    dlclose(library);
    if (is_current) return loader;
  }
  return tl::unexpected(
      Error{.status = status_of(ErrorId::no_current_context), .id = ErrorId::no_current_context});
}

void* call_loader(const py::object& function, const char* name) {
  const py::object address = function(name);
  return address.is_none() ? nullptr : PyLong_AsVoidPtr(py::int_(address).ptr());
}

}  // namespace pmb::python
