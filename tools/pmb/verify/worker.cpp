// SPDX-License-Identifier: MIT

#include "verify/worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace pmb::tool::verify {
namespace {

void send_line(int pipe, std::string_view line) {
  std::string text(line);
  text += '\n';
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t written = write(pipe, text.data() + sent, text.size() - sent);
    // Nobody reads any more.
    if (written < 0 && errno != EINTR) _exit(kOutput);
    sent += written > 0 ? static_cast<std::size_t>(written) : 0;
  }
}

}  // namespace

Outcome<Worker> Worker::start(const std::function<void(const SendLine&)>& work) {
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(kLimit, "no pipe: {}", std::strerror(errno));
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before that call.
    if (getppid() != parent) _exit(kOutput);
    signal(SIGINT, SIG_IGN);
    close(ends[0]);
    work([&](std::string_view line) { send_line(ends[1], line); });
    std::fflush(nullptr);
    // Destructors of drivers may hang, too.
    _exit(kSuccess);
  }
  close(ends[1]);
  if (process > 0) return Worker(process, ends[0]);
  close(ends[0]);
  return fail(kLimit, "no process could be started: {}", std::strerror(errno));
}

Worker::Worker(Worker&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      pipe_(std::exchange(other.pipe_, -1)),
      received_(std::move(other.received_)) {}

Worker::~Worker() {
  if (pipe_ >= 0) close(pipe_);
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Worker::Event Worker::next(std::string& line, Clock::time_point deadline, const StopSignal& stop) {
  for (;;) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return Event::line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Event::late;
    std::array<pollfd, 2> watched = {pollfd{pipe_, POLLIN, 0}, pollfd{stop.descriptor(), POLLIN, 0}};
    if (poll(watched.data(), watched.size(), static_cast<int>(left)) <= 0) continue;
    if (watched[1].revents != 0) return Event::stopped;
    std::array<char, 4096> chunk = {};
    const ssize_t got = read(pipe_, chunk.data(), chunk.size());
    if (got == 0) return Event::end;
    received_.append(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
}

std::string Worker::ending() {
  int status = 0;
  // The pipe is closed, so the process has ended, or does nothing else any more.
  waitpid(std::exchange(process_, 0), &status, 0);
  if (WIFSIGNALED(status)) return fmt::format("the process ended by signal {}", WTERMSIG(status));
  return fmt::format("the process ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace pmb::tool::verify
