// SPDX-License-Identifier: MIT
// The inner loops of copies, compiled for several instruction sets. The best one of the machine runs.
#pragma once

#include <cstddef>

namespace pmb::detail {

/// Copies with non-temporal stores and then fences them. Ranges must not overlap.
void store_nontemporal(std::byte* to, const std::byte* from, std::size_t size) noexcept;

/// Copies with streaming loads, in whole cache lines, and plain stores. Ranges must not overlap.
void load_streaming(std::byte* to, const std::byte* from, std::size_t size) noexcept;

/// The name of the instruction set in use.
const char* kernel_target() noexcept;

}  // namespace pmb::detail
