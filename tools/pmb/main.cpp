// SPDX-License-Identifier: MIT
// The pmb program: parses the command line and runs one subcommand.

#include "common/command.hpp"

int main(int argc, char** argv) {
  CLI::App app{"pmb - persistent mapped buffers for OpenGL: CPU and GPU work on the same memory"};
  app.set_version_flag("--version", PMB_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 wrong usage, 2 input unreadable or malformed, 3 output closed or unwritable,\n"
      "4 no usable GL, 5 kernel does not compile or writes nothing, 6 block larger than allowed,\n"
      "7 bytes differ from what they should be, 8 the GPU failed, 130 interrupted.");
  int exit_code = pmb::tool::kSuccess;
  pmb::tool::add_info_command(app, exit_code);
  pmb::tool::add_stream_command(app, exit_code);
  pmb::tool::add_bench_command(app, exit_code);
  pmb::tool::add_tune_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? pmb::tool::kSuccess : pmb::tool::kUsage;
  }
  return exit_code;
}
