// SPDX-License-Identifier: MIT
// Whether a context may be used here, as far as that is known without a call: inlined into calls that cost
// little more.
#pragma once

#include <thread>
#include "base/process_exit.hpp"

#include "context/context_state.hpp"
#include "context/timeline_state.hpp"

namespace pmb::detail {

inline bool ContextState::on_own_thread() const noexcept {
  return public_timeline.state_->control->owner.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

inline bool ContextState::is_usable_here() const noexcept {
  return alive && !lost && on_own_thread() && !process_is_exiting() && !validating();
}

}  // namespace pmb::detail
