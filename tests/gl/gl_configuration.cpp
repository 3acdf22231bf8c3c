// SPDX-License-Identifier: MIT
// See gl_configuration.hpp.
#include "gl_configuration.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace gl_test {
namespace {

const Configuration& choose() {
  const char* const wanted = std::getenv("PMB_GL_CONFIGURATION");
  if (wanted == nullptr || *wanted == '\0') return kConfigurations[0];
  for (const Configuration& one : kConfigurations) {
    if (std::string_view(one.name) != wanted) continue;
    if (one.driver) setenv("GALLIUM_DRIVER", one.driver, 1);
    if (one.version) {
      setenv(one.gles ? "MESA_GLES_VERSION_OVERRIDE" : "MESA_GL_VERSION_OVERRIDE", one.version, 1);
    }
    if (one.without) setenv("MESA_EXTENSION_OVERRIDE", one.without, 1);
    return one;
  }
  std::fprintf(stderr, "PMB_GL_CONFIGURATION=%s is none of:\n", wanted);
  for (const Configuration& one : kConfigurations) std::fprintf(stderr, "  %-12s %s\n", one.name, one.what);
  std::exit(2);
}

// Runs before main: the list of tests depends on it, and EGL has not been used yet.
[[maybe_unused]] const Configuration& chosen_at_start = configuration();

}  // namespace

const Configuration& configuration() {
  static const Configuration& chosen = choose();
  return chosen;
}

void apply_configuration(pmb::HeadlessOptions& headless, pmb::Options& options) {
  const Configuration& wanted = configuration();
  headless.gles |= wanted.gles;
  options.bind_to_edit |= wanted.bind_to_edit;
  if (!options.path) options.path = wanted.path;
}

std::string difference_from_configuration(const pmb::Context& context) {
  const pmb::Limits& limits = context.limits();
  const Configuration& wanted = configuration();
  if (limits.gles != wanted.gles) return "it is the other API";
  if (limits.buffer_storage && !wanted.buffer_storage) return "its buffer storage cannot be switched off";
  if (!limits.buffer_storage && wanted.buffer_storage) return "it has no buffer storage";
  if (wanted.version &&
      (limits.gl_major != wanted.version[0] - '0' || limits.gl_minor != wanted.version[2] - '0'))
    return std::string("its version cannot be lowered to ") + wanted.version;
  return "";
}

}  // namespace gl_test
