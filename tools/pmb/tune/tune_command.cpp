// SPDX-License-Identifier: MIT
// `pmb tune`: measures this driver and saves the profile that plans follow.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <pmb/tune/calibrate.hpp>

#include "buffer_messages.hpp"
#include "common/command.hpp"
#include "common/failure.hpp"
#include "common/gpu_options.hpp"
#include "common/output_file.hpp"
#include "common/progress_bar.hpp"
#include "common/stop_signal.hpp"
#include "tune_report.hpp"

namespace pmb::tool {
namespace {

struct TuneOptions {
  GpuOptions gpu;
  double seconds = 25;
  std::string output;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
};

/// The functions for debug messages, if this driver reports placements in them.
std::optional<GladGLContext> debug_table(const Context& context) {
  const Driver& driver = context.driver();
  if (driver.kind != "nvidia" || driver.mesa || context.limits().gles) return std::nullopt;
  GladGLContext gl = {};
  if (!load_gl(gl)) return std::nullopt;
  return gl;
}

Outcome<std::string> file_for(const TuneOptions& options, const Context& context) {
  if (options.dry_run) return std::string();
  if (!options.output.empty()) return options.output;
  const std::string folder = Profile::default_folder();
  if (!folder.empty()) return folder + Profile::file_name(pmb::profile_key(context));
  return fail(kOutput, "neither XDG_CACHE_HOME nor HOME is set; name a file with --output");
}

Outcome<void> print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return fail(kOutput, "standard output cannot be written; check the disk or the pipe");
}

Outcome<void> run_tune(const TuneOptions& options) {
  if (auto writable = require_writable(options.output, true); !writable) return writable;
  StopSignal stop;
  const SignalGuard signals(stop);
  // Measures the driver without the choices of the environment, except for disabled quirks.
  pmb::Options chosen;
  chosen.disabled_quirks = pmb::Options::from_environment().disabled_quirks;
  auto gpu = open_gpu(options.gpu, std::move(chosen));
  if (!gpu) return fail(kNoGl, "no usable GL: {}", gpu.error().message());
  Context& context = (*gpu)->context;
  const auto file = file_for(options, context);
  if (!file) return tl::unexpected(file.error());

  const ProgressBar progress(!options.quiet);
  CalibrateOptions wanted;
  wanted.budget = std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9));
  wanted.stopped = [&] { return stop.requested(); };
  wanted.progress = [&](double done, std::string_view what) { progress.show(done, what); };
  const auto gl = debug_table(context);
  std::optional<BufferMessages> messages;
  if (gl) {
    messages.emplace(*gl);
    wanted.reported_memory = [&](std::uint32_t buffer) { return messages->take(buffer); };
  }

  const auto start = std::chrono::steady_clock::now();
  const auto measured = calibrate(context, wanted);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.clear();
  if (!measured) return fail(kGpu, "measuring failed: {}", measured.error().message());
  if (signals.interrupted()) return fail(kInterrupted, "interrupted; no profile was written");
  if (!file->empty()) {
    if (auto saved = measured->profile.save(*file); !saved)
      return fail(kOutput, "{}: {}", *file, saved.error().message());
  }
  const std::string kept =
      file->empty() ? "The profile was not saved." : fmt::format("The profile is in {}", *file);
  auto printed = print(
      options.json ? tune_json(*measured, *file, seconds).dump(1) + "\n"
                   : fmt::format("{}\nMeasured in {:.1f} s. {}\n", tune_text(*measured), seconds, kept));
  if (!printed) return printed;
  if (measured->wrong == 0) return {};
  return fail(kMismatch,
              "{} candidates moved wrong bytes and were left out; please report this driver, with `pmb tune "
              "--dry-run --json`",
              measured->wrong);
}

int tune_main(const TuneOptions& options) {
  const auto done = run_tune(options);
  if (done) return kSuccess;
  fmt::print(stderr, "pmb tune: {}\n", done.error().message);
  return done.error().code;
}

}  // namespace

void add_tune_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TuneOptions>();
  CLI::App* const command =
      app.add_subcommand("tune", "Measure this driver and save a profile that plans and transfers follow");
  command->footer(
      "`pmb info`, `pmb stream` and `pmb bench` read the profile, as do programs whose options name it.\n"
      "Exit codes: 0 done, 1 wrong usage, 3 the profile or standard output cannot be written, 4 no usable "
      "GL,\n"
      "7 candidates moved wrong bytes (they are left out), 8 the GPU failed, 130 interrupted (nothing is "
      "written).\n\n"
      "Examples:\n"
      "  pmb tune                                  measure, save the profile in the user's cache folder\n"
      "  pmb tune --gpu 1 --time 5                 the second GPU, in 5 seconds\n"
      "  pmb tune --dry-run --json > figures.json  figures of every candidate; saves nothing\n"
      "  pmb tune --output driver.json             for a program that names this file in its options");
  add_gpu_options(*command, options->gpu);
  add_api_options(*command, options->gpu);
  command->add_option("--time", options->seconds, "Seconds for measuring, at most")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_option("-o,--output", options->output, "Save the profile to this file")->type_name("FILE");
  command->add_flag("--dry-run", options->dry_run, "Save no profile")->excludes("--output");
  command->add_flag("--json", options->json, "Print JSON: the profile, and the figures of every candidate");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  command->callback([options, &exit_code] { exit_code = tune_main(*options); });
}

}  // namespace pmb::tool
