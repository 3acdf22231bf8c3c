// SPDX-License-Identifier: MIT
// One run of `pmb stream`, from its options to its summary.
//
// Threads: the calling thread becomes the GL thread.
#pragma once

#include "common/failure.hpp"
#include "stream_options.hpp"
#include "summary.hpp"

namespace pmb::tool {

/// Runs the whole stream. Returns a summary if the stream started, even when it failed later. Failures: all
/// exit codes; nothing was written.
Outcome<StreamSummary> run_stream(const StreamOptions& options);

}  // namespace pmb::tool
