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

}  // namespace detail

Result<std::uint64_t> texel_bytes(const TextureRegion& region, const TexelLayout& layout,
                                  std::source_location where) {
  auto shape =
      detail::shape_of(region.width, region.height, region.depth, layout, detail::Api::either, where);
  if (!shape) return pass_on(shape);
  return shape->end;
}

}  // namespace pmb
