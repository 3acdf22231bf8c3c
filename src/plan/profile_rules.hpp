// SPDX-License-Identifier: MIT
// A profile applied to one request, and its validity. No GL.
#pragma once

#include <pmb/tune/profile.hpp>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// Whether the CPU reads it slowly, so that streaming loads help.
constexpr bool reads_slowly(Placement placement) noexcept {
  return placement == Placement::write_combined || placement == Placement::gpu_memory;
}

/// The measurements of an access. `by_default` is the CLIENT_STORAGE of the quirks.
Measured measured_for(const Profile& profile, Access access, bool by_default) noexcept;

/// Whether figures are finite and transfers are usable.
bool is_sound(const Profile& profile) noexcept;

}  // namespace pmb::detail
