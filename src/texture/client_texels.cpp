// SPDX-License-Identifier: MIT
#include "texture/client_texels.hpp"

#include "texture/texture_check.hpp"

namespace pmb::detail {

bool suits_client_memory(const ImageShape& shape, bool has_images, const std::byte* memory) noexcept {
  // Sizes of memory are GLsizei for GL.
  if (shape.end > INT32_MAX) return false;
  for (const std::uint64_t place :
       {address_of(memory) + shape.offset, shape.row_stride, shape.image_stride}) {
    // GL has no rule for it, and drivers load elements by their type.
    if (place % shape.texel.element_bytes != 0) return false;
  }
  return arrange(shape, has_images).limit.rows == shape.rows;
}

}  // namespace pmb::detail
