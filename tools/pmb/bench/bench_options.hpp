// SPDX-License-Identifier: MIT
// What a user can ask of `pmb bench`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/scenario.hpp"
#include "common/failure.hpp"
#include "common/gpu_options.hpp"

namespace pmb::tool::bench {

struct BenchOptions {
  std::vector<std::string> scenarios;
  std::vector<std::uint64_t> sizes;
  std::vector<std::string> methods;  ///< Names with * and ?.
  double seconds = 0;                ///< 0: the default of --quick or of a full run.
  std::uint32_t repeat = 0;          ///< 0: as often as the time allows.
  bool quick = false;
  bool list = false;
  bool quiet = false;
  std::string json;
  std::string html;
  GpuOptions gpu;
};

/// `options` must live as long as `app` parses.
void add_bench_options(CLI::App& app, BenchOptions& options);

/// The sizes to run: those given, checked, or the default ones. Failures: kUsage.
Outcome<std::vector<std::uint64_t>> sizes_of(const BenchOptions& options);

/// The scenarios to run, in the order of the table. Failures: kUsage, naming those that there are.
Outcome<std::vector<const Scenario*>> scenarios_of(const BenchOptions& options);

/// Drops the methods that the options do not name; limits and references stay. Failures: kUsage where no case
/// keeps any.
Outcome<void> keep_methods(const BenchOptions& options, std::vector<Case>& cases);

/// Time for everything together.
double seconds_of(const BenchOptions& options) noexcept;

}  // namespace pmb::tool::bench
