// SPDX-License-Identifier: MIT
// Measures the methods of a case: makes, runs and verifies each; then all take turns (pmb/tune/measure.hpp).
//
// Units:   nanoseconds, bytes; times, fences and copies are those of one operation.
// Threads: the GL context's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <pmb/tune/measure.hpp>
#include <string>
#include <vector>

#include "bench/bench_context.hpp"
#include "bench/methods/method.hpp"

namespace pmb::tool::bench {

using tune::differ;
using tune::kLeastSamples;
using tune::Statistics;
using tune::summarize;

struct Measurement {
  std::string method;
  MethodKind kind = MethodKind::traditional;
  std::optional<Failure> failure;  ///< Why there are no figures.
  Statistics wall;                 ///< One sample is the mean of a burst of runs.
  double cpu_ns = 0;               ///< Median, of all threads of the process.
  std::optional<double> gpu_ns;    ///< From the first to the last command, by the GPU's clock.
  double fences = 0;
  double cpu_bytes_copied = 0;
  std::uint64_t peak_rss_bytes = 0;       ///< Peak of the process memory that making and running it added.
  std::uint64_t device_mapped_bytes = 0;  ///< Mappings of a GPU's memory or driver that it added.
  std::optional<std::uint64_t> gpu_memory_bytes;  ///< VRAM that it added, if the driver reports that.
  bool verified = false;
  double gb_per_s = 0;
  std::optional<double> of_limit;        ///< Time of the limit / time of this.
  std::optional<double> vs_traditional;  ///< Time of the best traditional method / time of this.
  bool ranked = false;                   ///< The difference to that method is beyond the spreads.
};

struct CaseResult {
  std::string scenario;
  std::string variant;
  std::uint64_t size_bytes = 0;
  std::uint32_t operations = 1;
  std::string limit_note;
  bool timed = true;  ///< False: only memory is compared.
  std::vector<Measurement> methods;
};

struct MeasureRules {
  double seconds = 1;  ///< For one case, unless least_turns take longer.
  std::uint32_t least_turns = 5;
  std::uint32_t most_turns = 200;
  double burst_seconds = 0.001;                          ///< A burst of runs takes about this long.
  std::function<bool()> stopped = [] { return false; };  ///< Polled often; the figures so far count.
};

/// Frees all memory of the case on return.
CaseResult measure(BenchContext& bench, Case work, const MeasureRules& rules);

/// Fills in the members that compare methods.
void compare_methods(CaseResult& result, std::uint64_t moved_bytes);

const Measurement* find_kind(const CaseResult& result, MethodKind kind) noexcept;
/// The fastest of the traditional methods that has figures.
const Measurement* best_traditional(const CaseResult& result) noexcept;

/// kMismatch if any method moved wrong bytes, else kGpu if any failed, else kSuccess.
ExitCode exit_code_of(const std::vector<CaseResult>& results) noexcept;

}  // namespace pmb::tool::bench
