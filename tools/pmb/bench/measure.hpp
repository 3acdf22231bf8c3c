// SPDX-License-Identifier: MIT
// Measures the methods of a case: each is made, run, verified, and then all take turns, so that whatever drifts on
// the machine drifts for all of them.
//
// Units:   nanoseconds, bytes; times, fences and copies are those of one operation.
// Threads: the GL context's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/bench_context.hpp"
#include "bench/methods/method.hpp"
#include "bench/statistics.hpp"

namespace pmb::tool::bench {

struct Measurement {
  std::string method;
  MethodKind kind = MethodKind::traditional;
  std::optional<Failure> failure;  ///< Why there are no figures.
  Statistics wall;                 ///< One sample is the mean of a burst of runs.
  double cpu_ns = 0;               ///< Median; of all threads of the process.
  std::optional<double> gpu_ns;    ///< From first to last command on the GPU's clock.
  double fences = 0;
  double cpu_bytes_copied = 0;
  std::uint64_t peak_rss_bytes = 0;       ///< Process memory that making and running it added, at its peak.
  std::uint64_t device_mapped_bytes = 0;  ///< Added mappings of GPU memory or of a GPU's driver.
  std::optional<std::uint64_t> gpu_memory_bytes;  ///< Added, where the driver tells.
  bool verified = false;
  double gb_per_s = 0;
  std::optional<double> of_limit;        ///< Time of the limit / time of this.
  std::optional<double> vs_traditional;  ///< Time of the best traditional method / time of this.
  bool ranked = false;                   ///< That difference is larger than the spreads.
};

struct CaseResult {
  std::string scenario;
  std::string variant;
  std::uint64_t size_bytes = 0;
  std::uint32_t operations = 1;
  std::string limit_note;
  bool timed = true;  ///< Times are compared with each other; else only memory is the point.
  std::vector<Measurement> methods;
};

struct MeasureRules {
  double seconds = 1;  ///< For one case with everything, unless the turns below take longer.
  std::uint32_t least_turns = 5;
  std::uint32_t most_turns = 200;
  double burst_seconds = 0.001;  ///< Runs of one method in a row take about this long, at least one.
  std::function<bool()> stopped = [] { return false; };  ///< Asked often; what is measured so far counts.
};

/// Frees everything that the case needed.
CaseResult measure(BenchContext& bench, Case work, const MeasureRules& rules);

/// Fills in what compares methods with each other.
void compare_methods(CaseResult& result, std::uint64_t moved_bytes);

const Measurement* find_kind(const CaseResult& result, MethodKind kind) noexcept;
/// The fastest of the traditional methods that has figures.
const Measurement* best_traditional(const CaseResult& result) noexcept;

/// kMismatch where any method had wrong bytes, else kGpu where any failed otherwise, else kSuccess.
ExitCode exit_code_of(const std::vector<CaseResult>& results) noexcept;

}  // namespace pmb::tool::bench
