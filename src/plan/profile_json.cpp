// SPDX-License-Identifier: MIT
// Profiles as JSON: fields() names the fields of each type once, for reading and for writing. Anything unexpected makes
// the whole profile corrupt.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>
#include <span>
#include <stdexcept>
#include <type_traits>

#include "base/fail.hpp"

namespace pmb {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::span<const char* const>;

// In the order of the values.
constexpr const char* kAccesses[] = {"sequential_write", "read", "bidirectional"};
constexpr const char* kModels[] = {"coherent", "explicit_flush"};
constexpr const char* kPaths[] = {"direct", "staged", "traditional", "orphaned"};
constexpr const char* kPlacements[] = {"unknown", "cached", "write_combined", "gpu_memory", "plain"};
Names names_of(Access) noexcept {
  return kAccesses;
}
Names names_of(Model) noexcept {
  return kModels;
}
Names names_of(Path) noexcept {
  return kPaths;
}
Names names_of(Placement) noexcept {
  return kPlacements;
}

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  template <class T>
  void operator()(const char* name, T& value) const {
    read(json_.at(name), value);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) const {
    if (json_.contains(name)) read(json_.at(name), value.emplace());
  }

 private:
  static void expect(bool right) {
    if (!right) throw std::invalid_argument("no such value");
  }
  template <class T>
  static void read(const Json& json, T& value) {
    if constexpr (std::is_enum_v<T>) {
      const Names names = names_of(T{});
      const auto found = std::ranges::find(names, json.get_ref<const std::string&>());
      expect(found != names.end());
      value = static_cast<T>(found - names.begin());
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
      value = json.get<T>();
    } else if constexpr (std::is_same_v<T, double>) {
      expect(json.is_number());
      value = json.get<double>();
      expect(std::isfinite(value) && value >= 0);
    } else if constexpr (std::is_unsigned_v<T>) {
      // json::get would convert numbers that do not fit.
      expect(json.is_number_unsigned() && json.get<std::uint64_t>() <= std::numeric_limits<T>::max());
      value = json.get<T>();
    } else {
      fields(Reader(json), value);
    }
  }
  template <class T>
  static void read(const Json& json, std::vector<T>& values) {
    values.clear();
    for (const Json& entry : json) read(entry, values.emplace_back());
  }

  const Json& json_;
};

class Writer {
 public:
  explicit Writer(Json& json) : json_(json) {}

  template <class T>
  void operator()(const char* name, T& value) const {
    write(json_[name], value);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) const {
    if (value) write(json_[name], *value);
  }

 private:
  template <class T>
  static void write(Json& json, T& value) {
    if constexpr (std::is_enum_v<T>) {
      json = names_of(value)[static_cast<std::size_t>(value)];
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
      json = value;
    } else {
      fields(Writer(json), value);
    }
  }
  template <class T>
  static void write(Json& json, std::vector<T>& values) {
    json = Json::array();
    for (T& value : values) write(json.emplace_back(), value);
  }

  Json& json_;
};

void fields(const auto& file, MemoryCosts& costs) {
  file("read_ns", costs.read_ns);
  file("write_ns", costs.write_ns);
  file("gpu_ns_per_kib", costs.gpu_ns_per_kib);
}

void fields(const auto& file, ProfileKey& key) {
  file("vendor", key.vendor);
  file("renderer", key.renderer);
  file("driver", key.driver);
  file("gles", key.gles);
  file("cpu", key.cpu);
  file("hardware_threads", key.hardware_threads);
}

void fields(const auto& file, TransferStep& step) {
  // The last step has no limit.
  std::optional<std::uint64_t> limit;
  if (step.up_to_bytes != UINT64_MAX) limit = step.up_to_bytes;
  file("up_to_bytes", limit);
  step.up_to_bytes = limit.value_or(UINT64_MAX);
  file("path", step.path);
  file("chunk_bytes", step.chunk_bytes);
  file("threads", step.threads);
}

void fields(const auto& file, TransferDirection& direction) {
  file("ring_bytes", direction.ring_bytes);
  file("streaming_from_bytes", direction.streaming_from_bytes);
  file("slow_reads", direction.slow_reads);
  file("steps", direction.steps);
  file("model", direction.model);
}

void fields(const auto& file, TransferPlan& plan) {
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

void fields(const auto& file, Mapping& mapping) {
  file("access", mapping.access);
  file("client_storage", mapping.client_storage);
  file("placement", mapping.found.placement);
  fields(file, mapping.found.costs);
}

void fields(const auto& file, Profile& profile) {
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
  const Writer file(json);
  std::uint32_t format = kFormat;
  file("pmb_profile", format);
  Profile copy = *this;
  fields(file, copy);
  // A hand-made key may not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<Profile> Profile::from_json(std::string_view text, std::source_location where) {
  try {
    const Json json = Json::parse(text);
    const Reader file(json);
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
