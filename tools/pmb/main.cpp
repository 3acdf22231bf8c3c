// SPDX-License-Identifier: MIT
// The pmb program: parses the command line and runs one subcommand.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <pmb/version.hpp>
#include <string>
#include <string_view>

#include "common/command.hpp"
#include "common/environment_check.hpp"
#include "common/suggestion.hpp"

namespace {

/// "pmb 0.1.0 (revision 1a2b3c4)".
std::string version_line() {
  constexpr std::string_view kRevision = PMB_REVISION;
  return fmt::format("pmb {}{}", pmb::library_version(),
                     kRevision.empty() ? "" : fmt::format(" (revision {})", kRevision));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"pmb - persistent mapped buffers for OpenGL: CPU and GPU work on the same memory"};
  app.set_version_flag("--version", version_line());
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 wrong usage, 2 input unreadable or malformed, 3 output closed or unwritable,\n"
      "4 no usable GL or no such GPU, 5 kernel does not compile, uses what is not bound or writes nothing,\n"
      "6 block larger than allowed, 7 bytes differ from what they should be, 8 the GPU failed,\n"
      "9 the driver lacks a property, 130 interrupted.");
  int exit_code = pmb::tool::kSuccess;
  pmb::tool::add_info_command(app, exit_code);
  pmb::tool::add_stream_command(app, exit_code);
  pmb::tool::add_bench_command(app, exit_code);
  pmb::tool::add_tune_command(app, exit_code);
  pmb::tool::add_verify_command(app, exit_code);
  for (const std::string& warning : pmb::tool::environment_warnings(environ))
    fmt::print(stderr, "pmb: warning: {}\n", warning);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = pmb::tool::unknown_name(app, {argv, static_cast<std::size_t>(argc)});
    if (error.get_exit_code() != 0 && !unknown.empty()) {
      fmt::print(stderr, "{}\n", unknown);
      return pmb::tool::kUsage;
    }
    return app.exit(error) == 0 ? pmb::tool::kSuccess : pmb::tool::kUsage;
  }
  return exit_code;
}
