// SPDX-License-Identifier: MIT
// The common part of the programs that end: a window library goes, in one of several ways, before pmb's objects do. These
// programs are not linked with GL, EGL or X11, so that the window library's end unloads what it has loaded.
//
// Each case runs in a separate process, since a fault ends it. Without arguments a program runs all of its cases.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <pmb/pmb.hpp>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace endings {

constexpr int kSkipped = 77;

/// One way in which a window library ends.
struct Ending {
  const char* name;
  void (*end)();
};

/// A window library and how it may end.
struct WindowLibrary {
  bool (*make_current_context)();
  pmb::Loader loader;
  std::span<const Ending> endings;
};

/// Objects of every kind, with slices out, copies in flight and fences that have not passed.
struct Objects {
  std::optional<pmb::Context> context;
  std::optional<pmb::UploadRing> up;
  std::optional<pmb::ReadbackRing> down;
  std::optional<pmb::BlockPool> pool;
  std::optional<pmb::MappedBuffer> buffer;
  pmb::Ticket ticket;

  bool make(pmb::Loader loader, pmb::Options options) {
    auto made = pmb::Context::from_current(loader, std::move(options));
    if (!made) {
      std::printf("%s\n", made.error().message().c_str());
      return false;
    }
    context = std::move(*made);
    auto ring = pmb::UploadRing::create(*context, {.capacity_bytes = 1 << 16});
    auto readback = pmb::ReadbackRing::create(*context, {.capacity_bytes = 1 << 16});
    auto blocks = pmb::BlockPool::create(*context, {.block_bytes = 4096, .count = 2});
    auto mapped =
        pmb::MappedBuffer::create(*context, {.size_bytes = 4096, .access = pmb::Access::sequential_write});
    if (!ring || !readback || !blocks || !mapped) return false;
    up = std::move(*ring);
    down = std::move(*readback);
    pool = std::move(*blocks);
    buffer = std::move(*mapped);

    const auto filling = up->acquire(256);
    const auto published = up->acquire(256);
    const auto block = pool->acquire();
    const std::vector<std::byte> bytes(1 << 18);
    auto target = pmb::MappedBuffer::create(
        *context, {.size_bytes = bytes.size(), .access = pmb::Access::sequential_write});
    if (!filling || !published || !block || !target) return false;
    // Makes the rings that a context keeps for itself.
    if (!pmb::upload(*context, target->buffer(), 0, bytes)) return false;
    if (!published->fill(std::byte{1}) || !up->publish(*published, 256)) return false;
    if (!down->request(published->buffer(), published->offset_bytes(), 256)) return false;
    const auto marked = context->timeline().mark();
    if (!marked || !up->retire(*marked)) return false;
    ticket = *marked;
    return true;
  }
};

inline pmb::Options validated() {
  pmb::Options options;
  options.validation = [](const pmb::Report& report) { std::printf("%s\n", report.message().c_str()); };
  return options;
}

/// When pmb's objects are destroyed. `end` ends the window library.
struct Lifetime {
  const char* name;
  bool (*run)(pmb::Loader loader, void (*end)());
};

inline constexpr Lifetime kLifetimes[] = {
    {"a scope that ends last",
     [](pmb::Loader loader, void (*end)()) {
       Objects objects;
       Objects watched;
       if (!objects.make(loader, {}) || !watched.make(loader, validated())) return false;
       end();
       return true;
     }},
    {"static objects, and a thread that still waits",
     [](pmb::Loader loader, void (*end)()) {
       static Objects objects;
       if (!objects.make(loader, {})) return false;
       std::thread([ticket = objects.ticket] {
         static_cast<void>(ticket.wait(std::chrono::seconds(60)));
       }).detach();
       end();
       return true;
     }},
    {"exit() with objects in a scope and static ones",
     [](pmb::Loader loader, void (*end)()) {
       Objects automatic;
       static Objects objects;
       if (!automatic.make(loader, {}) || !objects.make(loader, {})) return false;
       end();
       std::exit(EXIT_SUCCESS);
     }},
    {"a thread that waits until the context goes",
     [](pmb::Loader loader, void (*end)()) {
       std::optional<Objects> objects(std::in_place);
       if (!objects->make(loader, {})) return false;
       std::thread waiting(
           [ticket = objects->ticket] { static_cast<void>(ticket.wait(std::chrono::seconds(60))); });
       end();
       objects.reset();
       waiting.join();
       return true;
     }},
};

/// Runs this program again for one case. Returns its wait status.
inline int run_case(const char* ending, const char* lifetime) {
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "ending", ending, lifetime, nullptr);
    _exit(127);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child ? status : -1;
}

inline int run(const WindowLibrary& library, std::span<char* const> arguments) {
  if (arguments.size() < 3) {
    int failed = 0;
    for (const Ending& ending : library.endings) {
      for (const Lifetime& lifetime : kLifetimes) {
        const int status = run_case(ending.name, lifetime.name);
        if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) return kSkipped;
        if (status == 0) continue;
        std::printf("FAILED: %s, then %s: %s %d\n", ending.name, lifetime.name,
                    WIFSIGNALED(status) ? "signal" : "exit status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        ++failed;
      }
    }
    return failed == 0 ? 0 : 1;
  }
  for (const Ending& ending : library.endings) {
    for (const Lifetime& lifetime : kLifetimes) {
      if (arguments[1] != std::string_view(ending.name)) continue;
      if (arguments[2] != std::string_view(lifetime.name)) continue;
      if (!library.make_current_context()) {
        // GoogleTest's format, so that ./run finds the reason.
        std::printf("ending: Skipped\nno context of OpenGL 4.4 can be made here\n[  SKIPPED ]\n");
        return kSkipped;
      }
      // A case that hangs ends with a signal.
      alarm(50);
      return lifetime.run(library.loader, ending.end) ? 0 : 1;
    }
  }
  return 2;
}

}  // namespace endings
