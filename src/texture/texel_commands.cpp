// SPDX-License-Identifier: MIT
#include "texture/texel_commands.hpp"

namespace pmb::detail {
namespace {

/// Describes the distance of rows. Returns false if pixel-store state cannot.
bool arrange_rows(const ImageShape& shape, PixelArrangement& arrangement) noexcept {
  const bool one_row = shape.rows == 1 && shape.images == 1;
  if (one_row || shape.row_stride == shape.row_bytes) return true;
  if (arrangement.compressed) return false;
  const std::uint64_t texels = shape.row_stride / shape.texel.bytes;
  if (shape.row_stride % shape.texel.bytes == 0 && texels <= INT32_MAX) {
    arrangement.row_length = static_cast<GLint>(texels);
    return true;
  }
  for (const std::uint32_t alignment : {2U, 4U, 8U}) {
    // Elements that are no smaller are never padded (OpenGL 4.6 core, section 8.4.4.1).
    if (alignment <= shape.texel.element_bytes) continue;
    if ((shape.row_bytes + alignment - 1) / alignment * alignment != shape.row_stride) continue;
    arrangement.alignment = static_cast<GLint>(alignment);
    return true;
  }
  return false;
}

/// Describes the distance of images, which GL counts in rows. Returns false if pixel-store state cannot.
bool arrange_images(const ImageShape& shape, PixelArrangement& arrangement) noexcept {
  const std::uint64_t rows_apart = shape.image_stride / shape.row_stride;
  if (shape.image_stride % shape.row_stride != 0 || rows_apart > INT32_MAX) return false;
  if (arrangement.compressed ? rows_apart != shape.rows : rows_apart < shape.rows) return false;
  arrangement.image_height = static_cast<GLint>(rows_apart);
  return true;
}

/// A ring would only cost a copy, and the program forces none.
bool prefers_client_memory(const ContextState& context) noexcept {
  if (context.options.path) return *context.options.path == Path::traditional;
  return context.gl.quirk(QuirkId::software_direct) || !context.gl.limits.buffer_storage;
}

}  // namespace

Arranged arrange(const ImageShape& shape, bool has_images) noexcept {
  PixelArrangement arrangement = {.row_stride = shape.row_stride,
                                  .element_bytes = shape.texel.element_bytes,
                                  .compressed = shape.texel.kind == TexelKind::compressed,
                                  .rows = false,
                                  .images = has_images};
  if (!arrange_rows(shape, arrangement)) return {arrangement, {1, 1}};
  const bool all = shape.images > 1 && has_images && arrange_images(shape, arrangement);
  arrangement.rows = all || shape.rows > 1;
  return {arrangement, {all || shape.images == 1 ? shape.images : 1, shape.rows}};
}

bool uses_client_memory(const ContextState& context, const Texels& texels, const std::byte* memory) noexcept {
  const ImageShape& shape = texels.shape;
  // Sizes of memory are GLsizei for GL.
  if (!prefers_client_memory(context) || shape.end > INT32_MAX) return false;
  for (const std::uint64_t place :
       {address_of(memory) + shape.offset, shape.row_stride, shape.image_stride}) {
    // GL has no rule for it, and drivers load elements by their type.
    if (place % shape.texel.element_bytes != 0) return false;
  }
  return arrange(shape, texels.has_images).limit.rows == shape.rows;
}

}  // namespace pmb::detail
