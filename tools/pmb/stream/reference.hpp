// SPDX-License-Identifier: MIT
// The built-in kernels once more in plain C++, without any GPU: what `--verify` and the tests compare with,
// byte by byte.
//
// Floats: inputs, products and sums below 2^-126 count as +0, a NaN is 0x7fc00000, and nothing is fused, in
// the GLSL as here, so that results are the same bits on every driver that rounds to nearest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "builtin_kernels.hpp"
#include "frame_layout.hpp"

namespace pmb::tool {

/// Computes a block. `input` and `output` hold layout.bytes; in a last partial block only the first
/// `used_bytes` of the input came, the rest is 0. The layout must be one that check_format() lets pass.
void run_reference(Builtin builtin, const FrameLayout& layout, const BuiltinParameters& parameters,
                   std::span<const std::byte> input, std::uint64_t used_bytes, std::span<std::byte> output);

}  // namespace pmb::tool
