// SPDX-License-Identifier: MIT
// A GPU for the micro-benchmarks. Any failure ends the program with a message.
#pragma once

#include <glad/gl.h>

#include <cstdio>
#include <cstdlib>
#include <pmb/headless.hpp>
#include <pmb/result.hpp>
#include <type_traits>
#include <utility>

namespace bench {

/// The value, or the end of the program.
template <class T>
T take(pmb::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// GL's functions, of the context that is current.
inline GladGLContext load_gl() {
  GladGLContext gl{};
  auto loader = pmb::HeadlessContext::loader();
  gladLoadGLContextUserPtr(
      &gl,
      [](void* user, const char* name) {
        return reinterpret_cast<GLADapiproc>((*static_cast<const pmb::Loader*>(user))(name));
      },
      &loader);
  return gl;
}

}  // namespace bench
