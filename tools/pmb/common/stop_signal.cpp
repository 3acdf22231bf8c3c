// SPDX-License-Identifier: MIT
// Signals and the descriptor that carries them into poll().

#include "common/stop_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace pmb::tool {
namespace {

std::atomic<StopSignal*> stop_of_interrupt = nullptr;
std::atomic<bool> interrupt_came = false;

extern "C" void on_interrupt(int) {
  const int kept = errno;
  interrupt_came.store(true);
  if (StopSignal* stop = stop_of_interrupt.load()) stop->request();
  errno = kept;
}

}  // namespace

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopSignal::~StopSignal() {
  if (descriptor_ >= 0) close(descriptor_);
}

void StopSignal::request() noexcept {
  requested_.store(true);
  const std::uint64_t one = 1;
  // A full counter is readable too, so a failed write changes nothing.
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof(one));
}

SignalGuard::SignalGuard(StopSignal& stop) {
  interrupt_came.store(false);
  stop_of_interrupt.store(&stop);
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  // No SA_RESTART: a blocking open() of a FIFO shall end too.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, &previous_interrupt_);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &previous_pipe_);
}

SignalGuard::~SignalGuard() {
  sigaction(SIGINT, &previous_interrupt_, nullptr);
  sigaction(SIGPIPE, &previous_pipe_, nullptr);
  stop_of_interrupt.store(nullptr);
}

bool SignalGuard::interrupted() const noexcept {
  return interrupt_came.load();
}

}  // namespace pmb::tool
