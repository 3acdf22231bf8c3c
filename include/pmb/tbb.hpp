// SPDX-License-Identifier: MIT
// Lends the threads of oneTBB to copies of pmb. Library target pmb::tbb, which exists if CMake finds oneTBB.
//
//   pmb::Options options;
//   options.parallel_for = pmb::tbb_parallel_for();
//
// Threads: those of TBB, which start at first use and sleep while idle. All code of the process that uses TBB shares them.
// Memory:  that of TBB.
// Errors:  none. If TBB cannot start threads, the caller copies alone.
#pragma once

#include <pmb/copy.hpp>
#include <pmb/detail/api.hpp>

namespace pmb {

/// Runs bodies on threads of TBB and on the calling thread.
PMB_API ParallelFor tbb_parallel_for();

}  // namespace pmb
