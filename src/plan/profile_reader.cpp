// SPDX-License-Identifier: MIT
// Reads a profile from JSON. Anything unexpected makes the whole profile corrupt.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>
#include <stdexcept>

#include "base/fail.hpp"
#include "plan/profile_names.hpp"
#include "plan/profile_rules.hpp"

namespace pmb {
namespace {

using namespace detail::profile_names;
using Json = nlohmann::ordered_json;

template <class Enum, std::size_t N>
Enum value_of(const char* const (&names)[N], const Json& json) {
  const auto& text = json.get_ref<const std::string&>();
  const auto found = std::find(std::begin(names), std::end(names), text);
  if (found == std::end(names)) throw std::invalid_argument(text);
  return static_cast<Enum>(found - std::begin(names));
}

/// json::get would convert numbers that do not fit.
std::uint64_t count_of(const Json& json) {
  if (!json.is_number_unsigned()) throw std::invalid_argument("no count");
  return json.get<std::uint64_t>();
}
std::uint32_t small_count_of(const Json& json) {
  const std::uint64_t count = count_of(json);
  if (count > UINT32_MAX) throw std::invalid_argument("no small count");
  return static_cast<std::uint32_t>(count);
}
double figure_of(const Json& json) {
  if (!json.is_number()) throw std::invalid_argument("no figure");
  return json.get<double>();
}

MemoryCosts costs_of(const Json& json) {
  return {.read_ns = figure_of(json.at("read_ns")),
          .write_ns = figure_of(json.at("write_ns")),
          .gpu_ns_per_kib = figure_of(json.at("gpu_ns_per_kib"))};
}

std::uint64_t limit_of(const Json& json) {
  return json.contains("up_to_bytes") ? count_of(json.at("up_to_bytes")) : UINT64_MAX;
}

TransferDirection direction_of(const Json& json) {
  TransferDirection direction;
  direction.ring_bytes = count_of(json.at("ring_bytes"));
  direction.streaming_from_bytes = count_of(json.at("streaming_from_bytes"));
  direction.slow_reads = json.at("slow_reads").get<bool>();
  if (json.contains("model")) direction.model = value_of<Model>(kModels, json.at("model"));
  direction.steps.clear();
  for (const Json& entry : json.at("steps")) {
    direction.steps.push_back({.up_to_bytes = limit_of(entry),
                               .path = value_of<Path>(kPaths, entry.at("path")),
                               .chunk_bytes = count_of(entry.at("chunk_bytes")),
                               .threads = small_count_of(entry.at("threads"))});
  }
  return direction;
}

Profile profile_of(const Json& json) {
  Profile profile;
  const Json& key = json.at("key");
  profile.key = {.vendor = key.at("vendor").get<std::string>(),
                 .renderer = key.at("renderer").get<std::string>(),
                 .driver = key.at("driver").get<std::string>(),
                 .gles = key.at("gles").get<bool>(),
                 .cpu = key.at("cpu").get<std::string>(),
                 .hardware_threads = small_count_of(key.at("hardware_threads"))};
  profile.made = json.at("made").get<std::string>();
  profile.memory = costs_of(json.at("memory"));
  for (const Json& entry : json.at("mappings")) {
    const auto access = value_of<Access>(kAccesses, entry.at("access"));
    profile.mapping(access, entry.at("client_storage").get<bool>()) = {
        value_of<Placement>(kPlacements, entry.at("placement")), costs_of(entry)};
  }
  if (json.contains("transfers")) {
    const Json& transfers = json.at("transfers");
    profile.transfers.emplace();
    profile.transfers->up = direction_of(transfers.at("upload"));
    profile.transfers->down = direction_of(transfers.at("download"));
    profile.transfers->pending_bytes = count_of(transfers.at("pending_bytes"));
    profile.transfers->reason = "transfers: measured on this driver";
  }
  return profile;
}

}  // namespace

Result<Profile> Profile::from_json(std::string_view text, std::source_location where) {
  try {
    const Json json = Json::parse(text);
    const std::uint64_t format = count_of(json.at("pmb_profile"));
    if (format != kFormat) return fail(ErrorId::profile_version, where, {.numbers = {format, kFormat}});
    Profile profile = profile_of(json);
    if (detail::is_sound(profile)) return profile;
  } catch (const std::bad_alloc&) {
    return fail(ErrorId::out_of_host_memory, where);
  } catch (const std::exception&) {
    // Corrupt, as below.
  }
  return fail(ErrorId::profile_corrupt, where);
}

}  // namespace pmb
