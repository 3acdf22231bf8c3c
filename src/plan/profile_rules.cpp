// SPDX-License-Identifier: MIT
#include "plan/profile_rules.hpp"

#include <algorithm>
#include <cmath>

namespace pmb::detail {
namespace {

// A load that no cache answers takes one access to system memory, 60 to 150 ns, or one round trip over the bus, from
// 400 ns on; one that a cache or its prefetcher answers takes one or two. Between them lies room for slow machines.
constexpr double kUncachedLoad_ns = 10;
constexpr double kBusLoad_ns = 250;
constexpr double kUncachedToPlain = 8;
// Stores to lines of their own: each takes a write-combining buffer and sends it away nearly empty.
constexpr double kUncachedStore_ns = 20;
constexpr double kUncachedStoreToPlain = 4;
// The GPU's own memory is an order of magnitude faster than the bus; what varies from run to run is far less.
constexpr double kNearToOwn = 2;

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

Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept {
  if (driver.software) return Placement::plain;
  const bool measured = costs.gpu_ns_per_kib > 0 && plain.gpu_ns_per_kib > 0;
  const bool near = measured && costs.gpu_ns_per_kib <= kNearToOwn * plain.gpu_ns_per_kib;
  // Where all memory is one, being near tells nothing.
  const bool gpus_own = reported == ReportedMemory::video ||
                        (reported == ReportedMemory::unknown && near && !driver.unified_memory);
  if (access != Access::sequential_write) {
    if (costs.read_ns <= 0) return Placement::unknown;
    if (costs.read_ns <= std::max(kUncachedLoad_ns, kUncachedToPlain * plain.read_ns))
      return Placement::cached;
    const bool over_bus =
        reported == ReportedMemory::unknown && costs.read_ns >= kBusLoad_ns && !driver.unified_memory;
    return gpus_own || over_bus ? Placement::gpu_memory : Placement::write_combined;
  }
  // Reading a mapping that was made for writing alone is undefined, so that loads cannot tell.
  if (costs.write_ns <= 0) return Placement::unknown;
  if (gpus_own) return Placement::gpu_memory;
  const bool uncached = costs.write_ns > std::max(kUncachedStore_ns, kUncachedStoreToPlain * plain.write_ns);
  return uncached ? Placement::write_combined : Placement::cached;
}

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
    // No time for this size; but where one of the two is cached and the other is not, nothing needs to be timed.
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
