// SPDX-License-Identifier: MIT
// GL contexts with no window, on a chosen GPU or on the CPU, through EGL. Library target pmb::headless.
//
//   auto headless = pmb::HeadlessContext::create();                          // first GPU, else software
//   headless->make_current();
//   auto context = pmb::Context::from_current(pmb::HeadlessContext::loader());
//
// Units:   none.
// Threads: a context is current on at most one thread; several contexts of one process do not disturb each
//          other.
// Memory:  the driver's.
// Errors:  unsupported (no EGL, no such version), invalid_argument (no such GPU).
// GL:      EGL 1.5 or EGL_EXT_platform_device / EGL_MESA_platform_surfaceless; desktop OpenGL or OpenGL ES,
//          no surface.
#pragma once

#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <string>
#include <vector>

namespace pmb {

class HeadlessContext;

/// One entry of list_gpus().
struct GpuInfo {
  int index = 0;
  std::string name;         ///< What GL_RENDERER or EGL says, for choosing and for people.
  std::string driver;       ///< EGL vendor or driver name.
  std::string device_path;  ///< /dev/dri/card0, or empty.
  bool software = false;
};

/// Everything that EGL offers here, GPUs before software. Statuses: unsupported.
Result<std::vector<GpuInfo>> list_gpus(std::source_location where = std::source_location::current());

struct HeadlessOptions {
  std::optional<int> gpu_index = {};  ///< As list_gpus() counts.
  std::string gpu_name = {};          ///< Part of a name, case ignored; the first match.
  bool software = false;              ///< The CPU, also where there is a GPU.
  bool gles = false;                  ///< OpenGL ES 3.0 or newer in place of a desktop core profile.
  int gl_major = 0;                   ///< Least version wanted; 0: the newest there is.
  int gl_minor = 0;
  bool no_error = false;  ///< EGL_KHR_create_context_no_error.
  /// Lose-context-on-reset where the driver has it. On NVIDIA every bind then costs about 20 ns more
  /// (docs/drivers.md).
  bool robust = true;
  /// Buffers, textures and fences are shared with this context, on whose GPU the new one is made; a choice
  /// above that means another GPU is no_such_gpu. Used inside create() only; may be current on any thread.
  const HeadlessContext* share_with = nullptr;
};

/// A context without a window. Move-only; not current until make_current().
class HeadlessContext {
 public:
  static Result<HeadlessContext> create(const HeadlessOptions& options = {},
                                        std::source_location where = std::source_location::current());

  HeadlessContext(HeadlessContext&&) noexcept;
  HeadlessContext& operator=(HeadlessContext&&) noexcept;
  /// Releases the context, where it is current on this thread, and destroys it.
  ~HeadlessContext();

  /// Makes it current on this thread, with no surface. Statuses: unsupported (EGL said no).
  Result<void> make_current(std::source_location where = std::source_location::current());
  /// Leaves no context current on this thread.
  Result<void> release_current(std::source_location where = std::source_location::current());

  const GpuInfo& gpu() const noexcept;
  /// Of EGL, for Context::from_current.
  static Loader loader() noexcept;
  /// The EGLDisplay and EGLContext, for programs that add to it.
  void* native_display() const noexcept;
  void* native_context() const noexcept;

 private:
  struct Impl;
  explicit HeadlessContext(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pmb
