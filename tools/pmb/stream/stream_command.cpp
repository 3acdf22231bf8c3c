// SPDX-License-Identifier: MIT
// `pmb stream`: runs a stream and reports how it ended.

#include <cstdio>
#include <memory>

#include "common/command.hpp"
#include "kernel_choice.hpp"
#include "stream_job.hpp"

namespace pmb::tool {
namespace {

int report(const Failure& failure) {
  if (!failure.details.empty()) fmt::print(stderr, "{}\n", failure.details);
  fmt::print(stderr, "pmb stream: {}\n", failure.message);
  return failure.code;
}

/// Prints the summary and the failure, if there is one.
int finish(const StreamOptions& options, const StreamSummary& summary) {
  const bool has_summary = summary.exit_code == kSuccess || summary.blocks > 0;
  if (has_summary && !options.quiet && options.json != "-") fmt::print(stderr, "{}", summary_text(summary));
  if (summary.exit_code != kSuccess) fmt::print(stderr, "pmb stream: {}\n", summary.error);
  if (options.json.empty()) return summary.exit_code;
  const auto written = write_json(options.json, summary_json(summary));
  return written || summary.exit_code != kSuccess ? summary.exit_code : report(written.error());
}

int stream(const StreamOptions& options) {
  if (options.list) {
    print_list();
    return kSuccess;
  }
  if (!options.print_kernel.empty()) {
    const auto printed = print_kernel(options.print_kernel);
    return printed ? int{kSuccess} : report(printed.error());
  }
  const auto summary = run_stream(options);
  if (summary) return finish(options, *summary);
  const Failure& failure = summary.error();
  if (!failure.details.empty()) fmt::print(stderr, "{}\n", failure.details);
  return finish(options, {.kernel = options.kernel, .exit_code = failure.code, .error = failure.message});
}

}  // namespace

void add_stream_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<StreamOptions>();
  CLI::App* command = app.add_subcommand(
      "stream",
      "Runs a compute shader over a stream: stdin or file -> shared memory -> GPU -> stdout or file");
  add_stream_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = stream(*options); });
}

}  // namespace pmb::tool
