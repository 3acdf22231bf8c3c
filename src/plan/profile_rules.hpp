// SPDX-License-Identifier: MIT
// From figures to placements, and from a profile to what it says of one request. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// Where a mapping lies. `plain` is what the process's own memory costs, and the GPU's own the GPU.
Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept;

/// The CPU reads it slowly: loads are to be streamed.
constexpr bool reads_slowly(Placement placement) noexcept {
  return placement == Placement::write_combined || placement == Placement::gpu_memory;
}

/// What a profile says of an access, a size and a number of reads. `by_default` is the CLIENT_STORAGE of the quirks.
Measured measured_for(const Profile& profile, const PlanRequest& request, bool by_default) noexcept;

/// Everything in it can be used as it stands: limits grow, figures are finite, transfers are usable.
bool is_sound(const Profile& profile) noexcept;

}  // namespace pmb::detail
