// SPDX-License-Identifier: MIT
// A profile applied to one request, and its validity. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// Whether the CPU reads it slowly, so that streaming loads help.
constexpr bool reads_slowly(Placement placement) noexcept {
  return placement == Placement::write_combined || placement == Placement::gpu_memory;
}

/// The measured choice for an access, a size and a number of reads. `by_default` is the CLIENT_STORAGE of the quirks.
Measured measured_for(const Profile& profile, const PlanRequest& request, bool by_default) noexcept;

/// Whether limits grow, figures are finite, and transfers are usable.
bool is_sound(const Profile& profile) noexcept;

}  // namespace pmb::detail
