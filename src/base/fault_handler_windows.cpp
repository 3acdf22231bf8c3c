// SPDX-License-Identifier: MIT
#include "base/fault_handler.hpp"

namespace pmb::detail {

// Not offered here: debuggers and runtimes of Windows expect to see every access violation first.
std::unique_ptr<FaultHandler> FaultHandler::install() {
  return nullptr;
}
FaultHandler::~FaultHandler() = default;
void FaultHandler::stay_first() noexcept {}

}  // namespace pmb::detail
