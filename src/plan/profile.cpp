// SPDX-License-Identifier: MIT
// Finds, loads and saves profile files.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <pmb/tune/profile.hpp>

#include "base/fail.hpp"
#include "base/platform.hpp"

namespace pmb {
namespace {

namespace fs = std::filesystem;

// A hundred times the size of the files that save() writes.
constexpr std::uintmax_t kLongestFile = 1 << 20;

}  // namespace

const char* to_string(Placement placement) noexcept {
  constexpr const char* kNames[] = {"not measured", "cached system memory", "write-combined system memory",
                                    "GPU memory through the bus", "plain memory of a software renderer"};
  return kNames[static_cast<std::size_t>(placement)];
}

Result<Profile> Profile::load(const std::string& file, std::source_location where) {
  return guarded(where, [&]() -> Result<Profile> {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error || size > kLongestFile) {
      return fail(error ? ErrorId::profile_missing : ErrorId::profile_corrupt, where);
    }
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream) return fail(ErrorId::profile_missing, where);
    return from_json(text, where);
  });
}

Result<void> Profile::save(const std::string& file, std::source_location where) const {
  return guarded(where, [&]() -> Result<void> {
    // Beside the target, so that the rename stays within one file system; unique to this call.
    static std::atomic<std::uint32_t> calls = 0;
    const fs::path target(file);
    const fs::path half(fmt::format("{}.{}.{}.part", file, detail::process_id(), ++calls));
    std::error_code error;
    if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
    std::ofstream stream(half, std::ios::binary);
    stream << to_json();
    stream.close();
    if (stream) fs::rename(half, target, error);
    if (stream && !error) return {};
    fs::remove(half, error);
    return fail(ErrorId::profile_unwritable, where);
  });
}

std::string Profile::default_folder() {
  const std::string folder = detail::user_cache_folder();
  return folder.empty() ? "" : folder + "pmb/";
}

std::string Profile::file_name(const ProfileKey& key) {
  constexpr std::size_t kLongestName = 40;
  std::string name;
  for (const char letter : key.renderer) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
    const bool capital = letter >= 'A' && letter <= 'Z';
    if (plain) name += letter;
    if (capital) name += static_cast<char>(letter - 'A' + 'a');
    if (!plain && !capital && !name.empty() && name.back() != '-') name += '-';
    if (name.size() == kLongestName) break;
  }
  const std::string all = fmt::format("{0}{5}{1}{5}{2}{5}{3}{5}{4}{5}", key.vendor, key.renderer,
                                      key.gles ? "es" : "gl", key.cpu, key.hardware_threads, '\xFF');
  // FNV-1a: the same on every machine, and enough for a name.
  std::uint32_t hash = 2166136261U;
  for (const char letter : all) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  return fmt::format("{}{}{:08x}.json", name, name.empty() || name.back() == '-' ? "" : "-", hash);
}

}  // namespace pmb
