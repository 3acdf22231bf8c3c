// SPDX-License-Identifier: MIT
// A profile as JSON and back. What is not as it was written is refused as a whole.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>
#include <stdexcept>

#include "base/fail.hpp"
#include "plan/profile_rules.hpp"

namespace pmb {
namespace {

using Json = nlohmann::ordered_json;

constexpr Access kAccesses[] = {Access::sequential_write, Access::read, Access::bidirectional};
constexpr const char* kAccessNames[] = {"sequential_write", "read", "bidirectional"};

/// The names of an enumeration's values in files, in the order of their numbers.
constexpr const char* kModels[] = {"coherent", "explicit_flush"};
constexpr const char* kPaths[] = {"direct", "staged", "traditional", "orphaned"};
constexpr const char* kPlacements[] = {"unknown", "cached", "write_combined", "gpu_memory", "plain"};

template <class Enum, std::size_t N>
const char* name_of(const char* const (&names)[N], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

template <class Enum, std::size_t N>
Enum value_of(const char* const (&names)[N], const Json& json) {
  const auto& text = json.get_ref<const std::string&>();
  const auto found = std::find(std::begin(names), std::end(names), text);
  if (found == std::end(names)) throw std::invalid_argument(text);
  return static_cast<Enum>(found - std::begin(names));
}

/// json::get converts what does not fit; a profile has no such numbers.
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

Json to_json(const MemoryCosts& costs) {
  return {{"read_ns", costs.read_ns}, {"write_ns", costs.write_ns}, {"gpu_ns_per_kib", costs.gpu_ns_per_kib}};
}

MemoryCosts costs_of(const Json& json) {
  return {.read_ns = figure_of(json.at("read_ns")),
          .write_ns = figure_of(json.at("write_ns")),
          .gpu_ns_per_kib = figure_of(json.at("gpu_ns_per_kib"))};
}

// The last step's limit is that there is none.
void put_limit(Json& json, std::uint64_t up_to_bytes) {
  if (up_to_bytes != UINT64_MAX) json["up_to_bytes"] = up_to_bytes;
}
std::uint64_t limit_of(const Json& json) {
  return json.contains("up_to_bytes") ? count_of(json.at("up_to_bytes")) : UINT64_MAX;
}

Json to_json(const PlanChoice& choice) {
  Json json = Json::object();
  if (choice.model) json["model"] = name_of(kModels, *choice.model);
  if (choice.path) json["path"] = name_of(kPaths, *choice.path);
  if (choice.client_storage) json["client_storage"] = *choice.client_storage;
  json["ns"] = choice.ns;
  json["default_ns"] = choice.default_ns;
  return json;
}

PlanChoice choice_of(const Json& json) {
  PlanChoice choice;
  if (json.contains("model")) choice.model = value_of<Model>(kModels, json.at("model"));
  if (json.contains("path")) choice.path = value_of<Path>(kPaths, json.at("path"));
  if (json.contains("client_storage")) choice.client_storage = json.at("client_storage").get<bool>();
  choice.ns = figure_of(json.at("ns"));
  choice.default_ns = figure_of(json.at("default_ns"));
  return choice;
}

Json to_json(const AccessProfile& access) {
  Json json;
  json["mappings"] = Json::array();
  for (const bool client : {false, true}) {
    const AccessProfile::Mapping& mapping = access.mappings[client ? 1 : 0];
    Json entry = {{"client_storage", client}, {"placement", name_of(kPlacements, mapping.placement)}};
    entry.update(to_json(mapping.costs));
    json["mappings"].push_back(std::move(entry));
  }
  json["steps"] = Json::array();
  for (const PlanStep& step : access.steps) {
    Json entry = Json::object();
    put_limit(entry, step.up_to_bytes);
    entry["once"] = to_json(step.once);
    entry["many"] = to_json(step.many);
    json["steps"].push_back(std::move(entry));
  }
  return json;
}

AccessProfile access_of(const Json& json) {
  AccessProfile access;
  for (const Json& entry : json.at("mappings")) {
    AccessProfile::Mapping& mapping = access.mappings[entry.at("client_storage").get<bool>() ? 1 : 0];
    mapping.placement = value_of<Placement>(kPlacements, entry.at("placement"));
    mapping.costs = costs_of(entry);
  }
  for (const Json& entry : json.at("steps")) {
    access.steps.push_back({.up_to_bytes = limit_of(entry),
                            .once = choice_of(entry.at("once")),
                            .many = choice_of(entry.at("many"))});
  }
  return access;
}

Json to_json(const TransferDirection& way) {
  Json json = {{"ring_bytes", way.ring_bytes},
               {"streaming_from_bytes", way.streaming_from_bytes},
               {"slow_reads", way.slow_reads},
               {"steps", Json::array()}};
  if (way.model) json["model"] = name_of(kModels, *way.model);
  for (const TransferStep& step : way.steps) {
    Json entry = Json::object();
    put_limit(entry, step.up_to_bytes);
    entry["path"] = name_of(kPaths, step.path);
    entry["chunk_bytes"] = step.chunk_bytes;
    entry["threads"] = step.threads;
    json["steps"].push_back(std::move(entry));
  }
  return json;
}

TransferDirection direction_of(const Json& json) {
  TransferDirection way;
  way.ring_bytes = count_of(json.at("ring_bytes"));
  way.streaming_from_bytes = count_of(json.at("streaming_from_bytes"));
  way.slow_reads = json.at("slow_reads").get<bool>();
  if (json.contains("model")) way.model = value_of<Model>(kModels, json.at("model"));
  way.steps.clear();
  for (const Json& entry : json.at("steps")) {
    way.steps.push_back({.up_to_bytes = limit_of(entry),
                         .path = value_of<Path>(kPaths, entry.at("path")),
                         .chunk_bytes = count_of(entry.at("chunk_bytes")),
                         .threads = small_count_of(entry.at("threads"))});
  }
  return way;
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
  for (const Access access : kAccesses) {
    profile.of(access) = access_of(json.at("accesses").at(name_of(kAccessNames, access)));
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

std::string Profile::to_json() const {
  Json json;
  json["pmb_profile"] = kFormat;
  json["made"] = made;
  json["key"] = {{"vendor", key.vendor}, {"renderer", key.renderer},
                 {"driver", key.driver}, {"gles", key.gles},
                 {"cpu", key.cpu},       {"hardware_threads", key.hardware_threads}};
  json["memory"] = pmb::to_json(memory);
  for (const Access access : kAccesses) {
    json["accesses"][name_of(kAccessNames, access)] = pmb::to_json(of(access));
  }
  if (transfers) {
    json["transfers"] = {{"upload", pmb::to_json(transfers->up)},
                         {"download", pmb::to_json(transfers->down)},
                         {"pending_bytes", transfers->pending_bytes}};
  }
  // A key that somebody made need not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

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
    // Said below: which of a hundred things is wrong with it helps nobody.
  }
  return fail(ErrorId::profile_corrupt, where);
}

}  // namespace pmb
