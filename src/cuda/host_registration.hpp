// SPDX-License-Identifier: MIT
// Mapped memory that CUDA works on in place (cuMemHostRegister). It belongs to the mapping and ends with it.
//
// Registering the GL buffer instead (cuGraphicsGLRegisterBuffer) moves it to VRAM, with no error, and leaves the mapping
// behind as a copy that neither GL nor CUDA sees: read-back and CLIENT_STORAGE mappings on an H200, driver 580.159.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <thread>

#include "base/deadline.hpp"
#include "base/fail.hpp"
#include "base/process_exit.hpp"
#include "context/mapping.hpp"
#include "cuda/cuda_driver.hpp"

namespace pmb::cuda {

class HostRegistration final : public detail::PageRegistration {
 public:
  /// Statuses: gl_error.
  static Result<std::unique_ptr<HostRegistration>> create(std::shared_ptr<Driver> driver,
                                                          std::span<std::byte> memory,
                                                          std::chrono::nanoseconds timeout,
                                                          std::source_location where) {
    // For all contexts of CUDA, and with an address for kernels.
    constexpr unsigned kPortable = 1;
    constexpr unsigned kDeviceMap = 2;
    std::unique_ptr<HostRegistration> made(new HostRegistration(std::move(driver), timeout));
    const Functions& calls = made->driver_->calls();
    auto done = made->driver_->call(calls.cuMemHostRegister_v2, "cuMemHostRegister", where, memory.data(),
                                    memory.size(), kPortable | kDeviceMap);
    if (!done) return tl::unexpected(done.error());
    made->memory_ = memory.data();
    done = made->driver_->call(calls.cuMemHostGetDevicePointer_v2, "cuMemHostGetDevicePointer", where,
                               &made->pointer_, made->memory_, 0U);
    if (!done) return tl::unexpected(done.error());
    return made;
  }
  ~HostRegistration() override {
    if (!memory_ || detail::process_is_exiting()) return;
    if (timed_out_ || !wait_until_idle({})) return;
    const Driver::Scope scope(*driver_);
    driver_->calls().cuMemHostUnregister(memory_);
  }

  Result<void> wait_until_idle(std::source_location where) noexcept override {
    const Driver::Scope scope(*driver_);
    const Functions& calls = driver_->calls();
    Handle event = nullptr;
    constexpr unsigned kNoTiming = 2;
    const bool has_event = calls.cuCtxRecordEvent && calls.cuEventCreate(&event, kNoTiming) == 0;
    const bool is_recorded = has_event && calls.cuCtxRecordEvent(driver_->context(), event) == 0;
    const detail::Deadline deadline(timeout_);
    // Any other answer is final: after an error no kernel runs any more.
    while (is_recorded && (timed_out_ = calls.cuEventQuery(event) == kNotReady) &&
           deadline.left().count() > 0)
      std::this_thread::yield();
    if (has_event) calls.cuEventDestroy_v2(event);
    if (!is_recorded) calls.cuCtxSynchronize();
    if (!timed_out_) return {};
    return fail(ErrorId::wait_timed_out, where, {.numbers = {deadline.timeout_ns()}});
  }

  DevicePointer pointer() const noexcept { return pointer_; }

 private:
  HostRegistration(std::shared_ptr<Driver> driver, std::chrono::nanoseconds timeout) noexcept
      : driver_(std::move(driver)), timeout_(timeout) {}

  std::shared_ptr<Driver> driver_;
  std::chrono::nanoseconds timeout_;
  std::byte* memory_ = nullptr;
  DevicePointer pointer_ = 0;
  bool timed_out_ = false;
};

}  // namespace pmb::cuda
