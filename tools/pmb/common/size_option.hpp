// SPDX-License-Identifier: MIT
// Sizes on the command line: 4096, 64K, 8M.
#pragma once

#include <CLI/CLI.hpp>

namespace pmb::tool {

/// Turns "64K" into "65536"; K, M and G are powers of 1024, with "B" or "iB" or without. Anything else, a negative size
/// and 0 are refused in one sentence.
CLI::Validator size_value();

}  // namespace pmb::tool
