// SPDX-License-Identifier: MIT
// Profiles as files, and in words.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <pmb/tune/profile.hpp>

#include "base/fail.hpp"
#include "base/guard.hpp"

namespace pmb {
namespace {

namespace fs = std::filesystem;

// What pmb writes is a hundredth of this.
constexpr std::uintmax_t kLongestFile = 1 << 20;

// FNV-1a: the same everywhere, and no more than a name needs.
std::uint32_t hash_of(std::string_view text, std::uint32_t hash) {
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  return (hash ^ 0xFFU) * 16777619U;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes == UINT64_MAX) return "beyond";
  if (bytes >= (1 << 20)) return fmt::format("to {:.4g} MiB", static_cast<double>(bytes) / (1 << 20));
  if (bytes >= 1024) return fmt::format("to {:.4g} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("to {} B", bytes);
}

std::string choice_text(const PlanChoice& choice) {
  if (!choice.path && !choice.model && !choice.client_storage) return "as by default";
  std::string text;
  const auto add = [&](std::string_view part) {
    if (!text.empty()) text += ", ";
    text += part;
  };
  if (choice.model) add(to_string(*choice.model));
  if (choice.path) add(to_string(*choice.path));
  if (choice.client_storage && *choice.client_storage) add("CLIENT_STORAGE");
  if (choice.ns > 0 && choice.default_ns > choice.ns) {
    text += fmt::format(" ({:.4g} µs instead of {:.4g})", choice.ns / 1e3, choice.default_ns / 1e3);
  }
  return text;
}

std::string mapping_text(const AccessProfile::Mapping& mapping) {
  std::string text = to_string(mapping.placement);
  if (mapping.placement == Placement::unknown) return text;
  std::string figures;
  const auto add = [&](const char* what, double ns, const char* unit) {
    if (ns > 0) figures += fmt::format("{}{} {:.3g} {}", figures.empty() ? "" : ", ", what, ns, unit);
  };
  add("load", mapping.costs.read_ns, "ns");
  add("store", mapping.costs.write_ns, "ns");
  add("GPU", mapping.costs.gpu_ns_per_kib, "ns/KiB");
  return figures.empty() ? text : fmt::format("{} ({})", text, figures);
}

}  // namespace

const char* to_string(Placement placement) noexcept {
  switch (placement) {
    case Placement::unknown:
      return "not measured";
    case Placement::cached:
      return "cached system memory";
    case Placement::write_combined:
      return "write-combined system memory";
    case Placement::gpu_memory:
      return "GPU memory through the bus";
    case Placement::plain:
      return "plain memory of a software renderer";
  }
  return "unknown";
}

std::string Profile::describe() const {
  std::string text = fmt::format("{}, {}\n{}, {} hardware threads\nmeasured {}", key.renderer, key.driver,
                                 key.cpu, key.hardware_threads, made);
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    const AccessProfile& found = of(access);
    text += fmt::format("\n{}\n  mapped: {}\n  with CLIENT_STORAGE: {}", to_string(access),
                        mapping_text(found.mappings[0]), mapping_text(found.mappings[1]));
    for (const PlanStep& step : found.steps) {
      text += fmt::format("\n  {}: {}", size_text(step.up_to_bytes), choice_text(step.once));
      if (choice_text(step.many) != choice_text(step.once))
        text += fmt::format("; used often: {}", choice_text(step.many));
    }
  }
  if (transfers) text += "\n" + transfers->describe();
  return text;
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
    // Beside its place, so that renaming it stays within one file system, and of this call alone.
    static std::atomic<std::uint32_t> calls = 0;
    const fs::path target(file);
    const fs::path half(fmt::format("{}.{}.{}.part", file, getpid(), ++calls));
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
  const auto value_of = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  // The XDG base directory specification: a relative path is to be ignored.
  const std::string cache = value_of("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/pmb/";
  const std::string home = value_of("HOME");
  return home.empty() ? "" : home + "/.cache/pmb/";
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
  std::uint32_t hash = 2166136261U;
  for (const std::string_view part : {std::string_view(key.vendor), std::string_view(key.renderer),
                                      std::string_view(key.gles ? "es" : "gl"), std::string_view(key.cpu)}) {
    hash = hash_of(part, hash);
  }
  hash = hash_of(std::to_string(key.hardware_threads), hash);
  return fmt::format("{}{}{:08x}.json", name, name.empty() || name.back() == '-' ? "" : "-", hash);
}

}  // namespace pmb
