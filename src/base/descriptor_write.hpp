// SPDX-License-Identifier: MIT
// Writes bytes to a file descriptor: all of them, or an error. A pipe without a reader is an error too, and no signal.
#pragma once

#include <chrono>
#include <cstddef>
#include <pmb/result.hpp>
#include <span>

namespace pmb::detail {

/// Writes `bytes` from `written` on, and adds to it, also before an error. A descriptor that does not block is polled for at
/// most `timeout` in all; one that blocks does so as write(2) does. Statuses: timed_out, refused (no reader, or any other
/// error of write(2)), unsupported (this system has no POSIX).
Result<void> write_descriptor(int descriptor, std::span<const std::byte> bytes, std::size_t& written,
                              std::chrono::nanoseconds timeout, std::source_location where);

}  // namespace pmb::detail
