// SPDX-License-Identifier: MIT
// From measured costs to the placement of a mapping.
#pragma once

#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// The memory that a mapping lies in. `plain` has the costs of system memory for the CPU, and of VRAM for the GPU.
Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept;

}  // namespace pmb::detail
