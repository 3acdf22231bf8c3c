// SPDX-License-Identifier: MIT
// Finds and reads the profile that the options name, and compares its key with this driver and machine.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "context/context_state.hpp"

namespace pmb::detail {
namespace {

/// Driver strings need not be UTF-8, but JSON files must.
std::string ascii(std::string text) {
  for (char& letter : text) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return text;
}

/// "4.6 (Core Profile) Mesa 22.3.6" and "4.5 (Compatibility Profile) Mesa 22.3.6" are one driver.
std::string driver_part(std::string_view version) {
  constexpr std::string_view kEs = "OpenGL ES ";
  if (version.starts_with(kEs)) version.remove_prefix(kEs.size());
  const auto skip_past = [&](char end) {
    const std::size_t at = version.find(end);
    if (at == std::string_view::npos) return;
    version.remove_prefix(at + 1);
    while (version.starts_with(' ')) version.remove_prefix(1);
  };
  const std::string_view whole = version;
  skip_past(' ');
  if (version.starts_with('(')) skip_past(')');
  return std::string(version.empty() ? whole : version);
}

/// The brand string of an x86 CPU, "AMD EPYC 9654 96-Core Processor"; the instruction set elsewhere.
std::string cpu_model() {
#if defined(__x86_64__) || defined(__i386__)
  // Three leaves of 16 characters each, filled up with zeros.
  constexpr unsigned kFirst = 0x80000002;
  unsigned words[3][4] = {};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* const w = words[leaf];
    if (__get_cpuid(kFirst + leaf, &w[0], &w[1], &w[2], &w[3]) == 0) return "x86";
  }
  char text[sizeof words + 1] = {};
  std::memcpy(text, words, sizeof words);
  const std::string model = text;
  const std::size_t begin = model.find_first_not_of(' ');
  if (begin == std::string::npos) return "x86";
  return model.substr(begin, model.find_last_not_of(' ') - begin + 1);
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

ProfileKey key_of(const ContextState& state) {
  return {.vendor = ascii(state.gl.driver.vendor),
          .renderer = ascii(state.gl.driver.renderer),
          .driver = ascii(driver_part(state.gl.driver.version)),
          .gles = state.gl.limits.gles,
          .cpu = ascii(cpu_model()),
          .hardware_threads = std::max(1U, std::thread::hardware_concurrency())};
}

ErrorId misfit(ProfileKey found, const ProfileKey& here) {
  const bool machine = found.cpu == here.cpu && found.hardware_threads == here.hardware_threads;
  found.cpu = here.cpu;
  found.hardware_threads = here.hardware_threads;
  if (found != here) return ErrorId::profile_driver;
  return machine ? ErrorId::none : ErrorId::profile_machine;
}

}  // namespace

void read_profile(ContextState& state) {
  const std::string& named = state.options.profile;
  if (named.empty()) return;
  const ProfileKey key = key_of(state);
  std::error_code error;
  const bool folder = named.ends_with('/') || std::filesystem::is_directory(named, error);
  state.plans.profile_file =
      folder ? (std::filesystem::path(named) / Profile::file_name(key)).string() : named;
  auto profile = Profile::load(state.plans.profile_file);
  Error& why = state.plans.profile_error;
  if (!profile) {
    why = profile.error();
  } else if (const ErrorId id = misfit(profile->key, key); id != ErrorId::none) {
    why = make_error(id, std::source_location::current());
  } else {
    state.plans.profile = std::move(*profile);
    state.log(LogLevel::info,
              [&] { return fmt::format("profile {} is in force", state.plans.profile_file); });
    return;
  }
  // A folder without a profile for this driver is normal: no warning.
  const LogLevel level = why.id == ErrorId::profile_missing && folder ? LogLevel::info : LogLevel::warning;
  state.log(level, [&] {
    return fmt::format("profile {} is ignored: {}", state.plans.profile_file, why.message());
  });
}

}  // namespace pmb::detail

namespace pmb {

ProfileKey profile_key(const Context& context) {
  return detail::key_of(detail::ContextState::of(context));
}

const std::string& profile_file(const Context& context) noexcept {
  return detail::ContextState::of(context).plans.profile_file;
}

}  // namespace pmb
