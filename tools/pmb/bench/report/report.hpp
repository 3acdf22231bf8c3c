// SPDX-License-Identifier: MIT
// The reports of a run: a table, JSON in Google Benchmark's outer shape, and one page with plots.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/measure.hpp"

namespace pmb::tool::bench {

/// Where and how a run was made.
struct RunContext {
  std::string date;  ///< UTC, ISO 8601.
  std::string command;
  std::string cpu;
  unsigned cores = 0;
  std::uint64_t memory_bytes = 0;
  std::string kernel;  ///< Of the operating system.
  std::string vendor;  ///< Of the GL driver, as its renderer and version.
  std::string renderer;
  std::string version;
  bool software = false;
  std::vector<std::string> plans;  ///< pmb's plan for each access, described.
  std::string limit;               ///< The engine of the limit.
  std::string limit_reason;        ///< The reason if it is not CUDA.
  bool interrupted = false;
};

/// Of this machine and this context.
RunContext describe_run(BenchContext& bench);

/// "4 KiB", "8294400 B".
std::string size_text(std::uint64_t bytes);
/// "12.3 us".
std::string time_text(double nanoseconds);

/// The rows of one case, with a heading.
std::string case_text(const CaseResult& result);
/// The plan against the best traditional method, over all cases.
std::string summary_text(const std::vector<CaseResult>& results);

nlohmann::json to_json(const RunContext& context, const std::vector<CaseResult>& results);

/// The colour and marker of each method of a run, by name. No two methods have the same colour.
nlohmann::json method_looks(const nlohmann::json& run);

/// The whole page. `run` comes from to_json.
std::string to_html(const nlohmann::json& run);

}  // namespace pmb::tool::bench
