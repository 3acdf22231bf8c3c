// SPDX-License-Identifier: MIT
// What pmb needs of the operating system. platform_posix.cpp and platform_windows.cpp each define all of it.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pmb::detail {

/// Bytes of memory that the machine has; UINT64_MAX if that is unknown.
std::uint64_t physical_memory_bytes() noexcept;

std::uint64_t page_bytes() noexcept;

/// Differs from that of every other running process.
std::uint64_t process_id() noexcept;

/// The folder where programs of this user keep files that they can make again, ending in a slash; "" if there is none.
std::string user_cache_folder();

using Function = void (*)();

/// A function of a library that the process has loaded. Null without the library or the function; loads nothing.
Function find_loaded_function(const char* library, const char* name) noexcept;

/// Return addresses of the callers, innermost first. Returns how many were written.
std::size_t capture_stack(std::span<void*> frames) noexcept;

/// "function+0x1c (module)" of an address in code, or "module+0x9ab0" if the module exports no function there.
std::string describe_address(void* address);

/// Keeps the library of a function loaded until the process ends.
void keep_loaded(Function function) noexcept;

}  // namespace pmb::detail
