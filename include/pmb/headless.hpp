// SPDX-License-Identifier: MIT
// GL contexts without a window, through EGL, on a chosen GPU or on the CPU. Library target pmb::headless.
//
//   auto headless = pmb::HeadlessContext::create();  // on the first GPU, or else on the CPU
//   headless->make_current();
//   auto context = pmb::Context::from_current(pmb::HeadlessContext::loader());
//
// Threads: a context is current on at most one thread. Contexts of one process are independent.
// Memory:  that of the driver.
// Errors:  unsupported (EGL or the version is missing), invalid_argument (no such GPU), out_of_memory.
// GL:      EGL 1.5, or EGL_EXT_platform_device or EGL_MESA_platform_surfaceless; desktop OpenGL or OpenGL ES; no surface.
#pragma once

#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <string>
#include <vector>

namespace pmb {

/// An entry of list_gpus().
struct GpuInfo {
  int index = 0;
  std::string name;         ///< As EGL or GL_RENDERER reports it.
  std::string driver;       ///< EGL vendor or driver name.
  std::string device_path;  ///< /dev/dri/card0, or empty.
  bool software = false;
  std::optional<int> cuda_device = {};  ///< CUDA's number of this GPU (EGL_NV_device_cuda).
};

/// Lists the devices on which EGL can create a context, GPUs before software. Statuses: unsupported.
[[nodiscard]] PMB_API Result<std::vector<GpuInfo>> list_gpus(
    std::source_location where = std::source_location::current());

class HeadlessContext;

struct HeadlessOptions {
  std::optional<int> gpu_index = {};    ///< That of list_gpus().
  std::string gpu_name = {};            ///< Part of a name, in upper or lower case. The first match counts.
  std::optional<int> cuda_device = {};  ///< The GPU with this number in CUDA.
  bool software = false;                ///< The CPU, even if there is a GPU.
  bool gles = false;                    ///< OpenGL ES 3.0 or newer, instead of a desktop core profile.
  int gl_major = 0;  ///< The oldest version accepted. The newest available is created. 0: any.
  int gl_minor = 0;
  bool no_error = false;  ///< EGL_KHR_create_context_no_error.
  /// Reports a reset of the GPU, where the driver can. On NVIDIA every bind then costs about 20 ns more (docs/drivers.md).
  bool robust = true;
  /// Shares buffers, textures and fences with this context, and uses its GPU. Options that choose another GPU are
  /// no_such_gpu. Must outlive create() only, and may be current on any thread.
  const HeadlessContext* share_with = nullptr;
};

/// A context without a window. Move-only. Not current until make_current().
class PMB_API HeadlessContext {
 public:
  [[nodiscard]] static Result<HeadlessContext> create(
      const HeadlessOptions& options = {}, std::source_location where = std::source_location::current());

  HeadlessContext(HeadlessContext&&) noexcept;
  HeadlessContext& operator=(HeadlessContext&&) noexcept;
  /// Destroys the context. It is no longer current on this thread then.
  ~HeadlessContext();

  /// Makes the context current on this thread, with no surface. Statuses: unsupported (EGL refuses).
  [[nodiscard]] Result<void> make_current(std::source_location where = std::source_location::current());
  /// Leaves no context current on this thread.
  [[nodiscard]] Result<void> release_current(std::source_location where = std::source_location::current());

  const GpuInfo& gpu() const noexcept;
  /// eglGetProcAddress, for Context::from_current.
  static Loader loader() noexcept;
  /// The EGLDisplay and EGLContext, for programs that call EGL themselves.
  void* native_display() const noexcept;
  void* native_context() const noexcept;

 private:
  struct Impl;
  explicit HeadlessContext(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pmb
