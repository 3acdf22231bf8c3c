// SPDX-License-Identifier: MIT
// What was measured of one driver on one machine, and what follows from it for plans and transfers. Made by
// calibrate() or `pmb tune`, kept in a file, and read by a Context whose options name that file.
//
//   options.profile = pmb::Profile::default_folder();          // where `pmb tune` leaves its profiles
//   auto context = pmb::Context::from_current(loader, options);
//   if (const pmb::Profile* profile = context->profile()) std::cout << profile->describe() << '\n';
//
// Units:   bytes; nanoseconds for the work that a figure names.
// Threads: values only. load() and save() of one file on two threads: the file is one of both, never a mixture.
// Memory:  strings and a few vectors; everything here allocates.
// Errors:  profile_missing, profile_corrupt, profile_version, profile_driver, profile_machine, profile_unwritable.
// GL:      none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace pmb {

class Context;

/// Where the bytes of a mapping lie, as the CPU meets them.
enum class Placement : std::uint8_t {
  unknown,         ///< Not measured.
  cached,          ///< System memory that the CPU caches.
  write_combined,  ///< System memory past the caches: written fast in order, read slowly.
  gpu_memory,  ///< The GPU's own, through the bus aperture (resizable BAR): written in order, read very slowly.
  plain,       ///< A software renderer's: memory as any other, for both sides.
};

/// What touching one kind of memory costs. 0: not measured, or not allowed there.
struct MemoryCosts {
  double read_ns = 0;         ///< Of loading 8 bytes, one after the other.
  double write_ns = 0;        ///< Of storing 8 bytes, each to a cache line of its own.
  double gpu_ns_per_kib = 0;  ///< Of the GPU's copying out of it; of readback mappings, into it.
};

/// What was found best for one use. Empty members, and those of a profile that ran out of time: not measured.
struct PlanChoice {
  std::optional<Model> model = {};
  std::optional<Path> path = {};
  std::optional<bool> client_storage = {};  ///< GL_CLIENT_STORAGE_BIT.
  double ns = 0;                            ///< Of one use this way, and of one the way of the defaults.
  double default_ns = 0;

  friend bool operator==(const PlanChoice&, const PlanChoice&) = default;
};

/// What is planned for sizes of up to a limit. In the order of growing limits, a size takes the first that holds it.
struct PlanStep {
  std::uint64_t up_to_bytes = UINT64_MAX;
  PlanChoice once;  ///< The GPU touches each byte once.
  PlanChoice many;  ///< More often.

  friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

/// One access.
struct AccessProfile {
  struct Mapping {
    Placement placement = Placement::unknown;
    MemoryCosts costs;
  };
  std::array<Mapping, 2> mappings = {};  ///< Without and with GL_CLIENT_STORAGE_BIT.
  std::vector<PlanStep> steps = {};      ///< Sizes beyond the last one were not measured.
};

/// What a profile holds for: it is ignored everywhere else.
struct ProfileKey {
  std::string vendor;    ///< GL_VENDOR.
  std::string renderer;  ///< GL_RENDERER.
  std::string driver;    ///< GL_VERSION without the version of GL and the name of the profile: "Mesa 22.3.6".
  bool gles = false;
  std::string cpu;  ///< Its model, or its kind where the machine tells no more.
  std::uint32_t hardware_threads = 0;

  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

struct Profile {
  /// Of the file. Others are refused: a profile is measured anew faster than it is converted.
  static constexpr std::uint32_t kFormat = 1;

  ProfileKey key;
  std::string made;                            ///< When: "2026-11-25T12:00:00Z".
  MemoryCosts memory;                          ///< Of the process's own memory; of the GPU's own for the GPU.
  std::array<AccessProfile, 3> accesses = {};  ///< By Access.
  std::optional<TransferPlan> transfers = {};  ///< Empty: not measured.

  AccessProfile& of(Access access) noexcept { return accesses[static_cast<std::size_t>(access)]; }
  const AccessProfile& of(Access access) const noexcept { return accesses[static_cast<std::size_t>(access)]; }

  /// What was found and what it gains, a line a step.
  std::string describe() const;
  std::string to_json() const;
  /// Statuses: invalid_argument (profile_corrupt), unsupported (profile_version).
  static Result<Profile> from_json(std::string_view text,
                                   std::source_location where = std::source_location::current());

  /// Reads a file. Blocks for it. Statuses: those of from_json, and unsupported (profile_missing).
  static Result<Profile> load(const std::string& file,
                              std::source_location where = std::source_location::current());
  /// Writes a file that is there whole or not at all, and makes its folder. Blocks for it. Statuses: refused
  /// (profile_unwritable).
  Result<void> save(const std::string& file,
                    std::source_location where = std::source_location::current()) const;

  /// $XDG_CACHE_HOME/pmb/, else ~/.cache/pmb/; "" where neither is known. Reads the environment, nothing else here does.
  static std::string default_folder();
  /// A name for the profile of one GPU and CPU, the same for every version of the driver: "llvmpipe-1a2b3c4d.json".
  static std::string file_name(const ProfileKey& key);
};

/// The key of profiles of this driver and machine. Reads the name of the CPU. Allocates.
ProfileKey profile_key(const Context& context);
/// The file that Options::profile led to; "" for none.
const std::string& profile_file(const Context& context) noexcept;

/// "cached system memory", …
const char* to_string(Placement placement) noexcept;

}  // namespace pmb
