// SPDX-License-Identifier: MIT
// pmb's handler of SIGSEGV, which exists for page guards. Faults outside of guarded memory reach the handler that the
// program installed, whether before or after this one.
//
// Threads: any.
// Memory:  none.
#pragma once

#include <memory>

namespace pmb::detail {

/// The handler is installed while one of these exists.
class FaultHandler {
 public:
  /// Null on systems without POSIX signals, or if the handler cannot be installed.
  static std::unique_ptr<FaultHandler> install();
  ~FaultHandler();
  FaultHandler(const FaultHandler&) = delete;
  FaultHandler& operator=(const FaultHandler&) = delete;

  /// Goes in front of a handler that the program installed since the last call. Costs one system call.
  void stay_first() noexcept;

 private:
  FaultHandler() = default;
};

}  // namespace pmb::detail
