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

bool is_sound_choice(const PlanChoice& choice) noexcept {
  return is_sound_figure(choice.ns) && is_sound_figure(choice.default_ns);
}

}  // namespace

Measured measured_for(const Profile& profile, const PlanRequest& request, bool by_default) noexcept {
  const AccessProfile& found = profile.of(request.access);
  Measured measured;
  for (const PlanStep& step : found.steps) {
    if (request.size_bytes > step.up_to_bytes) continue;
    const PlanChoice& choice = request.gpu_reads <= 1 ? step.once : step.many;
    measured.model = choice.model;
    measured.path = choice.path;
    measured.client_storage = choice.client_storage;
    break;
  }
  if (!measured.client_storage && request.access != Access::sequential_write) {
    // This size was not timed. If only one of the two mappings is cached, that one is better without timing.
    const auto cached = [&](bool client) {
      return found.mappings[client ? 1 : 0].placement == Placement::cached;
    };
    if (!cached(by_default) && cached(!by_default)) measured.client_storage = !by_default;
  }
  measured.placement = found.mappings[measured.client_storage.value_or(by_default) ? 1 : 0].placement;
  return measured;
}

bool is_sound(const Profile& profile) noexcept {
  if (!are_sound(profile.memory)) return false;
  for (const AccessProfile& access : profile.accesses) {
    for (const AccessProfile::Mapping& mapping : access.mappings) {
      if (!are_sound(mapping.costs)) return false;
    }
    std::uint64_t last = 0;
    for (const PlanStep& step : access.steps) {
      if (step.up_to_bytes <= last || !is_sound_choice(step.once) || !is_sound_choice(step.many))
        return false;
      last = step.up_to_bytes;
    }
  }
  return !profile.transfers || profile.transfers->usable();
}

}  // namespace pmb::detail
