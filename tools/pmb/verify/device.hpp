// SPDX-License-Identifier: MIT
// The driver that the command line chooses, opened for checks.
//
// Threads: one.
#pragma once

#include <memory>
#include <pmb/headless.hpp>
#include <vector>

#include "common/failure.hpp"
#include "common/gpu_options.hpp"
#include "verify/shaders.hpp"
#include "verify/surroundings.hpp"

namespace pmb::tool::verify {

class Device : public Surroundings {
 public:
  /// Failures: kNoGl, kGpu.
  static Outcome<std::unique_ptr<Device>> open(const GpuOptions& options);

  Gpu gpu() { return {gl_, *context_, *shaders_, *this}; }

  void make_current() override;
  std::unique_ptr<OtherContext> open_context(bool shares_objects) override;
  std::uint64_t free_memory_bytes() const override;

 private:
  Device(const GpuOptions& options, pmb::HeadlessContext headless)
      : options_(options), headless_(std::move(headless)) {}
  Outcome<void> prepare();

  GpuOptions options_;
  pmb::HeadlessContext headless_;
  GladGLContext gl_ = {};
  std::unique_ptr<pmb::Context> context_;
  std::unique_ptr<Shaders> shaders_;
};

}  // namespace pmb::tool::verify
