// SPDX-License-Identifier: MIT
// The kinds of GL that the suite runs on. One process runs on one of them, which PMB_GL_CONFIGURATION names; the
// default is the newest desktop OpenGL with nothing forced. Only Mesa can hide features; on other drivers the tests
// skip if a feature would have to be hidden.
#pragma once

#include <optional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string>

namespace gl_test {

struct Configuration {
  const char* name = "";
  const char* what = "";  // a description
  bool gles = false;
  bool bind_to_edit = false;
  bool buffer_storage = true;          // expected of the context
  std::optional<pmb::Path> path = {};  // Options::path
  const char* driver = nullptr;        // GALLIUM_DRIVER
  const char* version = nullptr;       // MESA_GL_VERSION_OVERRIDE or MESA_GLES_VERSION_OVERRIDE
  const char* without = nullptr;       // MESA_EXTENSION_OVERRIDE

  // Rings and pools keep their bytes in private memory of the process.
  bool is_private() const { return !buffer_storage || path.has_value(); }
};

inline constexpr Configuration kConfigurations[] = {
    {.name = "core", .what = "the newest desktop OpenGL"},
    {.name = "gles32", .what = "the newest OpenGL ES, with GL_EXT_buffer_storage", .gles = true},
    {.name = "gles31",
     .what = "OpenGL ES 3.1 without GL_EXT_buffer_storage: the fallback, with compute shaders",
     .gles = true,
     .buffer_storage = false,
     .version = "3.1",
     .without = "-GL_EXT_buffer_storage"},
    {.name = "gles30",
     .what = "OpenGL ES 3.0: the fallback, without compute shaders",
     .gles = true,
     .buffer_storage = false,
     .version = "3.0"},
    {.name = "gl33",
     .what = "OpenGL 3.3 of softpipe, buffers edited by binding",
     .bind_to_edit = true,
     .driver = "softpipe"},
    {.name = "gl43",
     .what = "OpenGL 4.3 without GL_ARB_buffer_storage: the fallback",
     .buffer_storage = false,
     .version = "4.3",
     .without = "-GL_ARB_buffer_storage -GL_MESA_pack_invert"},
    {.name = "traditional", .what = "the fallback, forced", .path = pmb::Path::traditional},
    {.name = "orphaned", .what = "orphaning, forced", .path = pmb::Path::orphaned},
};

// The configuration of this process. The first call sets Mesa's overrides, so it must precede every use of EGL.
const Configuration& configuration();

// Adds the options of the configuration to those of a test. Options that the test has set stay.
void apply_configuration(pmb::HeadlessOptions& headless, pmb::Options& options);

// How the context differs from the configuration; empty if it does not.
std::string difference_from_configuration(const pmb::Context& context);

}  // namespace gl_test
