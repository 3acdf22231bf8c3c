// SPDX-License-Identifier: MIT
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <array>
#include <pmb/tbb.hpp>

namespace pmb {
namespace {

constexpr std::size_t kMostThreads = 16;  ///< Of a copy that is kept to its own; no measured plan takes more.

/// Room for this many threads and no more: TBB wakes as many as fit, and those that find no task left look for one for a
/// while, on processors and memory that the copy could use. Of the calling thread alone: it always finds room.
oneapi::tbb::task_arena& arena_for(std::size_t threads) {
  thread_local std::array<oneapi::tbb::task_arena, kMostThreads + 1> arenas;
  oneapi::tbb::task_arena& arena = arenas[threads];
  arena.initialize(static_cast<int>(threads));  // to no effect but the first time
  return arena;
}

}  // namespace

ParallelFor tbb_parallel_for() {
  return [](std::size_t count, const std::function<void(std::size_t)>& body) {
    const auto run = [&] {
      // Every body is a loop over shared pieces: each is to be a task of its own, and no range is to be split further.
      oneapi::tbb::parallel_for(
          std::size_t{0}, count, [&body](std::size_t index) { body(index); },
          oneapi::tbb::simple_partitioner());
    };
    if (count < 2 || count > kMostThreads) return run();
    arena_for(count).execute(run);
  };
}

}  // namespace pmb
