// SPDX-License-Identifier: MIT
// The measurements of one driver on one machine, and the plans that follow from them. calibrate() or `pmb tune` makes a
// profile and saves it to a file; a Context whose options name that file follows it.
//
//   options.profile = pmb::Profile::default_folder();          // where `pmb tune` saves its profiles
//   auto context = pmb::Context::from_current(loader, options);
//   if (const pmb::Profile* profile = context->profile()) std::cout << profile->made << '\n';
//
// Units:   bytes, nanoseconds.
// Threads: values only. load() and save() of one file from two threads are safe: a file is always whole.
// Memory:  strings and a few vectors; everything here allocates.
// Errors:  profile_missing, profile_corrupt, profile_version, profile_driver, profile_machine, profile_unwritable.
// GL:      none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <pmb/detail/api.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace pmb {

class Context;

/// The memory of a mapping, as the CPU sees it.
enum class Placement : std::uint8_t {
  unknown,         ///< Not measured.
  cached,          ///< System memory that the CPU caches.
  write_combined,  ///< Uncached system memory: fast sequential writes, slow reads.
  gpu_memory,      ///< VRAM through the bus (resizable BAR): sequential writes, very slow reads.
  plain,           ///< A software renderer's: ordinary for both sides.
};

/// The costs of one kind of memory. 0: not measured, or not allowed.
struct MemoryCosts {
  double read_ns = 0;         ///< Of a load of 8 bytes, consecutive.
  double write_ns = 0;        ///< Of a store of 8 bytes, each to another cache line.
  double gpu_ns_per_kib = 0;  ///< Of a GPU copy from it; for readback mappings, into it.
};

/// One kind of mapping.
struct MappingProfile {
  Placement placement = Placement::unknown;
  MemoryCosts costs;
};

/// The driver and machine of a profile. Other contexts ignore it.
struct ProfileKey {
  std::string vendor;    ///< GL_VENDOR.
  std::string renderer;  ///< GL_RENDERER.
  std::string driver;    ///< GL_VERSION without GL's version and profile: "Mesa 22.3.6".
  bool gles = false;
  std::string cpu;  ///< The model, else the architecture.
  std::uint32_t hardware_threads = 0;

  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

struct Profile {
  /// The format of the file. load() refuses others; measuring again is easier than converting.
  static constexpr std::uint32_t kFormat = 2;

  ProfileKey key;
  std::string made;    ///< The date: "2026-11-25T12:00:00Z".
  MemoryCosts memory;  ///< The process's memory for the CPU, VRAM for the GPU.
  /// By Access; without and with GL_CLIENT_STORAGE_BIT.
  std::array<std::array<MappingProfile, 2>, 3> mappings = {};
  std::optional<TransferPlan> transfers = {};  ///< Empty: not measured.

  MappingProfile& mapping(Access access, bool client_storage) noexcept {
    return mappings[static_cast<std::size_t>(access)][client_storage ? 1 : 0];
  }
  const MappingProfile& mapping(Access access, bool client_storage) const noexcept {
    return mappings[static_cast<std::size_t>(access)][client_storage ? 1 : 0];
  }

  PMB_API std::string to_json() const;
  /// Statuses: invalid_argument (profile_corrupt), unsupported (profile_version).
  [[nodiscard]] PMB_API static Result<Profile> from_json(
      std::string_view text, std::source_location where = std::source_location::current());

  /// Reads a file; blocks. Statuses: those of from_json, unsupported (profile_missing).
  [[nodiscard]] PMB_API static Result<Profile> load(
      const std::string& file, std::source_location where = std::source_location::current());
  /// Writes the whole file or none, and makes its folder; blocks. Statuses: refused (profile_unwritable).
  [[nodiscard]] PMB_API Result<void> save(const std::string& file,
                                          std::source_location where = std::source_location::current()) const;

  /// $XDG_CACHE_HOME/pmb/, else ~/.cache/pmb/, else "". On Windows: %LOCALAPPDATA%/pmb/, else "". Reads the environment.
  PMB_API static std::string default_folder();
  /// The file name for a GPU and CPU, the same for every driver version: "llvmpipe-1a2b3c4d.json".
  PMB_API static std::string file_name(const ProfileKey& key);
};

/// The key of profiles of this driver and machine. Reads the name of the CPU. Allocates.
PMB_API ProfileKey profile_key(const Context& context);
/// The file that Options::profile led to; "" for none.
PMB_API const std::string& profile_file(const Context& context) noexcept;

/// "cached system memory", …
PMB_API const char* to_string(Placement placement) noexcept;

}  // namespace pmb
