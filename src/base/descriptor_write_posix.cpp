// SPDX-License-Identifier: MIT
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/deadline.hpp"
#include "base/descriptor_write.hpp"
#include "base/fail.hpp"

namespace pmb::detail {
namespace {

/// While it lives, write(2) to a pipe without a reader only fails: SIGPIPE goes to the thread that writes, where it is
/// blocked and then taken.
class NoPipeSignal {
 public:
  NoPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &found_);
  }
  ~NoPipeSignal() {
    if (raised_ && !was_pending_) {
      const timespec at_once = {};
      while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &found_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

  void note_raised() noexcept { raised_ = true; }

 private:
  sigset_t pipe_ = {};
  sigset_t found_ = {};
  bool was_pending_ = false;
  bool raised_ = false;
};

/// False if it does not take bytes in time.
bool wait_until_writable(int descriptor, const Deadline& deadline) noexcept {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    pollfd one = {.fd = descriptor, .events = POLLOUT, .revents = 0};
    const int ready = poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, INT32_MAX)));
    if (ready != -1 || errno != EINTR) return ready != 0;
  }
}

}  // namespace

Result<void> write_descriptor(int descriptor, std::span<const std::byte> bytes, std::size_t& written,
                              std::chrono::nanoseconds timeout, std::source_location where) {
  const Deadline deadline(timeout);
  NoPipeSignal signal;
  const auto numbers = [&](std::uint64_t first) { return Error{.numbers = {first, written, bytes.size()}}; };
  while (written < bytes.size()) {
    const ssize_t count = write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EPIPE) {
      signal.note_raised();
      return fail(ErrorId::reader_gone, where, numbers(static_cast<std::uint64_t>(descriptor)));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_until_writable(descriptor, deadline))
        return fail(ErrorId::reader_slow, where, numbers(deadline.timeout_ns()));
    } else if (errno != EINTR) {
      return fail(ErrorId::write_failed, where, numbers(static_cast<std::uint64_t>(errno)));
    }
  }
  return {};
}

}  // namespace pmb::detail
