// SPDX-License-Identifier: MIT
// JSON, with a description of machine and driver.

#include <fmt/chrono.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <pmb/tune/transfer_plan.hpp>
#include <thread>

#include "bench/report/report.hpp"

namespace pmb::tool::bench {
namespace {

using nlohmann::json;

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!line.empty() && line.back() == '\0') line.pop_back();
  for (char& c : line) {
    if (c == '\0') c = ' ';
  }
  return line;
}

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

json entry_of(const CaseResult& result, const Measurement& method) {
  const std::string place = result.variant.empty() ? std::to_string(result.size_bytes) : result.variant;
  const std::string name = fmt::format("{}/{}/{}", result.scenario, place, method.method);
  json entry = {{"name", name},
                {"run_name", name},
                {"run_type", "iteration"},
                {"scenario", result.scenario},
                {"variant", result.variant},
                {"way", method.method},
                {"kind", to_string(method.kind)},
                {"size_bytes", result.size_bytes},
                {"operations", result.operations},
                {"verified", method.verified}};
  if (method.failure) {
    entry["error_occurred"] = true;
    entry["error_message"] = method.failure->message;
    return entry;
  }
  entry.update({{"repetitions", method.wall.samples},
                {"iterations", method.wall.samples},
                {"real_time", method.wall.median},
                {"time_unit", "ns"},
                {"spread", method.wall.spread()},
                {"first_quartile", method.wall.first_quartile},
                {"third_quartile", method.wall.third_quartile},
                {"least", method.wall.least},
                {"cpu_time", method.cpu_ns},
                {"gpu_time", or_null(method.gpu_ns)},
                {"gb_per_s", method.gb_per_s},
                {"of_limit", or_null(method.of_limit)},
                {"vs_traditional", or_null(method.vs_traditional)},
                {"ranked", method.ranked},
                {"fences", method.fences},
                {"cpu_bytes_copied", method.cpu_bytes_copied},
                {"peak_rss_bytes", method.peak_rss_bytes},
                {"device_mapped_bytes", method.device_mapped_bytes},
                {"gpu_memory_bytes", or_null(method.gpu_memory_bytes)}});
  return entry;
}

}  // namespace

RunContext describe_run(BenchContext& bench) {
  utsname system = {};
  uname(&system);
  RunContext context{
      .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
      .command = command_line(),
      .cpu = cpu_name(),
      .cores = std::thread::hardware_concurrency(),
      .memory_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
      .kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine),
      .vendor = bench.planned().driver().vendor,
      .renderer = bench.planned().driver().renderer,
      .version = bench.planned().driver().version,
      .software = bench.planned().driver().software,
      .plans = {},
      .limit = {},
      .limit_reason = {},
  };
  constexpr std::uint64_t kPlanBytes = 8 << 20;
  for (const pmb::Access access :
       {pmb::Access::sequential_write, pmb::Access::read, pmb::Access::bidirectional}) {
    const auto plan = bench.planned().plan(access, kPlanBytes);
    if (plan) context.plans.push_back(plan->describe());
  }
  context.plans.push_back(bench.planned().transfer_plan().describe());
  return context;
}

json to_json(const RunContext& context, const std::vector<CaseResult>& results) {
  json run;
  run["context"] = {{"date", context.date},
                    {"executable", "pmb bench"},
                    {"command", context.command},
                    {"num_cpus", context.cores},
                    {"machine",
                     {{"cpu", context.cpu},
                      {"cores", context.cores},
                      {"memory_bytes", context.memory_bytes},
                      {"kernel", context.kernel}}},
                    {"driver", {{"vendor", context.vendor}, {"renderer", context.renderer}}},
                    {"gl_version", context.version},
                    {"software_renderer", context.software},
                    {"plan", context.plans},
                    {"limit", {{"name", context.limit}, {"reason", context.limit_reason}}},
                    {"spread", "interquartile range"},
                    {"interrupted", context.interrupted}};
  json entries = json::array();
  json limits = json::object();
  for (const CaseResult& result : results) {
    for (const Measurement& method : result.methods) entries.push_back(entry_of(result, method));
    if (!result.limit_note.empty()) limits[result.scenario] = result.limit_note;
  }
  run["context"]["limit"]["by_scenario"] = std::move(limits);
  run["benchmarks"] = std::move(entries);
  return run;
}

}  // namespace pmb::tool::bench
