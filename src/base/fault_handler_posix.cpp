// SPDX-License-Identifier: MIT
#include "base/fault_handler.hpp"

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/page_guard.hpp"
#include "base/platform.hpp"

namespace pmb::detail {
namespace {

// A program that installs its handler after pmb's may chain to pmb's. To be first again pmb installs another function, so that a fault
// which the program passes on ends at the handler before the first one, not in a circle.
constexpr std::size_t kMostLevels = 8;
std::array<struct sigaction, kMostLevels> previous;  // by level: the handler that was in force before
std::size_t levels = 0;
std::size_t users = 0;
std::mutex handler_lock;  // of the owners, not of the handler

using Receiver = void (*)(int, siginfo_t*, void*);

#if defined(__linux__) && defined(__x86_64__)
void* instruction_of(const ucontext_t& context) noexcept {
  return reinterpret_cast<void*>(context.uc_mcontext.gregs[REG_RIP]);
}
bool is_write(const ucontext_t& context) noexcept {
  // Bit 1 of the error code of a page fault.
  return (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
}
#elif defined(__linux__) && defined(__aarch64__)
void* instruction_of(const ucontext_t& context) noexcept {
  return reinterpret_cast<void*>(context.uc_mcontext.pc);
}
bool is_write(const ucontext_t& context) noexcept {
  constexpr std::uint32_t kSyndrome = 0x45535201;  // ESR_MAGIC of asm/sigcontext.h
  constexpr std::uint64_t kWriteNotRead = 1U << 6U;
  struct Head {
    std::uint32_t magic;
    std::uint32_t size;
  } head = {};
  const auto& records = context.uc_mcontext.__reserved;
  for (std::size_t at = 0; at + sizeof(head) + sizeof(std::uint64_t) <= sizeof(records); at += head.size) {
    std::memcpy(&head, records + at, sizeof(head));
    if (head.magic == 0 || head.size == 0) break;
    if (head.magic != kSyndrome) continue;
    std::uint64_t syndrome = 0;
    std::memcpy(&syndrome, records + at + sizeof(head), sizeof(syndrome));
    return (syndrome & kWriteNotRead) != 0;
  }
  return true;
}
#else
void* instruction_of(const ucontext_t& /*context*/) noexcept {
  return nullptr;
}
bool is_write(const ucontext_t& /*context*/) noexcept {
  return true;
}
#endif

bool is_taken(const siginfo_t& info, const ucontext_t& context) noexcept {
  if (info.si_code != SEGV_MAPERR && info.si_code != SEGV_ACCERR) return false;
  return PageGuard::take({.address = static_cast<std::byte*>(info.si_addr),
                          .instruction = instruction_of(context),
                          .is_write = is_write(context),
                          .is_unmapped = info.si_code == SEGV_MAPERR});
}

/// As if the system had called the handler of `action`.
void pass_on(struct sigaction& action, int signal, siginfo_t* info, void* context) {
  // Sent by kill() and the like, it does not come again by itself.
  const bool is_sent = info->si_code <= 0;
  const struct sigaction chosen = action;
  if (chosen.sa_handler == SIG_IGN && is_sent) return;
  if (chosen.sa_handler == SIG_DFL || chosen.sa_handler == SIG_IGN) {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, nullptr);
    if (is_sent) raise(signal);
    return;  // the instruction faults once more, which ends the process
  }
  const auto flags = static_cast<unsigned>(chosen.sa_flags);
  if ((flags & static_cast<unsigned>(SA_RESETHAND)) != 0) action.sa_handler = SIG_DFL;
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &chosen.sa_mask, &before);
  if ((flags & static_cast<unsigned>(SA_NODEFER)) != 0) {
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, signal);
    pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
  }
  if ((flags & static_cast<unsigned>(SA_SIGINFO)) != 0) {
    chosen.sa_sigaction(signal, info, context);
  } else {
    chosen.sa_handler(signal);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

template <std::size_t Level>
void receive(int signal, siginfo_t* info, void* context) {
  const int kept = errno;
  if (!is_taken(*info, *static_cast<const ucontext_t*>(context)))
    pass_on(previous[Level], signal, info, context);
  errno = kept;
}

constexpr auto kReceivers = []<std::size_t... Level>(std::index_sequence<Level...>) {
  return std::array<Receiver, sizeof...(Level)>{&receive<Level>...};
}(std::make_index_sequence<kMostLevels>());

/// The level of a handler of pmb's; kMostLevels for any other.
std::size_t level_of(const struct sigaction& action) noexcept {
  std::size_t level = 0;
  while (level < kMostLevels && kReceivers[level] != action.sa_sigaction) ++level;
  return level;
}

/// True if pmb's handler is the first.
bool go_first() noexcept {
  struct sigaction now = {};
  if (sigaction(SIGSEGV, nullptr, &now) != 0) return false;
  if (const std::size_t level = level_of(now); level < kMostLevels) {
    levels = level + 1;
    return true;
  }
  const bool is_known = levels > 0 && previous[levels - 1].sa_sigaction == now.sa_sigaction;
  const std::size_t level = is_known ? levels - 1 : levels;
  // The program changes its handler all the time: it has the last word.
  if (level == kMostLevels) return false;
  previous[level] = now;
  struct sigaction own = {};
  own.sa_sigaction = kReceivers[level];
  // Threads that ran out of stack have an alternative one.
  own.sa_flags = static_cast<int>(static_cast<unsigned>(SA_SIGINFO) | static_cast<unsigned>(SA_ONSTACK));
  sigemptyset(&own.sa_mask);
  if (sigaction(SIGSEGV, &own, nullptr) != 0) return false;
  levels = level + 1;
  return true;
}

}  // namespace

std::unique_ptr<FaultHandler> FaultHandler::install() {
  std::unique_ptr<FaultHandler> made(new FaultHandler);
  {
    const std::lock_guard lock(handler_lock);
    ++users;
    // A handler of the program's may call this one at any later time.
    keep_loaded(reinterpret_cast<Function>(kReceivers[0]));
    if (go_first()) return made;
  }
  return nullptr;
}

FaultHandler::~FaultHandler() {
  const std::lock_guard lock(handler_lock);
  if (--users > 0) return;
  struct sigaction now = {};
  sigaction(SIGSEGV, nullptr, &now);
  const std::size_t level = level_of(now);
  // Behind a handler of the program's it stays: that one may call it.
  if (level == kMostLevels) return;
  sigaction(SIGSEGV, &previous[level], nullptr);
  levels = level;
}

void FaultHandler::stay_first() noexcept {
  const std::lock_guard lock(handler_lock);
  static_cast<void>(go_first());
}

}  // namespace pmb::detail
