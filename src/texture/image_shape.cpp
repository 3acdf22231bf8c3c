// SPDX-License-Identifier: MIT
#include "texture/image_shape.hpp"

#include <cstring>

#include "base/fail.hpp"

namespace pmb {
namespace detail {
namespace {

/// Beyond any memory, and so small that no sum of a few of them overflows.
constexpr std::uint64_t kGreatestEnd = std::uint64_t{1} << 62;

/// a + b * c, at most kGreatestEnd.
std::uint64_t add_product(std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
  if (a >= kGreatestEnd || (c != 0 && b > (kGreatestEnd - a) / c)) return kGreatestEnd;
  return a + b * c;
}

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

ImageShape ImageShape::packed(const Band& band) const noexcept {
  ImageShape shape = *this;
  shape.images = band.images;
  shape.rows = band.rows;
  shape.row_stride = row_bytes;
  shape.image_stride = band.rows * row_bytes;
  shape.offset = 0;
  shape.end = band.images * shape.image_stride;
  return shape;
}

ImageShape ImageShape::part(const Band& band) const noexcept {
  ImageShape shape = *this;
  shape.images = band.images;
  shape.rows = band.rows;
  shape.offset = place(band.image, band.row);
  shape.end = place(band.image + band.images - 1, band.row + band.rows - 1) + row_bytes;
  return shape;
}

Result<ImageShape> shape_of(std::uint32_t width, std::uint32_t height, std::uint32_t depth,
                            const TexelLayout& layout, Api api, std::source_location where) {
  if (width == 0 || height == 0 || depth == 0) return fail(ErrorId::zero_size, where);
  const auto texel = texel_format(layout.format, layout.type, api);
  if (!texel) return fail(ErrorId::unknown_texels, where, {.numbers = {layout.format, layout.type}});
  ImageShape shape = {.texel = *texel};
  const std::uint64_t columns = (std::uint64_t{width} + texel->block_width - 1) / texel->block_width;
  shape.row_bytes = columns * texel->bytes;
  shape.rows = (std::uint64_t{height} + texel->block_height - 1) / texel->block_height;
  shape.images = depth;
  shape.offset = layout.offset_bytes;
  shape.row_stride = layout.row_stride_bytes != 0 ? layout.row_stride_bytes : shape.row_bytes;
  if (shape.row_stride < shape.row_bytes) {
    return fail(ErrorId::stride_too_short, where, {.numbers = {shape.row_stride, shape.row_bytes}});
  }
  const std::uint64_t image_bytes = add_product(shape.row_bytes, shape.rows - 1, shape.row_stride);
  shape.image_stride = layout.image_stride_bytes != 0 ? layout.image_stride_bytes
                                                      : add_product(0, shape.rows, shape.row_stride);
  if (shape.image_stride < image_bytes) {
    return fail(ErrorId::stride_too_short, where, {.numbers = {shape.image_stride, image_bytes}});
  }
  shape.end = add_product(image_bytes, shape.images - 1, shape.image_stride);
  shape.end = add_product(shape.end, shape.offset, 1);
  if (shape.end >= kGreatestEnd) return fail(ErrorId::exceeds_address_space, where, {.numbers = {shape.end}});
  return shape;
}

TextureRegion Texels::box(const Band& band) const noexcept {
  TextureRegion part = region;
  const std::uint64_t skipped = band.row * shape.texel.block_height;
  part.y += static_cast<std::uint32_t>(skipped);
  part.height = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(band.rows * shape.texel.block_height, region.height - skipped));
  part.z += static_cast<std::uint32_t>(band.image);
  part.depth = static_cast<std::uint32_t>(band.images);
  return part;
}

void copy_rows(const ImageShape& from, const std::byte* source, const ImageShape& to,
               std::byte* target) noexcept {
  for (std::uint64_t image = 0; image < from.images; ++image) {
    for (std::uint64_t row = 0; row < from.rows; ++row) {
      std::memcpy(target + to.place(image, row), source + from.place(image, row), from.row_bytes);
    }
  }
}

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

}  // namespace detail

Result<std::uint64_t> texel_bytes(const TextureRegion& region, const TexelLayout& layout,
                                  std::source_location where) {
  auto shape =
      detail::shape_of(region.width, region.height, region.depth, layout, detail::Api::either, where);
  if (!shape) return pass_on(shape);
  return shape->end;
}

}  // namespace pmb
