// SPDX-License-Identifier: MIT
// Checks an output file before the work whose result it takes.
#pragma once

#include <string>

#include "common/failure.hpp"

namespace pmb::tool {

/// Succeeds for "" (no file) and "-" (standard output). Creates nothing. Failures: kOutput, for a folder, a
/// missing folder, or a file or folder without write permission. `makes_folder`: the work makes missing folders itself.
Outcome<void> require_writable(const std::string& file, bool makes_folder = false);

}  // namespace pmb::tool
