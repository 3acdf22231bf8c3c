// SPDX-License-Identifier: MIT
// Chooses models, paths and transfer plans from facts about the driver, without GL. src/context turns choices into flags.
//
// Order:   what the caller forces, then a measured profile, then quirks, then defaults. What a context cannot do, and
//          what a driver gets wrong, no measurement overrides.
#pragma once

#include <pmb/plan.hpp>
#include <pmb/tune/profile.hpp>

namespace pmb::detail {

struct PlanRequest {
  Access access = Access::sequential_write;
  std::uint64_t size_bytes = 0;
  std::uint32_t gpu_reads = 1;      ///< How often the GPU reads or writes each byte.
  std::optional<Model> model = {};  ///< Forces the model.
  std::optional<Path> path = {};    ///< Forces the path.
};

/// What a profile of this driver says of one access.
struct Measured {
  std::optional<bool> client_storage = {};  ///< Empty: nothing speaks against the quirks.
  Placement placement = Placement::unknown;
};

/// What is known of the driver without measuring.
struct DriverTraits {
  bool software = false;        ///< Mapped memory is plain memory.
  bool unified_memory = false;  ///< CPU and GPU share all memory.
  bool buffer_storage = false;
  bool memory_barrier = false;
  bool orphan_uploads = false;  ///< Respecifying whole buffers beats mapping them.
  bool client_writes = false;   ///< Writable mappings ask for CLIENT_STORAGE, by quirk.
  bool client_uploads = false;  ///< Mappings for writing alone do, by quirk.
  bool client_reads = false;    ///< Mappings for reading alone do, by quirk.
};

/// Whether mappings for this access ask for CLIENT_STORAGE where nothing was measured.
constexpr bool client_by_quirk(Access access, const DriverTraits& driver) noexcept {
  if (access == Access::read) return driver.client_reads;
  return driver.client_writes || (driver.client_uploads && access == Access::sequential_write);
}

/// True for the paths on which rings and pools keep their bytes in the process's own memory.
constexpr bool is_private(Path path) noexcept {
  return path == Path::traditional || path == Path::orphaned;
}

/// Whether the CPU reads it slowly, so that streaming loads help.
constexpr bool reads_slowly(Placement placement) noexcept {
  return placement == Placement::write_combined || placement == Placement::gpu_memory;
}

/// The measurements of an access. `by_default` is the CLIENT_STORAGE of the quirks.
PMB_API Measured measured_for(const Profile& profile, Access access, bool by_default) noexcept;

/// A choice, with reasons added to `plan.reasons`. Flags are left alone. False if a forced choice cannot
/// work.
bool choose(const PlanRequest& request, const DriverTraits& driver, Placement placement, Plan& plan) noexcept;

/// Whether the mapping asks for CLIENT_STORAGE; says why in `plan.reasons` where it does.
bool choose_client_storage(const DriverTraits& driver, const Measured& measured, Plan& plan) noexcept;

/// Adds a reason (a literal); beyond six they are dropped.
void add_reason(Plan& plan, const char* reason) noexcept;

/// What the default rests on.
enum class TransferKind : std::uint8_t {
  software,  ///< GL's own call is one memcpy: nothing can beat it, and it beats nothing.
  nvidia,    ///< Small updates travel in the command stream; large ones are one thread's memcpy.
  mesa,      ///< Hardware drivers of Mesa: small updates go through a ring of the driver's own.
  other,
};

/// `slow_reads`: readback mappings are write-combined on this driver.
TransferPlan default_transfer_plan(TransferKind kind, bool slow_reads);

/// Every size by one path.
void force_path(TransferDirection& way, Path path);

}  // namespace pmb::detail
