// SPDX-License-Identifier: MIT
// What tests need of the operating system. platform_posix.cpp and platform_windows.cpp each define all of it.
#pragma once

#include <cstddef>

namespace test_support {

/// Sets a variable of the environment. Null removes it.
void set_variable(const char* name, const char* value);

/// Pages of zeros that hold `size` bytes, backed on first touch. Null if the system refuses.
std::byte* reserve_pages(std::size_t size);

/// The same, for mirror_pages().
std::byte* reserve_shared_pages(std::size_t size);

/// A second address of all pages of one shared reservation, freed by release_pages() like the first. Null if the system has none.
std::byte* mirror_pages(std::byte* pages, std::size_t size);

/// Touching these whole pages ends the process from now on.
void forbid_pages(std::byte* pages, std::size_t size);

/// These whole pages may be read and written.
void permit_pages(std::byte* pages, std::size_t size);

/// Frees all pages of one reservation. Touching them ends the process until the addresses are reserved again.
void release_pages(std::byte* pages, std::size_t size);

/// Moves the bytes of one reservation to other addresses, and frees it. Null and no change if the system refuses.
std::byte* move_pages(std::byte* pages, std::size_t size);

}  // namespace test_support
