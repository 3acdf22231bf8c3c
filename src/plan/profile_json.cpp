// SPDX-License-Identifier: MIT
// Profiles as JSON: fields() names the fields of each type once, for reading and for writing. Anything unexpected makes
// the whole profile corrupt.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>
#include <stdexcept>
#include <type_traits>

#include "base/fail.hpp"

namespace pmb {
namespace {

using Json = nlohmann::ordered_json;

// In the order of the values.
template <class Enum>
constexpr int kNames = 0;
template <>
constexpr const char* kNames<Access>[] = {"sequential_write", "read", "bidirectional"};
template <>
constexpr const char* kNames<Model>[] = {"coherent", "explicit_flush"};
template <>
constexpr const char* kNames<Path>[] = {"direct", "staged", "traditional", "orphaned"};
template <>
constexpr const char* kNames<Placement>[] = {"unknown", "cached", "write_combined", "gpu_memory", "plain"};

/// json::get would convert numbers that do not fit. It checks the other types itself.
template <class T>
bool fits(const Json& json) {
  if constexpr (std::is_same_v<T, double>) {
    return json.is_number() && std::isfinite(json.get<double>()) && json.get<double>() >= 0;
  } else if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>) {
    return json.is_number_unsigned() && json.get<std::uint64_t>() <= std::numeric_limits<T>::max();
  }
  return true;
}

/// An object of the file: reads its fields by name, or writes them.
class Object {
 public:
  Object(Json& json, bool writes) : json_(json), writes_(writes) {}

  template <class T>
  void operator()(const char* name, T& value) const {
    visit(writes_ ? json_[name] : json_.at(name), value);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) const {
    if (!writes_ && json_.contains(name)) value.emplace();
    if (value) (*this)(name, *value);
  }

 private:
  template <class T>
  void visit(Json& json, T& value) const {
    if constexpr (std::is_enum_v<T>) {
      if (writes_) {
        json = kNames<T>[static_cast<std::size_t>(value)];
        return;
      }
      const auto found = std::ranges::find(kNames<T>, json.get_ref<const std::string&>());
      if (found == std::end(kNames<T>)) throw std::invalid_argument("no such name");
      value = static_cast<T>(found - std::begin(kNames<T>));
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
      if (writes_) {
        json = value;
        return;
      }
      if (!fits<T>(json)) throw std::out_of_range("no such number");
      value = json.get<T>();
    } else {
      fields(Object(json, writes_), value);
    }
  }
  template <class T>
  void visit(Json& json, std::vector<T>& values) const {
    if (writes_) json = Json(values.size(), nullptr);
    values.resize(json.size());
    for (std::size_t i = 0; i < values.size(); ++i) visit(json.at(i), values[i]);
  }

  Json& json_;
  bool writes_;
};

void fields(const Object& file, MemoryCosts& costs) {
  file("read_ns", costs.read_ns);
  file("write_ns", costs.write_ns);
  file("gpu_ns_per_kib", costs.gpu_ns_per_kib);
}

void fields(const Object& file, ProfileKey& key) {
  file("vendor", key.vendor);
  file("renderer", key.renderer);
  file("driver", key.driver);
  file("gles", key.gles);
  file("cpu", key.cpu);
  file("hardware_threads", key.hardware_threads);
}

void fields(const Object& file, TransferStep& step) {
  // The last step has no limit.
  std::optional<std::uint64_t> limit;
  if (step.up_to_bytes != UINT64_MAX) limit = step.up_to_bytes;
  file("up_to_bytes", limit);
  step.up_to_bytes = limit.value_or(UINT64_MAX);
  file("path", step.path);
  file("chunk_bytes", step.chunk_bytes);
  file("threads", step.threads);
}

void fields(const Object& file, TransferDirection& direction) {
  file("ring_bytes", direction.ring_bytes);
  file("streaming_from_bytes", direction.streaming_from_bytes);
  file("slow_reads", direction.slow_reads);
  file("steps", direction.steps);
  file("model", direction.model);
}

void fields(const Object& file, TransferPlan& plan) {
  file("upload", plan.up);
  file("download", plan.down);
  file("pending_bytes", plan.pending_bytes);
  plan.reason = "transfers: measured on this driver";
}

struct Mapping {
  Access access = {};
  bool client_storage = false;
  MappingProfile found;
};

void fields(const Object& file, Mapping& mapping) {
  file("access", mapping.access);
  file("client_storage", mapping.client_storage);
  file("placement", mapping.found.placement);
  fields(file, mapping.found.costs);
}

void fields(const Object& file, Profile& profile) {
  file("made", profile.made);
  file("key", profile.key);
  file("memory", profile.memory);
  std::vector<Mapping> mappings;
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const bool client : {false, true})
      mappings.push_back({access, client, profile.mapping(access, client)});
  }
  file("mappings", mappings);
  for (const Mapping& mapping : mappings)
    profile.mapping(mapping.access, mapping.client_storage) = mapping.found;
  file("transfers", profile.transfers);
}

}  // namespace

std::string Profile::to_json() const {
  Json json;
  const Object file(json, true);
  std::uint32_t format = kFormat;
  file("pmb_profile", format);
  Profile copy = *this;
  fields(file, copy);
  // A hand-made key may not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<Profile> Profile::from_json(std::string_view text, std::source_location where) {
  try {
    Json json = Json::parse(text);
    const Object file(json, false);
    std::uint64_t format = 0;
    file("pmb_profile", format);
    if (format != kFormat) return fail(ErrorId::profile_version, where, {.numbers = {format, kFormat}});
    Profile profile;
    fields(file, profile);
    if (!profile.transfers || profile.transfers->usable()) return profile;
  } catch (const std::bad_alloc&) {
    return fail(ErrorId::out_of_host_memory, where);
  } catch (const std::exception&) {
    // Corrupt, as below.
  }
  return fail(ErrorId::profile_corrupt, where);
}

}  // namespace pmb
