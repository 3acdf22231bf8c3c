// SPDX-License-Identifier: MIT
// Keeps exceptions inside: creating calls allocate, and what the standard library throws then becomes a typed
// error.
#pragma once

#include <exception>
#include <source_location>
#include <utility>

#include "base/fail.hpp"

namespace pmb {

/// Answers what `create` answers, or out_of_host_memory if it throws.
template <class Create>
auto guarded(std::source_location where, Create&& create) -> decltype(create()) {
  try {
    return std::forward<Create>(create)();
  } catch (const std::exception&) {
    return fail(ErrorId::out_of_host_memory, where);
  }
}

}  // namespace pmb
