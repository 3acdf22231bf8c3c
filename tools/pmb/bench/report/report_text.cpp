// SPDX-License-Identifier: MIT
// The table.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/report/report.hpp"

namespace pmb::tool::bench {
namespace {

constexpr double kKibi = 1024;

std::string optional_time(std::optional<double> nanoseconds) {
  return nanoseconds ? time_text(*nanoseconds) : "-";
}

std::string ratio_text(const Measurement& method, const Measurement* best) {
  if (!method.vs_traditional) return "";
  if (&method == best) return "best";
  if (!method.ranked) return "=";
  return fmt::format("{:.2f}x", *method.vs_traditional);
}

std::string row_text(const Measurement& method, const Measurement* best, bool with_rate) {
  if (method.failure) return fmt::format("  {:<36} {}\n", method.method, method.failure->message);
  if (method.wall.samples == 0) return fmt::format("  {:<36} not measured\n", method.method);
  const double spread = method.wall.median > 0 ? 100 * method.wall.spread() / method.wall.median : 0;
  return fmt::format(
      "  {:<36} {:>9} {:>5.0f}% {:>9} {:>9} {:>7} {:>6} {:>7} {:>7.3g} {:>9} {:>9}\n", method.method,
      time_text(method.wall.median), spread, time_text(method.cpu_ns), optional_time(method.gpu_ns),
      with_rate ? fmt::format("{:.2f}", method.gb_per_s) : "-",
      method.of_limit ? fmt::format("{:.0f}%", 100 * *method.of_limit) : "-", ratio_text(method, best),
      method.fences, size_text(static_cast<std::uint64_t>(std::llround(method.cpu_bytes_copied))),
      size_text(method.peak_rss_bytes + method.device_mapped_bytes + method.gpu_memory_bytes.value_or(0)));
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= kKibi && unit + 1 < kUnits.size()) {
    value /= kKibi;
    ++unit;
  }
  if (value == std::floor(value)) return fmt::format("{:.0f} {}", value, kUnits[unit]);
  return fmt::format("{:.3g} {}", value, kUnits[unit]);
}

std::string time_text(double nanoseconds) {
  constexpr double kStep = 1000;
  constexpr std::array<const char*, 4> kUnits = {"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  // 999.6 would print as 1e+03.
  while (nanoseconds >= kStep - 0.5 && unit + 1 < kUnits.size()) {
    nanoseconds /= kStep;
    ++unit;
  }
  return fmt::format("{:.3g} {}", nanoseconds, kUnits[unit]);
}

std::string case_text(const CaseResult& result) {
  std::string text =
      fmt::format("\n{}{}, {} each{}\n", result.scenario, result.variant.empty() ? "" : " " + result.variant,
                  size_text(result.size_bytes),
                  result.operations > 1 ? fmt::format(", {} in a run", result.operations) : "");
  if (!result.limit_note.empty()) text += fmt::format("  limit: {}\n", result.limit_note);
  text +=
      fmt::format("  {:<36} {:>9} {:>6} {:>9} {:>9} {:>7} {:>6} {:>7} {:>7} {:>9} {:>9}\n", "method", "time",
                  "spread", "CPU", "GPU", "GB/s", "limit", "vs best", "fences", "copied", "memory");
  const Measurement* const best = best_traditional(result);
  for (const Measurement& method : result.methods) text += row_text(method, best, true);
  return text;
}

std::string summary_text(const std::vector<CaseResult>& results) {
  std::size_t faster = 0;
  std::size_t equal = 0;
  std::string slower;
  std::size_t failed = 0;
  for (const CaseResult& result : results) {
    for (const Measurement& method : result.methods) failed += method.failure ? 1 : 0;
    const Measurement* const plan = find_kind(result, MethodKind::plan);
    if (plan == nullptr || !plan->vs_traditional) continue;
    if (!plan->ranked) {
      ++equal;
    } else if (*plan->vs_traditional > 1) {
      ++faster;
    } else {
      slower += fmt::format("  {} {}: {:.2f}x of {}\n", result.scenario,
                            result.variant.empty() ? size_text(result.size_bytes) : result.variant,
                            *plan->vs_traditional, best_traditional(result)->method);
    }
  }
  const std::size_t slower_count = static_cast<std::size_t>(std::ranges::count(slower, '\n'));
  std::string text = fmt::format(
      "\nplan against the best traditional method: faster in {}, equal within the spread in {}, slower in "
      "{}\n",
      faster, equal, slower_count);
  text += slower;
  if (failed > 0) text += fmt::format("{} methods have no figures; the table names the reasons\n", failed);
  return text;
}

}  // namespace pmb::tool::bench
