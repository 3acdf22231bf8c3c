// SPDX-License-Identifier: MIT
// `pmb verify`: measures each property of the driver that pmb relies on.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/command.hpp"
#include "common/gpu_options.hpp"
#include "common/output_file.hpp"
#include "common/progress_bar.hpp"
#include "verify/device.hpp"
#include "verify/report.hpp"

namespace pmb::tool {
namespace {

using namespace verify;

struct VerifyOptions {
  GpuOptions gpu;
  std::vector<std::string> properties;
  std::string json;
  bool list = false;
  bool quiet = false;
};

Outcome<Properties> properties_of(const VerifyOptions& options) {
  Properties chosen;
  for (const Property& property : all_properties()) {
    if (options.properties.empty() || std::ranges::count(options.properties, property.name) > 0)
      chosen.push_back(&property);
  }
  for (const std::string& name : options.properties) {
    if (std::ranges::none_of(chosen, [&](const Property* property) { return property->name == name; }))
      return fail(kUsage, "there is no property {}; `pmb verify --list` lists them", name);
  }
  return chosen;
}

Outcome<void> print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return fail(kOutput, "standard output cannot be written; check the disk or the pipe");
}

Outcome<void> write_json(const std::string& file, const nlohmann::ordered_json& json) {
  const std::string text = json.dump(1) + "\n";
  if (file == "-") return print(text);
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return fail(kOutput, "the results could not be written to {}", file);
  return {};
}

Outcome<void> run_verify(const VerifyOptions& options) {
  const auto properties = properties_of(options);
  if (!properties) return tl::unexpected(properties.error());
  if (auto writable = require_writable(options.json); !writable) return writable;
  StopSignal stop;
  const SignalGuard signals(stop);
  const bool text = options.json != "-";
  const ProgressBar progress(!options.quiet);
  const auto start = std::chrono::steady_clock::now();
  double done = 0;
  Outcome<void> printed;
  RunRules rules;
  rules.begins = [&](const Property& property) {
    progress.show(done++ / static_cast<double>(properties->size()), property.what);
  };
  rules.found = [&](const Finding& finding) {
    progress.clear();
    if (text && printed) printed = print(line_of(finding));
  };
  const Open open = [&](const std::function<void(const Gpu&)>& measure_all) -> Outcome<void> {
    auto device = Device::open(options.gpu);
    if (!device) return pass_on(device);
    measure_all((*device)->gpu());
    return {};
  };
  const auto result = verify::run(*properties, open, rules, stop);
  progress.clear();
  if (!result) return tl::unexpected(result.error());
  if (!printed) return printed;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!options.json.empty()) {
    if (auto written = write_json(options.json, report_json(*result, seconds)); !written) return written;
  }
  if (text) {
    if (auto last = print(fmt::format("{}, in {:.1f} s, on {}\n", summary_of(result->findings), seconds,
                                      result->driver.at("renderer").get<std::string>()));
        !last)
      return last;
  }
  const std::string failures = failures_of(result->findings);
  if (failures.empty()) return {};
  return fail(kProperty,
              "this driver lacks {}, and no quirk avoids it; please report the driver, with the file of "
              "`pmb verify --json`",
              failures);
}

int verify_main(const VerifyOptions& options) {
  if (options.list) {
    for (const Property& property : all_properties()) fmt::print("{:<24} {}\n", property.name, property.what);
    return kSuccess;
  }
  const auto done = run_verify(options);
  if (done) return kSuccess;
  fmt::print(stderr, "pmb verify: {}\n", done.error().message);
  return done.error().code;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* const command =
      app.add_subcommand("verify", "Measure each property of the driver that pmb relies on");
  command->footer(
      "Each property is one line: pass, avoided (by a quirk), fail or n/a, with evidence. docs/verify.md "
      "explains "
      "them.\n"
      "Exit codes: 0 all pass, are avoided or do not apply, 1 wrong usage, 3 output unwritable, 4 no usable "
      "GL,\n"
      "8 the driver cannot be opened, 9 a property fails, 130 interrupted.\n\n"
      "Examples:\n"
      "  pmb verify                                the first GPU\n"
      "  pmb verify --json driver.json             for a report of this driver\n"
      "  pmb verify --software --property flush_to_storage");
  add_gpu_options(*command, options->gpu);
  add_api_options(*command, options->gpu);
  command
      ->add_option("--property", options->properties,
                   "Only this property, as --list names it; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--list", options->list, "List the properties");
  command->add_option("--json", options->json, "Write the results as JSON; - is stdout, instead of the text")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  command->callback([options, &exit_code] { exit_code = verify_main(*options); });
}

}  // namespace pmb::tool
