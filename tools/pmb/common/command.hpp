// SPDX-License-Identifier: MIT
// What every subcommand of the pmb program shares: exit codes and how a command registers itself.
#pragma once

#include <CLI/CLI.hpp>

namespace pmb::tool {

/// Exit codes, the same for every command and printed by `pmb --help`.
enum ExitCode : int {
  kSuccess = 0,
  kUsage = 1,          ///< Unknown option, impossible combination of options.
  kInput = 2,          ///< Input unreadable, truncated or malformed; everything complete was written.
  kOutput = 3,         ///< Output closed or unwritable.
  kNoGl = 4,           ///< No usable GL context.
  kKernel = 5,         ///< The kernel does not compile, or writes nothing.
  kLimit = 6,          ///< A block is larger than this context or machine allows.
  kMismatch = 7,       ///< --check, or the verification of bench or tune, found a difference.
  kGpu = 8,            ///< The GPU or driver failed while working.
  kProperty = 9,       ///< verify: the driver lacks a property, and no quirk avoids that.
  kInterrupted = 130,  ///< SIGINT; the blocks in flight were finished, and no half profile was written.
};

/// Each adds one subcommand to `app`, which sets `exit_code` when it runs.
void add_info_command(CLI::App& app, int& exit_code);
void add_stream_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_tune_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);

}  // namespace pmb::tool
