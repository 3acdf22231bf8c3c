// SPDX-License-Identifier: MIT
// Runs the program as its users do.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

struct ProgramRun {
  int exit_code = -1;
  std::string output;
};

// `before` may set environment variables; `arguments` may redirect.
inline ProgramRun run_program(const std::string& arguments, const std::string& before = "") {
  const std::string command = before + " '" PMB_PROGRAM "' " + arguments;
  ProgramRun result;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> chunk{};
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe))
    result.output.append(chunk.data(), got);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

// Redirects: standard error is the output, and nothing comes in.
inline const std::string kOnlyErrors = " 2>&1 >/dev/null </dev/null";
