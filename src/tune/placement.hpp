// SPDX-License-Identifier: MIT
// From the costs of a mapping to its placement. No GL.
#pragma once

#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// `plain` holds the costs of the process's memory for the CPU, and of VRAM for the GPU.
Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept;

}  // namespace pmb::detail
