// SPDX-License-Identifier: MIT
// The CPU of this machine, for profiles. Reads no file and no environment.
#pragma once

#include <cstdint>
#include <string>

namespace pmb::detail {

/// The brand string of an x86 CPU, "AMD EPYC 9654 96-Core Processor"; the instruction set elsewhere.
std::string cpu_model();
/// Threads that run at once on this machine, at least 1.
std::uint32_t hardware_threads() noexcept;

}  // namespace pmb::detail
