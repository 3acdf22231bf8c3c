// SPDX-License-Identifier: MIT
// Mapped memory that CUDA works on in place (cuMemHostRegister). It belongs to the mapping and ends with it.
//
// Registering the GL buffer instead (cuGraphicsGLRegisterBuffer) moves it to VRAM, with no error, and leaves the mapping
// behind as a copy that neither GL nor CUDA sees: read-back and CLIENT_STORAGE mappings on an H200, driver 580.159.
#pragma once

#include <memory>

#include "base/process_exit.hpp"
#include "cuda/cuda_driver.hpp"

namespace pmb::cuda {

class HostRegistration {
 public:
  /// Statuses: gl_error.
  static Result<std::shared_ptr<HostRegistration>> create(std::shared_ptr<Driver> driver, void* memory,
                                                          std::size_t size, std::source_location where) {
    // For all contexts of CUDA, and with an address for kernels.
    constexpr unsigned kPortable = 1;
    constexpr unsigned kDeviceMap = 2;
    const std::shared_ptr<HostRegistration> made(new HostRegistration(std::move(driver)));
    const Functions& calls = made->driver_->calls();
    auto done = made->driver_->call(calls.cuMemHostRegister_v2, "cuMemHostRegister", where, memory, size,
                                    kPortable | kDeviceMap);
    if (!done) return tl::unexpected(done.error());
    made->memory_ = memory;
    done = made->driver_->call(calls.cuMemHostGetDevicePointer_v2, "cuMemHostGetDevicePointer", where,
                               &made->pointer_, memory, 0U);
    if (!done) return tl::unexpected(done.error());
    return made;
  }
  HostRegistration(const HostRegistration&) = delete;
  HostRegistration& operator=(const HostRegistration&) = delete;
  ~HostRegistration() {
    if (!memory_ || detail::process_is_exiting()) return;
    // The memory is unmapped next. Unlike GL, CUDA keeps no memory alive for the work that uses it.
    const Driver::Scope scope(*driver_);
    driver_->calls().cuCtxSynchronize();
    driver_->calls().cuMemHostUnregister(memory_);
  }

  DevicePointer pointer() const noexcept { return pointer_; }

 private:
  explicit HostRegistration(std::shared_ptr<Driver> driver) noexcept : driver_(std::move(driver)) {}

  std::shared_ptr<Driver> driver_;
  void* memory_ = nullptr;
  DevicePointer pointer_ = 0;
};

}  // namespace pmb::cuda
