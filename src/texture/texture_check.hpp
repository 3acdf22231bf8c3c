// SPDX-License-Identifier: MIT
// Checks a transfer of texels before GL does: an error of GL would be found by the program, and no-error contexts have none.
#pragma once

#include "texture/image_shape.hpp"

namespace pmb::detail {

/// A legal region of a texture.
struct CheckedRegion {
  Texels texels;
  TextureCalls calls;
  const TextureTarget& target;
  bool whole_level = false;    ///< Of a cube map: whole faces.
  GLenum internal_format = 0;  ///< 0 if GL does not report it.
};

enum class Transfer : std::uint8_t { write, read };

/// Statuses: wrong_context, context_lost, invalid_argument, refused, zero_size.
Result<CheckedRegion> check_region(ContextState& context, TextureBindings& bindings,
                                   const TextureRegion& region, const TexelLayout& layout, Transfer transfer,
                                   std::source_location where);

/// Ok if the shape lies in `size` bytes.
Result<void> check_bytes(const ImageShape& shape, std::uint64_t size, std::source_location where);
/// Ok if GL accepts the shape in a pixel buffer, `base` bytes from its start.
Result<void> check_alignment(const ImageShape& shape, std::uint64_t base, std::source_location where);

}  // namespace pmb::detail
