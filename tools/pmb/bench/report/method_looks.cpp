// SPDX-License-Identifier: MIT
// The colour and marker of each method, so that it looks the same in every plot of a page.

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <string_view>

#include "bench/report/report.hpp"

namespace pmb::tool::bench {
namespace {

using nlohmann::json;

/// The hues of one kind of method, in degrees.
struct Hues {
  double first = 0;
  double range = 0;
};

Hues hues_of(std::string_view kind) {
  if (kind == to_string(MethodKind::traditional)) return {325, 85};
  if (kind == to_string(MethodKind::forced)) return {75, 105};
  return {245, 60};
}

std::string colour_of(std::string_view kind, std::size_t position) {
  if (kind == to_string(MethodKind::plan)) return "#0072b2";
  if (kind == to_string(MethodKind::limit)) return "#1b1f24";
  // Multiples of the golden ratio spread any number of methods over the hues. The lightness sets close hues apart.
  constexpr double kGoldenRatio = 0.6180339887;
  constexpr std::array<int, 3> kLightness = {38, 48, 28};
  const Hues hues = hues_of(kind);
  double whole = 0;
  const double share = std::modf(static_cast<double>(position) * kGoldenRatio, &whole);
  return fmt::format("hsl({:.1f}, 75%, {}%)", std::fmod(hues.first + hues.range * share, 360),
                     kLightness[position % kLightness.size()]);
}

}  // namespace

json method_looks(const json& run) {
  // Names of Chart.js, each with a character that looks alike.
  constexpr std::array<std::array<const char*, 2>, 7> kMarkers = {{{"circle", "○"},
                                                                   {"rect", "□"},
                                                                   {"triangle", "△"},
                                                                   {"rectRot", "◇"},
                                                                   {"cross", "+"},
                                                                   {"crossRot", "×"},
                                                                   {"star", "✳"}}};
  json looks = json::object();
  std::map<std::string, std::size_t> seen;  // Of each kind.
  for (const json& entry : run.at("benchmarks")) {
    const std::string method = entry.at("way");
    if (looks.contains(method)) continue;
    const std::string kind = entry.at("kind");
    const auto& [marker, character] = kMarkers[looks.size() % kMarkers.size()];
    looks[method] = {{"colour", colour_of(kind, seen[kind]++)}, {"marker", marker}, {"character", character}};
  }
  return looks;
}

}  // namespace pmb::tool::bench
