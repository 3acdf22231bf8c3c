// SPDX-License-Identifier: MIT

#include "tune_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace pmb::tool {
namespace {

std::string size_text(std::uint64_t bytes) {
  if (bytes >= (std::uint64_t{1} << 20)) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= 1024) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

std::string time_text(double ns) {
  if (ns >= 1e6) return fmt::format("{:.3g} ms", ns / 1e6);
  if (ns >= 1e3) return fmt::format("{:.3g} µs", ns / 1e3);
  return fmt::format("{:.3g} ns", ns);
}

/// The candidates of one work and size.
struct Comparison {
  const CalibrationCell* by_default = nullptr;
  const CalibrationCell* chosen = nullptr;
  std::size_t candidates = 0;
};

std::string line_of(const Comparison& comparison) {
  const CalibrationCell& chosen = *comparison.chosen;
  std::string line =
      fmt::format("  {:>8}  {:>9}  {}", size_text(chosen.size_bytes), time_text(chosen.ns), chosen.candidate);
  if (chosen.is_default) {
    return line + fmt::format("  (the default; none of {} candidates is faster)", comparison.candidates);
  }
  const CalibrationCell& by_default = *comparison.by_default;
  return line + fmt::format("  ({:.2f}× as fast as the default: {}, {})", by_default.ns / chosen.ns,
                            by_default.candidate, time_text(by_default.ns));
}

void add_comparisons(std::string& text, const std::vector<CalibrationCell>& cells, std::string_view work) {
  const auto is_of_work = [&](const CalibrationCell& cell) { return cell.work == work; };
  if (std::none_of(cells.begin(), cells.end(), is_of_work)) return;
  text += fmt::format("\n{}\n", work);
  Comparison comparison;
  const auto finish = [&] {
    if (comparison.chosen != nullptr && comparison.by_default != nullptr) text += line_of(comparison) + "\n";
    comparison = {};
  };
  std::uint64_t size = 0;
  for (const CalibrationCell& cell : cells) {
    if (cell.work != work) continue;
    if (cell.size_bytes != size) finish();
    size = cell.size_bytes;
    if (cell.is_default) comparison.by_default = &cell;
    if (cell.chosen) comparison.chosen = &cell;
    ++comparison.candidates;
  }
  finish();
}

std::string mapping_text(const MappingProfile& mapping) {
  std::string text = to_string(mapping.placement);
  const MemoryCosts& costs = mapping.costs;
  if (costs.read_ns > 0) text += fmt::format(", load {:.1f} ns", costs.read_ns);
  if (costs.write_ns > 0) text += fmt::format(", store {:.1f} ns", costs.write_ns);
  if (costs.gpu_ns_per_kib > 0) text += fmt::format(", GPU {:.1f} GB/s", 1024 / costs.gpu_ns_per_kib);
  return text;
}

}  // namespace

std::string tune_text(const Calibration& measured) {
  const Profile& profile = measured.profile;
  std::string text = fmt::format("{}, {}\n{}, {} hardware threads\n\nPlacements\n", profile.key.renderer,
                                 profile.key.driver, profile.key.cpu, profile.key.hardware_threads);
  text +=
      fmt::format("  {:<34}{}\n", "memory of the process", mapping_text({Placement::cached, profile.memory}));
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const bool client : {false, true}) {
      text += fmt::format("  {:<34}{}\n",
                          fmt::format("{}{}", to_string(access), client ? ", CLIENT_STORAGE" : ""),
                          mapping_text(profile.mapping(access, client)));
    }
  }
  for (const char* work : {"upload", "download"}) add_comparisons(text, measured.cells, work);
  if (profile.transfers) text += "\n" + profile.transfers->describe() + "\n";
  if (!measured.complete)
    text += "\nThe time ended before all sizes were measured; the others keep their defaults.\n";
  return text;
}

nlohmann::ordered_json tune_json(const Calibration& measured, const std::string& file, double seconds) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["profile"] = Json::parse(measured.profile.to_json());
  json["file"] = file.empty() ? Json() : Json(file);
  json["complete"] = measured.complete;
  json["wrong"] = measured.wrong;
  json["seconds"] = seconds;
  json["cells"] = Json::array();
  for (const CalibrationCell& cell : measured.cells) {
    json["cells"].push_back({{"work", cell.work},
                             {"way", cell.candidate},
                             {"size_bytes", cell.size_bytes},
                             {"ns", cell.ns},
                             {"spread_ns", cell.spread_ns},
                             {"runs", cell.runs},
                             {"verified", cell.verified},
                             {"default", cell.is_default},
                             {"chosen", cell.chosen}});
  }
  return json;
}

}  // namespace pmb::tool
