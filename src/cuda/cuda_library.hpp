// SPDX-License-Identifier: MIT
// NVIDIA's driver library, opened at run time: whoever uses it neither links CUDA nor needs its headers.
//
// Threads: any.
#pragma once

#include <dlfcn.h>

namespace pmb::cuda {

using Code = int;                          ///< CUresult; 0 is success.
using DevicePointer = unsigned long long;  // NOLINT(google-runtime-int): CUdeviceptr is that type.
using Handle = void*;                      ///< CUcontext, CUstream, CUmodule, CUfunction, CUgraphicsResource.

/// Stays loaded until the process ends: the driver has threads of its own.
class Library {
 public:
  explicit Library(const char* name) noexcept
      : library_(dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {}
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (library_) dlclose(library_);
  }

  bool is_open() const noexcept { return library_ != nullptr; }
  /// Sets `function` to the function of that name, or to null.
  template <class Function>
  void find(Function& function, const char* name) noexcept {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (!function && !missing_) missing_ = name;
  }
  /// The first function that find() did not find; null if there is none.
  const char* missing() const noexcept { return missing_; }

 private:
  void* library_;
  const char* missing_ = nullptr;
};

}  // namespace pmb::cuda
