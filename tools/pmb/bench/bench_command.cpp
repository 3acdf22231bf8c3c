// SPDX-License-Identifier: MIT
// `pmb bench`: checks the options, measures case by case, and reports the results.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>

#include "bench/bench_options.hpp"
#include "bench/limits/limit.hpp"
#include "bench/measure.hpp"
#include "bench/report/report.hpp"
#include "bench/scenarios/scenario.hpp"
#include "common/command.hpp"
#include "common/output_file.hpp"
#include "common/progress_bar.hpp"
#include "common/stop_signal.hpp"

namespace pmb::tool {
namespace {

using namespace bench;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_scenarios() {
  for (const Scenario& scenario : all_scenarios()) {
    fmt::print("{:<24} {}{}\n", scenario.name, scenario.what, scenario.sized ? " (every size)" : "");
  }
}

/// Unbuffered, so that a pipe shows case by case. Errors stay with the stream.
void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

Outcome<void> write_file(const std::string& name, const std::string& text) {
  std::ofstream stream(name, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return fail(kOutput, "the results could not be written to {}", name);
  return {};
}

std::unique_ptr<Limit> open_limit(BenchContext& bench, RunContext& context) {
  std::unique_ptr<Limit> limit;
  if (bench.planned().driver().kind == "nvidia") {
    limit = open_cuda_limit(bench.headless().gpu().cuda_device.value_or(0), context.limit_reason);
  } else {
    context.limit_reason = "no NVIDIA GPU";
  }
  if (!limit) limit = open_memory_limit();
  context.limit = limit->name();
  return limit;
}

Outcome<void> write_results(const BenchOptions& options, const RunContext& context,
                            const std::vector<CaseResult>& results) {
  const nlohmann::json run = to_json(context, results);
  constexpr int kIndent = 1;
  // Driver names may not be UTF-8.
  const std::string text = run.dump(kIndent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (options.json == "-") {
    print(text);
  } else if (!options.json.empty()) {
    if (auto written = write_file(options.json, text); !written) return written;
  }
  if (!options.html.empty()) {
    if (auto written = write_file(options.html, to_html(run)); !written) return written;
  }
  if (std::ferror(stdout) != 0) return fail(kOutput, "the results could not be written to stdout");
  return {};
}

Outcome<int> run_bench(const BenchOptions& options) {
  auto sizes = sizes_of(options);
  if (!sizes) return pass_on(sizes);
  auto scenarios = scenarios_of(options);
  if (!scenarios) return pass_on(scenarios);
  for (const std::string& file : {options.json, options.html}) {
    if (auto writable = require_writable(file); !writable) return pass_on(writable);
  }
  StopSignal stop;
  const SignalGuard signals(stop);
  auto bench = BenchContext::open(options.gpu);
  if (!bench) return pass_on(bench);
  RunContext context = describe_run(**bench);
  const std::unique_ptr<Limit> limit = open_limit(**bench, context);

  std::vector<Case> cases;
  const CaseSetup setup{.bench = **bench, .limit = *limit, .sizes = *sizes, .quick = options.quick};
  for (const Scenario* scenario : *scenarios) scenario->add_cases(setup, cases);
  if (auto kept = keep_methods(options, cases); !kept) return pass_on(kept);

  const bool table = options.json != "-";
  const ProgressBar progress(!options.quiet);
  const auto start = Clock::now();
  std::vector<CaseResult> results;
  for (std::size_t i = 0; i < cases.size() && !stop.requested(); ++i) {
    progress.show(static_cast<double>(i) / static_cast<double>(cases.size()),
                  fmt::format("{}/{}  {}", i, cases.size(), name_of(cases[i])));
    MeasureRules rules{.stopped = [&] { return stop.requested(); }};
    rules.seconds =
        std::max(0.0, seconds_of(options) - seconds_since(start)) / static_cast<double>(cases.size() - i);
    if (options.repeat > 0) {
      rules.most_turns = options.repeat;
      rules.seconds = std::numeric_limits<double>::infinity();
    }
    results.push_back(measure(**bench, std::exchange(cases[i], {}), rules));
    progress.clear();
    if (table) print(case_text(results.back()));
  }
  if (table) print(summary_text(results));
  context.interrupted = signals.interrupted();
  if (auto written = write_results(options, context, results); !written) return pass_on(written);
  if (context.interrupted) return fail(kInterrupted, "interrupted; the figures so far were reported");
  return exit_code_of(results);
}

int bench_main(const BenchOptions& options) {
  if (options.list) {
    print_scenarios();
    return kSuccess;
  }
  const auto code = run_bench(options);
  if (code) return *code;
  if (!code.error().details.empty()) fmt::print(stderr, "{}\n", code.error().details);
  fmt::print(stderr, "pmb bench: {}\n", code.error().message);
  return code.error().code;
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand(
      "bench", "Measures pmb's methods against the traditional ones, with the wire's limit in the same run");
  add_bench_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = bench_main(*options); });
}

}  // namespace pmb::tool
