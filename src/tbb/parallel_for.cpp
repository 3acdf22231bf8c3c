// SPDX-License-Identifier: MIT
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <array>
#include <pmb/tbb.hpp>

namespace pmb {
namespace {

/// The largest copy that has an arena. No measured plan uses more threads.
constexpr std::size_t kMostThreads = 16;

/// An arena for exactly this many threads. TBB wakes as many threads as fit into an arena, and threads without a task search
/// for one for a while, which takes time from the copy. Each calling thread has its arenas, so it always finds room.
oneapi::tbb::task_arena& arena_for(std::size_t threads) {
  thread_local std::array<oneapi::tbb::task_arena, kMostThreads + 1> arenas;
  oneapi::tbb::task_arena& arena = arenas[threads];
  arena.initialize(static_cast<int>(threads));  // Only the first call has an effect.
  return arena;
}

}  // namespace

ParallelFor tbb_parallel_for() {
  return [](std::size_t count, const std::function<void(std::size_t)>& body) {
    const auto run = [&] {
      // Each body is a loop over shared pieces, so each is one task and no range is split further.
      oneapi::tbb::parallel_for(
          std::size_t{0}, count, [&body](std::size_t index) { body(index); },
          oneapi::tbb::simple_partitioner());
    };
    if (count < 2 || count > kMostThreads) return run();
    arena_for(count).execute(run);
  };
}

}  // namespace pmb
