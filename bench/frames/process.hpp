// SPDX-License-Identifier: MIT
// Processes beside the benchmark: those that read a pipe, and copies of this program.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// Ends the program.
[[noreturn]] void stop(const char* what);

/// `standard_input`: a descriptor, or -1 for that of this process. Its output is discarded.
pid_t start(const std::vector<std::string>& arguments, int standard_input);

/// A pipe to a process of its own: `cat`, which discards the bytes, or this program, which verifies each of them.
class Reader {
 public:
  explicit Reader(const std::vector<std::string>& arguments);
  /// Waits until the process has read everything.
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_ = -1;
  pid_t process_ = 0;
};

void write_all(int descriptor, std::span<const std::byte> bytes);

}  // namespace bench
