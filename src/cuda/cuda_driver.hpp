// SPDX-License-Identifier: MIT
// The calls of CUDA's driver that pmb::cuda needs, and the primary context of one device.
//
// Threads: any; CUDA's calls are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/result.hpp>

#include "cuda/cuda_library.hpp"

namespace pmb::cuda {

struct Functions {
  Code (*cuInit)(unsigned);
  Code (*cuDeviceGet)(int*, int);
  Code (*cuDevicePrimaryCtxRetain)(Handle*, int);
  Code (*cuDevicePrimaryCtxRelease_v2)(int);
  Code (*cuCtxPushCurrent_v2)(Handle);
  Code (*cuCtxPopCurrent_v2)(Handle*);
  Code (*cuCtxRecordEvent)(Handle, Handle);  ///< Null before CUDA 12.5, as is no other.
  Code (*cuCtxSynchronize)();
  Code (*cuEventCreate)(Handle*, unsigned);
  Code (*cuEventDestroy_v2)(Handle);
  Code (*cuEventQuery)(Handle);
  Code (*cuStreamQuery)(Handle);
  Code (*cuMemHostRegister_v2)(void*, std::size_t, unsigned);
  Code (*cuMemHostUnregister)(void*);
  Code (*cuMemHostGetDevicePointer_v2)(DevicePointer*, void*, unsigned);
  Code (*cuGraphicsGLRegisterBuffer)(Handle*, std::uint32_t, unsigned);
  Code (*cuGraphicsUnregisterResource)(Handle);
  Code (*cuGraphicsMapResources)(unsigned, Handle*, Handle);
  Code (*cuGraphicsUnmapResources)(unsigned, Handle*, Handle);
  Code (*cuGraphicsResourceGetMappedPointer_v2)(DevicePointer*, std::size_t*, Handle);
};

inline constexpr Code kNotReady = 600;

/// A device with its primary context. What was registered on it holds it, also after the Cuda object is gone.
class Driver {
 public:
  static constexpr const char* kLibrary = "libcuda.so.1";

  /// Statuses: unsupported.
  static Result<std::shared_ptr<Driver>> open(const char* library, int device, std::source_location where);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver();

  const Functions& calls() const noexcept { return calls_; }
  int device() const noexcept { return device_; }
  Handle context() const noexcept { return context_; }

  /// While it lives, the primary context is current on this thread.
  class Scope {
   public:
    explicit Scope(const Driver& driver) noexcept;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();
    Code result() const noexcept { return result_; }

   private:
    const Driver& driver_;
    Code result_;
  };

  /// Calls a function with the primary context current. Statuses: gl_error.
  template <class... Parameters, class... Arguments>
  Result<void> call(Code (*function)(Parameters...), const char* name, std::source_location where,
                    Arguments... arguments) const {
    const Scope scope(*this);
    if (scope.result() != 0) return failed("cuCtxPushCurrent", scope.result(), where);
    const Code result = function(arguments...);
    if (result != 0) return failed(name, result, where);
    return {};
  }

 private:
  explicit Driver(const char* library) noexcept : library_(library) {}
  Result<void> start(int device, std::source_location where);
  static tl::unexpected<Error> failed(const char* name, Code result, std::source_location where) noexcept;

  Library library_;
  Functions calls_ = {};
  Handle context_ = nullptr;
  int device_ = -1;
};

}  // namespace pmb::cuda
