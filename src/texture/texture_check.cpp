// SPDX-License-Identifier: MIT
#include "texture/texture_check.hpp"

#include <bit>

namespace pmb::detail {
namespace {

/// One direction of a box in a level.
struct Extent {
  std::uint64_t first;
  std::uint64_t count;
  std::uint64_t size;  ///< Of the level.
  std::uint64_t block;

  std::uint64_t end() const noexcept { return first + count; }
};

/// Where GL does not tell, the caller owes it.
constexpr std::uint64_t kUnknown = INT32_MAX;

Result<void> check_extent(const Extent& extent, std::uint32_t level, std::source_location where) {
  if (extent.end() > extent.size) {
    return fail(ErrorId::region_outside, where, {.numbers = {extent.end(), level, extent.size}});
  }
  // The last block of a level may be cut by the level's edge (OpenGL 4.6 core, section 8.7).
  const bool starts = extent.first % extent.block == 0;
  const bool ends =
      extent.count % extent.block == 0 || extent.end() == extent.size || extent.size == kUnknown;
  if (!starts || !ends) {
    return fail(ErrorId::block_cut, where, {.numbers = {extent.first, extent.end(), extent.block}});
  }
  return {};
}

/// Only texels of a kind can become each other. Of depth and stencil together either can be read.
bool suits(TexelKind asked, TexelKind held, Transfer transfer) noexcept {
  if (asked == held) return true;
  if (transfer == Transfer::write) return false;
  if (held == TexelKind::depth_stencil) return asked == TexelKind::depth || asked == TexelKind::stencil;
  return held == TexelKind::compressed && asked == TexelKind::colour;
}

/// Levels that a texture of this target can have.
std::uint64_t level_count(const ContextState& context, const TextureTarget& target) noexcept {
  if (target.greatest_size == 0) return 1;
  GLint size = 0;
  context.gl.GetIntegerv(target.greatest_size, &size);
  return static_cast<std::uint64_t>(std::bit_width(static_cast<std::uint32_t>(std::max(size, 1))));
}

}  // namespace

Result<CheckedRegion> check_region(ContextState& context, TextureBindings& bindings,
                                   const TextureRegion& region, const TexelLayout& layout, Transfer transfer,
                                   std::source_location where) {
  if (auto current = context.check_current(where); !current) return pass_on(current);
  CheckedRegion checked;
  const bool gles = context.gl.limits.gles;
  auto shape =
      shape_of(region.width, region.height, region.depth, layout, gles ? Api::gles : Api::desktop, where);
  if (!shape) return pass_on(shape);
  checked.shape = *shape;
  checked.target = find_texture_target(region.target, gles);
  if (!checked.target) return fail(ErrorId::unknown_texture_target, where, {.numbers = {region.target}});
  const TextureTarget& target = *checked.target;
  if (!context.gl.IsTexture(region.texture)) {
    if (auto usable = context.check_lost(where); !usable) return pass_on(usable);
    return fail(ErrorId::not_a_texture, where, {.numbers = {region.texture}});
  }
  const TextureCalls calls(context.gl, bindings, target, region.texture);
  if (const GLenum own = calls.target_of_texture(); own != target.target) {
    return fail(ErrorId::other_texture_target, where, {.numbers = {region.texture, own, target.target}});
  }
  // GL answers an error for levels that cannot exist.
  if (region.level != 0 && region.level >= level_count(context, target)) {
    return fail(ErrorId::region_outside, where, {.numbers = {region.width, region.level, 0}});
  }

  const TexelFormat& texel = checked.shape.texel;
  const bool compressed = texel.kind == TexelKind::compressed;
  if (compressed &&
      (target.dimensions == 1 || target.target == GL_TEXTURE_1D_ARRAY ||
       target.target == GL_TEXTURE_RECTANGLE || (target.target == GL_TEXTURE_3D && !texel.in_3d))) {
    return fail(ErrorId::format_not_of_target, where, {.numbers = {layout.format, target.target}});
  }
  std::uint64_t width = kUnknown;
  std::uint64_t height = target.dimensions >= 2 ? kUnknown : 1;
  std::uint64_t depth = target.target == GL_TEXTURE_CUBE_MAP ? 6 : target.dimensions == 3 ? kUnknown : 1;
  if (auto faces = check_extent({region.z, region.depth, depth, 1}, region.level, where); !faces)
    return pass_on(faces);
  if (has_level_queries(context.gl)) {
    const auto ask = [&](GLenum what) {
      return static_cast<std::uint64_t>(std::max(calls.level_parameter(region, what), 0));
    };
    width = ask(GL_TEXTURE_WIDTH);
    if (target.dimensions >= 2) height = ask(GL_TEXTURE_HEIGHT);
    if (depth == kUnknown) depth = ask(GL_TEXTURE_DEPTH);
    checked.internal_format = static_cast<GLenum>(ask(GL_TEXTURE_INTERNAL_FORMAT));
  }
  for (const Extent& extent : {Extent{region.x, region.width, width, texel.block_width},
                               Extent{region.y, region.height, height, texel.block_height},
                               Extent{region.z, region.depth, depth, 1}}) {
    if (auto inside = check_extent(extent, region.level, where); !inside) return pass_on(inside);
  }
  const bool every_image = target.target == GL_TEXTURE_CUBE_MAP || region.depth == depth;
  checked.whole_level = region.width == width && region.height == height && every_image;
  if (checked.internal_format != 0) {
    const TexelKind held = kind_of_internal_format(checked.internal_format);
    const bool same_blocks = !compressed || checked.internal_format == layout.format;
    if (!suits(texel.kind, held, transfer) || !same_blocks) {
      return fail(ErrorId::texels_unsuited, where, {.numbers = {layout.format, checked.internal_format}});
    }
  }
  return checked;
}

Result<void> check_bytes(const ImageShape& shape, std::uint64_t size, std::source_location where) {
  if (shape.end <= size) return {};
  return fail(ErrorId::range_outside, where, {.numbers = {shape.offset, shape.end, size}});
}

Result<void> check_alignment(const ImageShape& shape, std::uint64_t base, std::source_location where) {
  for (const std::uint64_t distance : {base + shape.offset, shape.row_stride, shape.image_stride}) {
    // OpenGL 4.6 core, section 8.4.4: an offset into a pixel buffer is a multiple of the type's size.
    if (distance % shape.texel.element_bytes != 0) {
      return fail(ErrorId::texels_misaligned, where, {.numbers = {distance, shape.texel.element_bytes}});
    }
  }
  return {};
}

Arranged arrange(const ImageShape& shape, bool has_images) noexcept {
  constexpr std::uint64_t kMost = INT32_MAX;
  Arranged arranged;
  PixelArrangement& arrangement = arranged.arrangement;
  arrangement.row_stride = shape.row_stride;
  arrangement.element_bytes = shape.texel.element_bytes;
  arrangement.compressed = shape.texel.kind == TexelKind::compressed;
  arrangement.images = has_images;
  const BandLimit everything = {shape.images, shape.rows};
  const BandLimit image_by_image = {1, shape.rows};

  const bool one_row = shape.rows == 1 && shape.images == 1;
  bool rows_said = one_row || shape.row_stride == shape.row_bytes;
  if (!rows_said && !arrangement.compressed && shape.row_stride % shape.texel.bytes == 0 &&
      shape.row_stride / shape.texel.bytes <= kMost) {
    arrangement.row_length = static_cast<GLint>(shape.row_stride / shape.texel.bytes);
    rows_said = true;
  }
  for (const GLint padded : {2, 4, 8}) {
    if (rows_said || arrangement.compressed) break;
    const auto step = static_cast<std::uint64_t>(padded);
    // Elements that are no smaller are never padded (OpenGL 4.6 core, section 8.4.4.1).
    if (step <= shape.texel.element_bytes || (shape.row_bytes + step - 1) / step * step != shape.row_stride)
      continue;
    arrangement.alignment = padded;
    rows_said = true;
  }
  if (!rows_said) {
    arrangement.rows = false;
    return arranged;
  }
  arranged.limit = image_by_image;
  arrangement.rows = shape.rows > 1;
  if (shape.images == 1) return arranged;

  // The distance of images is said in rows.
  const std::uint64_t rows_apart = shape.image_stride / shape.row_stride;
  const bool in_rows = shape.image_stride % shape.row_stride == 0 && rows_apart >= shape.rows &&
                       rows_apart <= kMost && has_images;
  if (!in_rows || (arrangement.compressed && rows_apart != shape.rows)) return arranged;
  arrangement.image_height = static_cast<GLint>(rows_apart);
  arrangement.rows = true;
  arranged.limit = everything;
  return arranged;
}

}  // namespace pmb::detail
