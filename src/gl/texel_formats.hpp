// SPDX-License-Identifier: MIT
// The memory layout of pixel transfer formats and types: OpenGL 4.6 core, tables 8.2, 8.3 and 8.5; OpenGL ES
// 3.2, table 8.2; and the blocks of compressed formats.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <optional>

namespace pmb::detail {

/// Kinds that a transfer cannot convert into each other.
enum class TexelKind : std::uint8_t { colour, integer, depth, stencil, depth_stencil, compressed };

/// One texel, or one compressed block, in memory.
struct TexelFormat {
  TexelKind kind = TexelKind::colour;
  std::uint8_t bytes = 0;          ///< Of a texel or block.
  std::uint8_t element_bytes = 1;  ///< Offsets into pixel buffers must be multiples of it.
  std::uint8_t block_width = 1;
  std::uint8_t block_height = 1;
  bool in_3d = true;  ///< A compressed format that 3D textures may also have.
};

enum class Api : std::uint8_t { desktop, gles, either };

/// Nothing for a pair that this API lacks. Compressed formats have type 0.
std::optional<TexelFormat> texel_format(GLenum format, GLenum type, Api api) noexcept;

/// The kind of texels of a level with this internal format.
TexelKind kind_of_internal_format(GLenum internal_format) noexcept;

}  // namespace pmb::detail
