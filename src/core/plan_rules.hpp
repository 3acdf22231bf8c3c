// SPDX-License-Identifier: MIT
// Which model and path to take, from facts about the driver. No GL: flags are made from the choice in src/gl.
//
// Order:   what the caller forces, then measured profiles (whoever measures fills `Measured`), then quirks,
//          then defaults.
#pragma once

#include <pmb/plan.hpp>

namespace pmb::core {

/// What a measurement on this driver found for one access and size class. Empty members: nothing was
/// measured.
struct Measured {
  std::optional<Model> model = {};
  std::optional<Path> path = {};
};

/// What is known of the driver without measuring.
struct DriverTraits {
  bool software = false;        ///< Mapped memory is plain memory.
  bool unified_memory = false;  ///< CPU and GPU share all memory.
  bool buffer_storage = false;
  bool memory_barrier = false;
  bool orphan_uploads = false;  ///< Respecifying whole buffers beats mapping them.
};

/// True for the paths on which rings and pools keep their bytes in the process's own memory.
constexpr bool is_private(Path path) noexcept {
  return path == Path::traditional || path == Path::orphaned;
}

/// A choice, with reasons added to `plan.reasons`. Flags are left alone. False if a forced choice cannot
/// work.
bool choose(const PlanRequest& request, const DriverTraits& driver, const Measured& measured,
            Plan& plan) noexcept;

/// Adds a reason (a literal); beyond six they are dropped.
void add_reason(Plan& plan, const char* reason) noexcept;

}  // namespace pmb::core
