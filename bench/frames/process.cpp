// SPDX-License-Identifier: MIT
#include "frames/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

extern char** environ;

namespace bench {

void stop(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

pid_t start(const std::vector<std::string>& arguments, int standard_input) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (standard_input >= 0) posix_spawn_file_actions_adddup2(&actions, standard_input, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  if (posix_spawnp(&process, words[0], &actions, nullptr, words.data(), environ) != 0)
    stop("a process cannot be started");
  posix_spawn_file_actions_destroy(&actions);
  return process;
}

Reader::Reader(const std::vector<std::string>& arguments) {
  constexpr int kPipeBytes = 1 << 20;
  int ends[2] = {};
  if (pipe2(ends, O_CLOEXEC) != 0) stop("no pipe");
  fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  process_ = start(arguments, ends[0]);
  close(ends[0]);
  descriptor_ = ends[1];
}

Reader::~Reader() {
  close(descriptor_);
  int status = 0;
  waitpid(process_, &status, 0);
  if (status != 0) stop("the process behind the pipe found wrong bytes");
}

void write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0) stop("the pipe is broken");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace bench
