// SPDX-License-Identifier: MIT
// NVIDIA's driver library, opened at run time: whoever uses it neither links CUDA nor needs its headers.
//
// Threads: any.
#pragma once

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace pmb::cuda {

using Code = int;                          ///< CUresult; 0 is success.
using DevicePointer = unsigned long long;  // NOLINT(google-runtime-int): CUdeviceptr is that type.
using Handle = void*;  ///< CUcontext, CUevent, CUstream, CUmodule, CUfunction, CUgraphicsResource.

/// Stays loaded until the process ends: the driver has threads of its own. On Windows it never opens: nothing was run there.
class Library {
 public:
  explicit Library(const char* name) noexcept : library_(open(name)) {}

  bool is_open() const noexcept { return library_ != nullptr; }
  /// Sets `function` to the function of that name, or to null.
  template <class Function>
  void find(Function& function, const char* name) noexcept {
    find_if_there(function, name);
    if (!function && !missing_) missing_ = name;
  }
  /// The same, for a function that older drivers lack.
  template <class Function>
  void find_if_there(Function& function, const char* name) noexcept {
    function = reinterpret_cast<Function>(symbol(library_, name));
  }
  /// The first function that find() did not find; null if there is none.
  const char* missing() const noexcept { return missing_; }

 private:
#if defined(_WIN32)
  static void* open(const char*) noexcept { return nullptr; }
  static void* symbol(void*, const char*) noexcept { return nullptr; }
#else
  static void* open(const char* name) noexcept { return dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE); }
  static void* symbol(void* library, const char* name) noexcept { return dlsym(library, name); }
#endif

  void* library_;
  const char* missing_ = nullptr;
};

}  // namespace pmb::cuda
