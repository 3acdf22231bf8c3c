// SPDX-License-Identifier: MIT
// What a test needs of this machine's GL. A test that cannot run here skips and says why.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <pmb/headless.hpp>
#include <vector>

// Skips a test for which there is no GL, with the reason. With PMB_REQUIRE_GL it is a failure.
#define PMB_SKIP(why)                                            \
  do {                                                           \
    if (std::getenv("PMB_REQUIRE_GL") != nullptr) FAIL() << why; \
    GTEST_SKIP() << why;                                         \
  } while (false)

namespace gl_needs {

enum class SoftwareRenderer {
  present,
  gpu_alone,  // a GPU's driver is installed and Mesa is not
  missing,    // no GL at all
};

inline SoftwareRenderer software_renderer_among(const std::vector<pmb::GpuInfo>& gpus) {
  if (gpus.empty()) return SoftwareRenderer::missing;
  const bool present = std::any_of(gpus.begin(), gpus.end(), [](const auto& gpu) { return gpu.software; });
  return present ? SoftwareRenderer::present : SoftwareRenderer::gpu_alone;
}

inline SoftwareRenderer find_software_renderer() {
  return software_renderer_among(pmb::list_gpus().value_or(std::vector<pmb::GpuInfo>()));
}

}  // namespace gl_needs

// Skips a test of the software renderer on a machine that has a GPU alone, even with PMB_REQUIRE_GL.
#define PMB_NEEDS_SOFTWARE_RENDERER()                                       \
  do {                                                                      \
    const auto pmb_found = gl_needs::find_software_renderer();              \
    if (pmb_found == gl_needs::SoftwareRenderer::gpu_alone)                 \
      GTEST_SKIP() << "no software renderer here (Mesa), which this needs"; \
    if (pmb_found == gl_needs::SoftwareRenderer::missing)                   \
      PMB_SKIP("neither a GPU nor a software renderer here");               \
  } while (false)
