// SPDX-License-Identifier: MIT
// Turns exceptions of the standard library into typed errors: creating calls allocate.
#pragma once

#include <exception>
#include <source_location>
#include <utility>

#include "base/fail.hpp"

namespace pmb {

/// Returns the result of `create`, or out_of_host_memory if it throws.
template <class Create>
auto guarded(std::source_location where, Create&& create) -> decltype(create()) {
  try {
    return std::forward<Create>(create)();
  } catch (const std::exception&) {
    return fail(ErrorId::out_of_host_memory, where);
  }
}

}  // namespace pmb
