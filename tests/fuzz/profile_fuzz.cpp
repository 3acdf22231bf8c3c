// SPDX-License-Identifier: MIT
// Profile files: text that is accepted is written again as text that is accepted and says the same.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>

#include "fuzz_input.hpp"

namespace {

using nlohmann::json;

/// All that `written` says. `read` may say more.
bool says(const json& read, const json& written) {
  if (written.is_object()) {
    const auto items = written.items();
    return std::all_of(items.begin(), items.end(), [&](const auto& item) {
      return read.is_object() && read.contains(item.key()) && says(read.at(item.key()), item.value());
    });
  }
  if (!written.is_array()) return read == written;
  return read.is_array() && std::equal(read.begin(), read.end(), written.begin(), written.end(), says);
}

bool are_costs(const pmb::MemoryCosts& costs) {
  const double all[] = {costs.read_ns, costs.write_ns, costs.gpu_ns_per_kib};
  return std::ranges::all_of(all, [](double cost) { return std::isfinite(cost) && cost >= 0; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto profile = pmb::Profile::from_json(fuzz::text_of(data, size));
  if (!profile) {
    const pmb::ErrorId id = profile.error().id;
    fuzz::require(id == pmb::ErrorId::profile_corrupt || id == pmb::ErrorId::profile_version,
                  "a refusal says that the file is corrupt or of another version");
    fuzz::require(!profile.error().message().empty(), "a refusal has a sentence");
    return 0;
  }
  const std::string text = profile->to_json();
  const auto again = pmb::Profile::from_json(text);
  fuzz::require(again.has_value(), "what was written can be read");
  fuzz::require(again->key == profile->key, "the key stays");
  fuzz::require(again->to_json() == text, "nothing is lost between writing and reading");
  const json read = json::parse(fuzz::text_of(data, size));
  json written = json::parse(text);
  // The file may name some of them, in any order.
  const json mappings = written.at("mappings");
  written.erase("mappings");
  fuzz::require(says(read, written), "no value changes when it is read");
  for (const json& one : read.at("mappings")) {
    const bool is_known = std::ranges::any_of(mappings, [&](const json& mapping) {
      return mapping.at("access") == one.at("access") &&
             mapping.at("client_storage") == one.at("client_storage");
    });
    fuzz::require(is_known, "every mapping of the file is one of pmb");
  }
  fuzz::require(!profile->transfers || profile->transfers->usable(), "accepted transfer plans work");
  fuzz::require(are_costs(profile->memory), "costs are numbers from 0");
  for (const auto& kinds : profile->mappings) {
    for (const pmb::MappingProfile& kind : kinds)
      fuzz::require(are_costs(kind.costs), "costs of mappings are numbers from 0");
  }
  return 0;
}
