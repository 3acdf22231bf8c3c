// SPDX-License-Identifier: MIT
// The inner loops of stream_copy, each compiled for several instruction sets; the best one that the machine has is
// called.
#pragma once

#include <cstddef>

namespace pmb::detail {

/// Copies with non-temporal stores and then fences them. Ranges must not overlap.
void store_past_caches(std::byte* to, const std::byte* from, std::size_t size) noexcept;

/// Copies with streaming loads, in whole cache lines, and plain stores. Ranges must not overlap.
void load_streaming(std::byte* to, const std::byte* from, std::size_t size) noexcept;

/// Of the kernels in use.
const char* kernel_target() noexcept;

}  // namespace pmb::detail
