// SPDX-License-Identifier: MIT
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>

#include <pmb/tbb.hpp>

namespace pmb {

ParallelFor tbb_parallel_for() {
  return [](std::size_t count, ParallelBody body) {
    // Every body is a loop over shared pieces: each is to be a task of its own, and no range is to be split further.
    oneapi::tbb::parallel_for(
        std::size_t{0}, count, [body](std::size_t index) { body(index); }, oneapi::tbb::simple_partitioner());
  };
}

}  // namespace pmb
