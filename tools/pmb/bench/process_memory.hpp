// SPDX-License-Identifier: MIT
// What this process takes of the machine's memory, as Linux tells it.
//
// Units: bytes.
#pragma once

#include <cstdint>
#include <istream>

namespace pmb::tool::bench {

struct ProcessMemory {
  std::uint64_t resident = 0;       ///< VmRSS.
  std::uint64_t peak_resident = 0;  ///< VmHWM, since the start or since reset_peak().
  std::uint64_t device_mapped =
      0;  ///< Mapped from device files of GPUs, which the kernel counts nowhere above.
};

ProcessMemory process_memory();
/// Makes the peak start from what is resident now. False where the kernel does not let us.
bool reset_peak();

/// Gives memory that was freed back to the kernel, where the C library keeps some: what is used next is then seen
/// to be used.
void release_freed_memory() noexcept;

/// What the machine has left for this process: MemAvailable, or what its control group leaves where that is less.
std::uint64_t available_memory();

/// The parts, for tests: of /proc/self/status and of /proc/self/maps.
void read_status(std::istream& status, ProcessMemory& memory);
void read_maps(std::istream& maps, ProcessMemory& memory);

}  // namespace pmb::tool::bench
