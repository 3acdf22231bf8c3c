// SPDX-License-Identifier: MIT
// The memory of this process, as Linux reports it.
//
// Units: bytes.
#pragma once

#include <cstdint>
#include <istream>

namespace pmb::tool::bench {

struct ProcessMemory {
  std::uint64_t resident = 0;       ///< VmRSS.
  std::uint64_t peak_resident = 0;  ///< VmHWM, since the start or since reset_peak().
  std::uint64_t device_mapped = 0;  ///< Mapped from device files of GPUs, which the figures above leave out.
};

ProcessMemory process_memory();
/// Restarts the peak from the current resident size. False if the kernel refuses.
bool reset_peak();

/// Returns freed memory from the C library to the kernel, so that the next use shows in the figures.
void release_freed_memory() noexcept;

/// The memory left for this process: MemAvailable, or the rest of its control group if that is less.
std::uint64_t available_memory();

/// For tests: parse /proc/self/status and /proc/self/maps.
void read_status(std::istream& status, ProcessMemory& memory);
void read_maps(std::istream& maps, ProcessMemory& memory);

}  // namespace pmb::tool::bench
