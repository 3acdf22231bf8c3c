// SPDX-License-Identifier: MIT
// Facts about a timeline that only tests need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/context.hpp>

#include "context/context_state.hpp"
#include "context/timeline_state.hpp"

namespace pmb::test {

/// Fences of the timeline that exist in GL.
inline std::size_t live_fences(const Context& context) {
  return detail::ContextState::of(context).timeline().live_fences();
}

/// The serial of the last mark that is known to have passed.
inline std::uint64_t passed_serial(const Context& context) {
  return detail::ContextState::of(context).timeline().passed() >> detail::kSerialShift;
}

}  // namespace pmb::test
