// SPDX-License-Identifier: MIT
// oneTBB's threads for pmb's copies. Of the library target pmb::tbb, which exists where oneTBB was found.
//
//   pmb::Options options;
//   options.parallel_for = pmb::tbb_parallel_for();
//
// Units:   none.
// Threads: TBB's, started at their first use and shared with everything else in the process that uses TBB; they sleep
//          while there is nothing to do.
// Memory:  TBB's own.
// Errors:  none; where TBB cannot start threads the caller copies alone.
// GL:      none.
#pragma once

#include <pmb/copy.hpp>

namespace pmb {

/// Runs bodies on TBB's threads and on the calling one.
ParallelFor tbb_parallel_for();

}  // namespace pmb
