// SPDX-License-Identifier: MIT
// The options of `pmb bench`, their help, and the scenarios and methods that they select.

#include "bench/bench_options.hpp"

#include "common/size_option.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "bench/shader.hpp"

namespace pmb::tool::bench {
namespace {

constexpr double kFullSeconds = 300;
constexpr double kQuickSeconds = 30;
constexpr std::uint64_t kLeastSize = 64;
constexpr std::uint64_t kMostSize = 1ULL << 28;

bool is_wanted(const BenchOptions& options, const MethodSpec& method) {
  if (options.methods.empty() || method.kind == MethodKind::limit || method.kind == MethodKind::reference)
    return true;
  return std::ranges::any_of(options.methods, [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), method.name.c_str(), 0) == 0;
  });
}

}  // namespace

void add_bench_options(CLI::App& app, BenchOptions& options) {
  app.footer(
      "Every method is verified, byte for byte, before it is measured. Methods take turns. A difference "
      "within\n"
      "their spreads is shown as \"=\" and not ranked. docs/benchmarks.md explains the method and the "
      "columns.\n"
      "  pmb bench --quick\n"
      "  pmb bench --json run.json --html run.html\n"
      "  pmb bench --scenario upload_kept --size 8M --method plan --method buffer_sub_data");
  app.add_option("--scenario", options.scenarios, "Only this scenario, as --list names it; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group("Work");
  app.add_option("--size", options.sizes, "Only this size, where size is a parameter: 4096, 64K, 8M")
      ->transform(size_value())
      ->allow_extra_args(false)
      ->option_text("BYTES")
      ->group("Work");
  app.add_option("--method", options.methods, "Only methods of this name, * and ? allowed; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group("Work");
  app.add_flag("--quick", options.quick, "Fewer and smaller sizes and fewer turns: less than a minute")
      ->group("Work");
  app.add_flag("--list", options.list, "Shows the scenarios")->group("Work");

  app.add_option("--time", options.seconds, "Time for the whole run; default 300, with --quick 30")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS")
      ->group("Accuracy");
  app.add_option("--repeat", options.repeat, "Turns for every method, without a time limit")
      ->check(CLI::Range(1, 100000))
      ->option_text("N")
      ->group("Accuracy");
  add_gpu_options(app, options.gpu);
  add_profile_option(app, options.gpu);

  app.add_option("--json", options.json, "Writes the results as JSON; - is stdout, instead of the table")
      ->type_name("FILE")
      ->group("Results");
  app.add_option("--html", options.html, "Writes one page with plots; it needs no network")
      ->type_name("FILE")
      ->group("Results");
  app.add_flag("-q,--quiet", options.quiet, "No progress")->group("Results");
}

double seconds_of(const BenchOptions& options) noexcept {
  if (options.seconds > 0) return options.seconds;
  return options.quick ? kQuickSeconds : kFullSeconds;
}

Outcome<std::vector<std::uint64_t>> sizes_of(const BenchOptions& options) {
  if (options.quick && options.sizes.empty()) {
    return std::vector<std::uint64_t>{4096, 256 * 1024, 4 * 1024 * 1024};
  }
  std::vector<std::uint64_t> sizes = options.sizes;
  if (sizes.empty()) {
    for (std::uint64_t size = kLeastSize; size <= kMostSize; size *= 4) sizes.push_back(size);
  }
  for (const std::uint64_t size : sizes) {
    if (size >= kLeastSize && size <= 4 * kMostSize && size % kUnitBytes == 0) continue;
    return fail(kUsage, "--size {} is not possible: sizes are multiples of {} from {} to 1G", size,
                kUnitBytes, kLeastSize);
  }
  std::ranges::sort(sizes);
  return sizes;
}

Outcome<std::vector<const Scenario*>> scenarios_of(const BenchOptions& options) {
  std::vector<const Scenario*> chosen;
  std::set<std::string_view> unknown(options.scenarios.begin(), options.scenarios.end());
  for (const Scenario& scenario : all_scenarios()) {
    unknown.erase(scenario.name);
    if (options.scenarios.empty() || std::ranges::count(options.scenarios, scenario.name) > 0) {
      chosen.push_back(&scenario);
    }
  }
  if (unknown.empty()) return chosen;
  return fail(kUsage, "there is no scenario {}; `pmb bench --list` lists them", *unknown.begin());
}

Outcome<void> keep_methods(const BenchOptions& options, std::vector<Case>& cases) {
  bool any = false;
  for (Case& work : cases) {
    std::erase_if(work.methods, [&](const MethodSpec& method) { return !is_wanted(options, method); });
    any = any || std::ranges::any_of(work.methods, [](const MethodSpec& method) {
            return method.kind != MethodKind::limit && method.kind != MethodKind::reference;
          });
  }
  if (any) return {};
  std::string wanted;
  for (const std::string& method : options.methods) wanted += " " + method;
  return fail(kUsage,
              "there is nothing to measure: no scenario has a method named{}, or none runs at these sizes",
              wanted);
}

}  // namespace pmb::tool::bench
