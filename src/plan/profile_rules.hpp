// SPDX-License-Identifier: MIT
// The part of a profile that applies to one request. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// The CPU reads it slowly: loads are to be streamed.
constexpr bool reads_slowly(Placement placement) noexcept {
  return placement == Placement::write_combined || placement == Placement::gpu_memory;
}

/// What a profile says of an access, a size and a number of reads. `by_default` is the CLIENT_STORAGE of the quirks.
Measured measured_for(const Profile& profile, const PlanRequest& request, bool by_default) noexcept;

/// Everything in it can be used as it stands: limits grow, figures are finite, transfers are usable.
bool is_sound(const Profile& profile) noexcept;

}  // namespace pmb::detail
