// SPDX-License-Identifier: MIT
// What pixel transfer formats and types mean in memory: OpenGL 4.6 core, tables 8.2, 8.3 and 8.5; OpenGL ES 3.2,
// table 8.2; and the blocks of compressed formats.
#pragma once

#include <cstdint>
#include <optional>

#include "gl/gl.hpp"

namespace pmb::detail {

/// What cannot be turned into each other by a transfer.
enum class TexelKind : std::uint8_t { colour, integer, depth, stencil, depth_stencil, compressed };

/// One texel, or one compressed block, in memory.
struct TexelFormat {
  TexelKind kind = TexelKind::colour;
  std::uint8_t bytes = 0;          ///< Of a texel or block.
  std::uint8_t element_bytes = 1;  ///< What offsets into pixel buffers must be multiples of.
  std::uint8_t block_width = 1;
  std::uint8_t block_height = 1;
  bool in_3d = true;  ///< A compressed format of 3D textures too.
};

enum class Api : std::uint8_t { desktop, gles, either };

/// Nothing for a pair that this API does not have. Compressed formats come with type 0.
std::optional<TexelFormat> texel_format(GLenum format, GLenum type, Api api) noexcept;

/// What kind of texels a level of this internal format holds.
TexelKind kind_of_internal_format(GLenum internal_format) noexcept;

}  // namespace pmb::detail
