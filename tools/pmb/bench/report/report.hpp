// SPDX-License-Identifier: MIT
// What is told of a run: a table for people, JSON in the outer shape of Google Benchmark's, one page with plots.
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
  std::string limit;               ///< Who moves the bytes of the limit.
  std::string limit_reason;        ///< Why it is not CUDA, where it is not.
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
/// How the plan does against the best traditional method in all cells.
std::string summary_text(const std::vector<CaseResult>& results);

nlohmann::json to_json(const RunContext& context, const std::vector<CaseResult>& results);

/// The whole page. `run` is what to_json answers.
std::string to_html(const nlohmann::json& run);

}  // namespace pmb::tool::bench
