// SPDX-License-Identifier: MIT
// Runs the tests on the configuration of this process; or with --every-configuration on all of them, one process after
// the other. A machine without the tree needs only this executable.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gl_configuration.hpp"

namespace {

constexpr std::string_view kEvery = "--every-configuration";

// The exit code of this program with these arguments on one configuration; -1 if it did not exit.
int run_on(const gl_test::Configuration& one, const std::vector<char*>& arguments) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    setenv("PMB_GL_CONFIGURATION", one.name, 1);
    execv("/proc/self/exe", arguments.data());
    std::perror("execv");
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

int run_on_every_configuration(const std::vector<char*>& arguments) {
  std::string summary;
  int failures = 0;
  for (const gl_test::Configuration& one : gl_test::kConfigurations) {
    std::printf("== %s: %s\n", one.name, one.what);
    const int code = run_on(one, arguments);
    if (code != 0) ++failures;
    summary += std::string(code == 0 ? "passed  " : "FAILED  ") + one.name + ": " + one.what + "\n";
  }
  std::printf("\n%s", summary.c_str());
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments;
  bool every = false;
  for (int i = 0; i < argc; ++i) {
    if (kEvery == argv[i]) {
      every = true;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  arguments.push_back(nullptr);
  if (every) return run_on_every_configuration(arguments);

  testing::InitGoogleTest(&argc, argv);
  // Suites that make their own contexts or processes do not depend on the configuration: once is enough.
  if (&gl_test::configuration() != &gl_test::kConfigurations[0]) {
    std::string& filter = testing::FLAGS_gtest_filter;
    filter += std::string(filter.find('-') == std::string::npos ? "-" : ":") + "*DeathTest*:*Headless*";
  }
  return RUN_ALL_TESTS();
}
