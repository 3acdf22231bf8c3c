// SPDX-License-Identifier: MIT
#include "plan/profile_rules.hpp"

#include <cmath>

namespace pmb::detail {
namespace {

bool is_sound_figure(double value) noexcept {
  return std::isfinite(value) && value >= 0;
}

bool are_sound(const MemoryCosts& costs) noexcept {
  return is_sound_figure(costs.read_ns) && is_sound_figure(costs.write_ns) &&
         is_sound_figure(costs.gpu_ns_per_kib);
}

}  // namespace

Measured measured_for(const Profile& profile, Access access, bool by_default) noexcept {
  const auto placement = [&](bool client) { return profile.mapping(access, client).placement; };
  Measured measured;
  // The CPU reads cached memory faster than any other.
  if (access != Access::sequential_write && placement(by_default) != Placement::cached &&
      placement(!by_default) == Placement::cached) {
    measured.client_storage = !by_default;
  }
  measured.placement = placement(measured.client_storage.value_or(by_default));
  return measured;
}

bool is_sound(const Profile& profile) noexcept {
  if (!are_sound(profile.memory)) return false;
  for (const auto& access : profile.mappings) {
    for (const MappingProfile& mapping : access) {
      if (!are_sound(mapping.costs)) return false;
    }
  }
  return !profile.transfers || profile.transfers->usable();
}

}  // namespace pmb::detail
