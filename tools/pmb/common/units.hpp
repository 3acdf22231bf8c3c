// SPDX-License-Identifier: MIT
// Amounts as the subcommands print them: sizes in powers of 1024, rates in 10^9 bytes a second.
#pragma once

#include <cstdint>
#include <string>

namespace pmb::tool {

/// "4 KiB", "1.5 MiB".
std::string bytes_text(std::uint64_t bytes);
/// "0.250 GB/s"; 0 where no time has passed.
std::string rate_text(std::uint64_t bytes, double seconds);

}  // namespace pmb::tool
