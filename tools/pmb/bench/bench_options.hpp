// SPDX-License-Identifier: MIT
// The options of `pmb bench`.
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
  std::uint32_t repeat = 0;          ///< 0: until the time is over.
  bool quick = false;
  bool list = false;
  bool quiet = false;
  std::string json;
  std::string html;
  GpuOptions gpu;
};

/// `options` must live as long as `app` parses.
void add_bench_options(CLI::App& app, BenchOptions& options);

/// The given sizes, checked, or the default ones. Failures: kUsage.
Outcome<std::vector<std::uint64_t>> sizes_of(const BenchOptions& options);

/// The chosen scenarios, in the order of the table. Failures: kUsage.
Outcome<std::vector<const Scenario*>> scenarios_of(const BenchOptions& options);

/// Drops the methods that the options do not name; limits and references stay. Failures: kUsage if none is left.
Outcome<void> keep_methods(const BenchOptions& options, std::vector<Case>& cases);

/// The time for the whole run.
double seconds_of(const BenchOptions& options) noexcept;

}  // namespace pmb::tool::bench
