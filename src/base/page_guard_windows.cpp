// SPDX-License-Identifier: MIT
#include "base/page_guard.hpp"

namespace pmb::detail {

// Not offered here: without a FaultHandler no mapping asks for a guard.
std::unique_ptr<PageGuard> PageGuard::over(std::span<std::byte> /*mapping*/, std::string /*on_later_use*/) {
  return nullptr;
}
PageGuard::~PageGuard() = default;
std::span<std::byte> PageGuard::protect(std::span<std::byte> /*bytes*/, PageRule /*rule*/) noexcept {
  return {};
}
void PageGuard::open(std::span<std::byte> /*bytes*/) noexcept {}
std::vector<PageFault> PageGuard::take_faults() {
  return {};
}

}  // namespace pmb::detail
