// SPDX-License-Identifier: MIT
// Runs the built `pmb stream` with given bytes on its stdin, and makes test data.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../support/gl_needs.hpp"
#include "common/gpu_options.hpp"
#include "stream/builtin_kernels.hpp"
#include "stream/frame_layout.hpp"
#include "stream/reference.hpp"

namespace stream_test {

using Bytes = std::vector<std::byte>;
using Arguments = std::vector<std::string>;

/// Bytes that look like noise and are the same every time.
inline Bytes noise(std::size_t size, std::uint32_t seed = 1) {
  Bytes bytes(size);
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

inline Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline void append(Bytes& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

/// A folder that its destructor deletes.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pmb_test_XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& name, std::span<const std::byte> bytes) {
  std::ofstream stream(name, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline Bytes read_file(const std::string& name) {
  std::ifstream stream(name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  return to_bytes(text);
}

inline std::string read_text(const std::string& name) {
  std::ifstream stream(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Starts `pmb stream` with descriptors for stdin, stdout and stderr; the child closes everything else it
/// inherits.
inline pid_t spawn_stream(const Arguments& arguments, int input, int output, int errors,
                          const Arguments& environment = {}) {
  std::vector<char*> argv = {const_cast<char*>(PMB_PROGRAM), const_cast<char*>("stream")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& variable : environment) envp.push_back(const_cast<char*>(variable.c_str()));
  for (char** variable = environ; *variable != nullptr; ++variable) envp.push_back(*variable);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  // A shell that starts tests in the background, and a test that writes to pipes, ignore signals; children
  // inherit that.
  sigset_t ordinary;
  sigemptyset(&ordinary);
  for (const int number : {SIGINT, SIGPIPE}) sigaddset(&ordinary, number);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigdefault(&attributes, &ordinary);
  pid_t child = 0;
  const int failed = posix_spawn(&child, PMB_PROGRAM, &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(failed, 0) << "cannot start " PMB_PROGRAM;
  return failed == 0 ? child : 0;
}

/// The exit code, or minus the signal that ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  if (child <= 0 || waitpid(child, &status, 0) != child) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct StreamRun {
  int exit_code = -1000;
  Bytes output;
  std::string errors;  ///< What it wrote to stderr.
};

/// Runs to the end, with files as stdin, stdout and stderr.
inline StreamRun run_stream(const Arguments& arguments, std::span<const std::byte> input = {},
                            const Arguments& environment = {}) {
  const TemporaryFolder folder;
  write_file(folder.file("in"), input);
  const int in = open(folder.file("in").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open(folder.file("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int err = open(folder.file("err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  StreamRun run;
  run.exit_code = wait_for(spawn_stream(arguments, in, out, err, environment));
  for (const int descriptor : {in, out, err}) close(descriptor);
  run.output = read_file(folder.file("out"));
  run.errors = read_text(folder.file("err"));
  return run;
}

/// For tests that need a GPU or a software renderer.
class Stream : public testing::Test {
 protected:
  void SetUp() override {
    const auto gpu = pmb::tool::open_gpu({});
    if (!gpu) PMB_SKIP("no GL here: " << gpu.error().message());
    if (!(*gpu)->context.limits().compute) PMB_SKIP("no compute shaders here");
  }
};

/// The built-in's result for raw blocks; the last one may be partial.
inline Bytes expected_blocks(pmb::tool::Builtin builtin, const pmb::tool::FrameLayout& layout,
                             const pmb::tool::BuiltinParameters& parameters,
                             std::span<const std::byte> input) {
  Bytes all;
  for (std::size_t at = 0; at < input.size(); at += layout.bytes) {
    const std::size_t used = std::min<std::size_t>(layout.bytes, input.size() - at);
    Bytes block(input.begin() + static_cast<std::ptrdiff_t>(at),
                input.begin() + static_cast<std::ptrdiff_t>(at + used));
    block.resize(layout.bytes);
    Bytes result(layout.bytes);
    pmb::tool::run_reference(builtin, layout, parameters, block, used, result);
    append(all, std::span(result).first(used));
  }
  return all;
}

}  // namespace stream_test
