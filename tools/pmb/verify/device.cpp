// SPDX-License-Identifier: MIT

#include "verify/device.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "verify/gl_shaders.hpp"

namespace pmb::tool::verify {
namespace {

class OtherHeadless : public OtherContext {
 public:
  explicit OtherHeadless(pmb::HeadlessContext headless) : headless_(std::move(headless)) {}
  void make_current() override {
    if (auto current = headless_.make_current(); !current) fail_check("{}", current.error().message());
  }

 private:
  pmb::HeadlessContext headless_;
};

}  // namespace

Outcome<std::unique_ptr<Device>> Device::open(const GpuOptions& options) {
  auto headless = open_headless(options);
  if (!headless) return fail(kNoGl, "no usable GL: {}", headless.error().message());
  std::unique_ptr<Device> device(new Device(options, std::move(*headless)));
  if (auto prepared = device->prepare(); !prepared) return pass_on(prepared);
  return device;
}

Outcome<void> Device::prepare() {
  // Measures the driver without the choices of the environment, except for disabled quirks.
  pmb::Options chosen;
  chosen.disabled_quirks = pmb::Options::from_environment().disabled_quirks;
  auto context = pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(chosen));
  if (!context) return fail(kNoGl, "no usable GL: {}", context.error().message());
  warn_of_unknown_quirks(*context);
  context_ = std::make_unique<pmb::Context>(std::move(*context));
  if (!load_gl(gl_, options_.gles))
    return fail(kNoGl, "no usable GL: the driver lacks functions of its version");
  auto shaders = make_gl_shaders(gl_);
  if (!shaders) return pass_on(shaders);
  shaders_ = std::move(*shaders);
  return {};
}

void Device::make_current() {
  if (auto current = headless_.make_current(); !current) fail_check("{}", current.error().message());
}

std::unique_ptr<OtherContext> Device::open_context(bool shares_objects) {
  HeadlessOptions wanted = headless_options(options_);
  if (shares_objects) wanted.share_with = &headless_;
  auto other = pmb::HeadlessContext::create(wanted);
  if (!other || !other->make_current()) return nullptr;
  return std::make_unique<OtherHeadless>(std::move(*other));
}

std::uint64_t Device::free_memory_bytes() const {
  const auto free = static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) *
                    static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  // A quarter stays for others.
  return std::min(free, context_->memory_limit_bytes()) / 4 * 3;
}

}  // namespace pmb::tool::verify
