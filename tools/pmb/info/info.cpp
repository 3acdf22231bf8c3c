// SPDX-License-Identifier: MIT
// `pmb info`: shows this machine's GL and the plans of pmb on it.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/command.hpp"
#include "common/gpu_options.hpp"
#include "info/info_report.hpp"

namespace pmb::tool {
namespace {

struct InfoOptions {
  GpuOptions gpu;
  bool json = false;
  bool list_gpus = false;
};

ExitCode report_error(const Error& error) {
  fmt::print(stderr, "pmb info: {}\n", error.message());
  return kNoGl;
}

ExitCode print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return kSuccess;
  fmt::print(stderr, "pmb info: standard output cannot be written; give it room or an open pipe\n");
  return kOutput;
}

// A driver may report a name that is not UTF-8; a replaced letter is better than no report.
std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

ExitCode run_list(const InfoOptions& options) {
  const auto gpus = list_gpus();
  if (!gpus) return report_error(gpus.error());
  return print(options.json ? json_text(gpu_list_json(*gpus)) : gpu_list_text(*gpus));
}

ExitCode run_info(const InfoOptions& options) {
  if (options.list_gpus) return run_list(options);
  // The environment's choices are what other programs of this user may run with, so they are shown as in
  // force.
  const auto gpu = open_gpu(options.gpu, program_options(options.gpu));
  if (!gpu) return report_error(gpu.error());
  const InfoReport report = gather_info(**gpu);
  return print(options.json ? json_text(info_json(report)) : info_text(report));
}

}  // namespace

void add_info_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("info", "Show the driver, its limits and quirks, and the plan for each access");
  const auto options = std::make_shared<InfoOptions>();
  add_gpu_options(*command, options->gpu);
  add_api_options(*command, options->gpu);
  add_profile_option(*command, options->gpu);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--list-gpus", options->list_gpus, "List what EGL offers here instead");
  command->callback([options, &exit_code] { exit_code = run_info(*options); });
}

}  // namespace pmb::tool
