// SPDX-License-Identifier: MIT
// Copies from and to buffers that pmb does not own: what must be checked before.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <source_location>

#include "context/context_state.hpp"

namespace pmb::detail {

/// Ok if `size` bytes at `offset` of a buffer of the program's may be copied from or to: it exists, the range
/// lies in it, and it is not mapped the old way. GL would answer an error that nobody asks for (OpenGL 4.6
/// core, section 6.6).
Result<void> check_copy(ContextState& context, std::uint32_t buffer, std::uint64_t offset, std::uint64_t size,
                        std::source_location where);

}  // namespace pmb::detail
