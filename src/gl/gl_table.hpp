// SPDX-License-Identifier: MIT
// One GL context as pmb calls it: its functions, and what it can do.
#pragma once

#include <glad/gl.h>

#include <pmb/context.hpp>
#include <set>

namespace pmb::detail {

enum class QuirkId : std::uint8_t {
#define PMB_QUIRK(id, applies, what, evidence) id,
#include "gl/quirks.def"
#undef PMB_QUIRK
  count,
};

/// Its base is the generated function table: `table.BindBuffer(…)` is the raw GL call.
struct GlTable : GladGLContext {
  Limits limits;
  Driver driver;
  std::set<std::string, std::less<>> extensions;
  bool quirks[static_cast<std::size_t>(QuirkId::count)] = {};

  bool quirk(QuirkId id) const noexcept { return quirks[static_cast<std::size_t>(id)]; }
  bool has(std::string_view extension) const noexcept { return extensions.contains(extension); }
  /// The value of a glGetIntegerv query.
  GLint integer(GLenum name) const noexcept {
    GLint value = 0;
    GetIntegerv(name, &value);
    return value;
  }
  /// True if `name`, which is not 0, is what the binding holds.
  bool is_bound(GLenum binding, GLuint name) const noexcept {
    return name != 0 && integer(binding) == static_cast<GLint>(name);
  }
  /// Major version * 10 + minor version, of OpenGL or OpenGL ES.
  int version() const noexcept { return limits.gl_major * 10 + limits.gl_minor; }

  /// Finds the current context and the functions that report its errors. `has_context`: one is known to be current.
  /// Statuses: unsupported, wrong_context.
  Result<void> find_context(Loader loader, bool has_context, std::source_location where);
  /// Loads the functions of that context and checks its version. Statuses: unsupported.
  Result<void> load(Loader loader, std::source_location where);
  /// Reads limits, driver and extensions of the current context.
  void read_limits();
  /// Applies the quirks of the driver, except those that `options` disable.
  void apply_quirks(const Options& options);
  /// Every quirk, in the order of quirks.def.
  std::vector<Quirk> list_quirks() const;
};

/// A function that returns the context that is current on a thread, from libraries that the process has loaded: EGL,
/// GLX, OSMesa or WGL. Null if none of them has a current context on this thread.
void* (*find_current_getter() noexcept)();

}  // namespace pmb::detail
