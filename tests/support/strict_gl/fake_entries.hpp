// SPDX-License-Identifier: MIT
//
// The tables of entry points by name.
#pragma once

#include <span>

#include "fake_gl.hpp"

namespace strict_gl {

struct EntryPoint {
  const char* name;
  Proc address;
};

// Compiles only if the function has exactly the type that glad declares for that name.
template <class Type>
EntryPoint entry(const char* name, Type function) {
  return {name, reinterpret_cast<Proc>(function)};
}

std::span<const EntryPoint> buffer_entries();   // fake_buffer_entries.cpp
std::span<const EntryPoint> context_entries();  // fake_context_entries.cpp
std::span<const EntryPoint> shader_entries();   // fake_shader_entries.cpp
std::span<const EntryPoint> texture_entries();  // fake_texture_entries.cpp

}  // namespace strict_gl
