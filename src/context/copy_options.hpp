// SPDX-License-Identifier: MIT
// How copies use the threads that a context's options lend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/copy.hpp>
#include <pmb/tune/transfer_plan.hpp>

#include "context/context_state.hpp"

namespace pmb::detail {

/// Threads that a copy of this step may use.
std::uint32_t copy_threads(const ContextState& state, const TransferStep& step) noexcept;

/// How one block of `size` bytes is copied into mapped memory or out of it, by the plan of that direction.
CopyOptions copy_options(const ContextState& state, const TransferDirection& plan, std::size_t size) noexcept;

}  // namespace pmb::detail
