// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "report.hpp"

namespace bench {

/// Grabs 1,000 small frames and verifies every byte of each. Every wait has a bound. Returns the exit code.
int grab_small_frames();

/// Runs `program --worker`, which calls grab_small_frames(), in so many processes at once. False if one failed or hung.
bool run_processes(const std::string& program, std::uint32_t count, Report& report);

}  // namespace bench
