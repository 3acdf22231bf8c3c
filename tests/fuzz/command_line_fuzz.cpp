// SPDX-License-Identifier: MIT
// Command lines of the program, one argument a line. Options are parsed, checked and refused as in the program; no
// subcommand runs.
#include <vector>

#include "common/command.hpp"
#include "common/suggestion.hpp"
#include "fuzz_input.hpp"

namespace {

/// Thrown once a command line is accepted, before a subcommand would run.
struct Accepted {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pmb::tool;
  const std::string_view text = fuzz::text_of(data, size);
  // A command line ends each argument with a null.
  if (text.find('\0') != std::string_view::npos || size > 4096) return 0;
  std::vector<std::string> arguments = {"pmb"};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    arguments.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());

  CLI::App app;
  app.require_subcommand(1);
  int exit_code = kSuccess;
  add_info_command(app, exit_code);
  add_stream_command(app, exit_code);
  add_bench_command(app, exit_code);
  add_tune_command(app, exit_code);
  add_verify_command(app, exit_code);
  // The callbacks of the subcommands hold their options, so they stay.
  app.parse_complete_callback([] { throw Accepted(); });
  try {
    app.parse(static_cast<int>(argv.size()), argv.data());
    fuzz::require(false, "what is not accepted is refused");
  } catch (const Accepted&) {
    fuzz::require(app.get_subcommands().size() == 1, "an accepted command line has one subcommand");
  } catch (const CLI::ParseError& error) {
    fuzz::require(error.what() != std::string_view(), "a refusal says why");
    static_cast<void>(unknown_name(app, {argv.data(), argv.size()}));
  }
  fuzz::require(exit_code == kSuccess, "no subcommand ran");
  return 0;
}
