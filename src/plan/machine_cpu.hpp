// SPDX-License-Identifier: MIT
// Which CPU this is, for profiles. No file and no environment is read.
#pragma once

#include <cstdint>
#include <string>

namespace pmb::detail {

/// The brand string of an x86 CPU, "AMD EPYC 9654 96-Core Processor"; the kind of instruction set elsewhere.
std::string cpu_model();
/// That this process may run on, at least 1.
std::uint32_t hardware_threads() noexcept;

}  // namespace pmb::detail
