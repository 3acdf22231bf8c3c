// SPDX-License-Identifier: MIT
// How many bytes this machine can back. Drivers grant larger sizes, and touching those kills the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace pmb::detail {

/// The smaller of physical memory and the limits of the control groups that this process is in (versions 1 and 2, every
/// level up to the root). Reads a few kernel files; microseconds to a millisecond.
std::uint64_t machine_memory_limit();

/// The same with another root directory in place of "/", for tests. `physical` is the machine's memory.
std::uint64_t memory_limit_under(const std::string& root, std::uint64_t physical);

/// Bytes that this process has mapped through pmb, in all contexts.
std::atomic<std::uint64_t>& process_mapped_bytes() noexcept;

/// Touches one byte of every page, so that later use meets no page fault: sets it to 0 if `writable`, otherwise reads it.
void touch_pages(void* address, std::uint64_t size_bytes, bool writable) noexcept;

}  // namespace pmb::detail
