// SPDX-License-Identifier: MIT
// One run of `pmb stream`, from its options to its summary.
//
// Threads: the calling thread becomes the GL thread.
#pragma once

#include "common/failure.hpp"
#include "stream_options.hpp"
#include "summary.hpp"

namespace pmb::tool {

/// Runs the whole stream. Returns a summary if the stream started, even when it failed later. Failures, with every exit
/// code: the stream did not start; the output file may have been opened, and is then empty.
Outcome<StreamSummary> run_stream(const StreamOptions& options);

}  // namespace pmb::tool
