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

/// A size that GL does not report. The caller keeps within it.
constexpr std::uint64_t kUnknown = INT32_MAX;

/// The sizes and the format of a level, as far as they are known.
struct Level {
  std::uint64_t width = kUnknown;
  std::uint64_t height = kUnknown;
  std::uint64_t depth = kUnknown;
  GLenum internal_format = 0;
};

Result<void> check_extent(const Extent& extent, std::uint32_t level, std::source_location where) {
  if (extent.end() > extent.size) {
    return fail(ErrorId::region_outside, where, {.numbers = {extent.end(), level, extent.size}});
  }
  // The edge of the level may cut its last block (OpenGL 4.6 core, section 8.7).
  const bool starts = extent.first % extent.block == 0;
  const bool ends =
      extent.count % extent.block == 0 || extent.end() == extent.size || extent.size == kUnknown;
  if (!starts || !ends) {
    return fail(ErrorId::block_cut, where, {.numbers = {extent.first, extent.end(), extent.block}});
  }
  return {};
}

/// Levels that a texture of this target can have.
std::uint64_t level_count(const ContextState& context, const TextureTarget& target) noexcept {
  if (target.greatest_size == 0) return 1;
  const auto size = static_cast<std::uint32_t>(std::max(context.gl.integer(target.greatest_size), 1));
  return static_cast<std::uint64_t>(std::bit_width(size));
}

/// Ok if the texture exists, has this target, and can have the level.
Result<void> check_texture(const ContextState& context, const TextureCalls& calls,
                           const TextureTarget& target, const TextureRegion& region,
                           std::source_location where) {
  if (!context.gl.IsTexture(region.texture))
    return fail(ErrorId::not_a_texture, where, {.numbers = {region.texture}});
  if (const GLenum own = calls.target_of_texture(); own != target.target) {
    return fail(ErrorId::other_texture_target, where, {.numbers = {region.texture, own, target.target}});
  }
  // A query of a level that cannot exist is an error of GL.
  if (region.level != 0 && region.level >= level_count(context, target)) {
    return fail(ErrorId::region_outside, where, {.numbers = {region.width, region.level, 0}});
  }
  return {};
}

/// Ok if textures of this target can have the compressed format.
Result<void> check_compressed(const TexelFormat& texel, GLenum format, const TextureTarget& target,
                              std::source_location where) {
  const bool flat =
      target.dimensions == 1 || target.target == GL_TEXTURE_1D_ARRAY || target.target == GL_TEXTURE_RECTANGLE;
  if (!flat && (target.target != GL_TEXTURE_3D || texel.in_3d)) return {};
  return fail(ErrorId::format_not_of_target, where, {.numbers = {format, target.target}});
}

/// Reads what GL reports of a level, and what is not known yet.
void query_level(const TextureCalls& calls, const TextureTarget& target, const TextureRegion& region,
                 Level& level) {
  const auto query = [&](GLenum what) {
    return static_cast<std::uint64_t>(std::max(calls.level_parameter(region, what), 0));
  };
  level.width = query(GL_TEXTURE_WIDTH);
  if (target.dimensions >= 2) level.height = query(GL_TEXTURE_HEIGHT);
  if (level.depth == kUnknown) level.depth = query(GL_TEXTURE_DEPTH);
  level.internal_format = static_cast<GLenum>(query(GL_TEXTURE_INTERNAL_FORMAT));
}

/// True if GL converts texels of the one kind to the other. Depth and stencil can be read out of both together.
bool suits(TexelKind asked, TexelKind held, Transfer transfer) noexcept {
  if (asked == held) return true;
  if (transfer == Transfer::write) return false;
  if (held == TexelKind::depth_stencil) return asked == TexelKind::depth || asked == TexelKind::stencil;
  return held == TexelKind::compressed && asked == TexelKind::colour;
}

/// As check_region(), for a shape that the API has; by what GL returns. A lost context returns 0.
Result<CheckedRegion> check_shape(const ContextState& context, TextureBindings& bindings,
                                  const TextureRegion& region, const ImageShape& shape,
                                  const TextureTarget& target, GLenum format, Transfer transfer,
                                  std::source_location where) {
  const TextureCalls calls(context.gl, bindings, target, region.texture);
  if (auto legal = check_texture(context, calls, target, region, where); !legal) return pass_on(legal);
  const TexelFormat& texel = shape.texel;
  const bool compressed = texel.kind == TexelKind::compressed;
  if (compressed) {
    if (auto legal = check_compressed(texel, format, target, where); !legal) return pass_on(legal);
  }

  const bool cube = target.target == GL_TEXTURE_CUBE_MAP;
  Level level = {.height = target.dimensions >= 2 ? kUnknown : 1,
                 .depth = cube                     ? 6
                          : target.dimensions == 3 ? kUnknown
                                                   : 1};
  // Queries of a cube map name a face.
  if (auto inside = check_extent({region.z, region.depth, level.depth, 1}, region.level, where); !inside)
    return pass_on(inside);
  if (has_level_queries(context.gl)) query_level(calls, target, region, level);
  for (const Extent& extent : {Extent{region.x, region.width, level.width, texel.block_width},
                               Extent{region.y, region.height, level.height, texel.block_height},
                               Extent{region.z, region.depth, level.depth, 1}}) {
    if (auto inside = check_extent(extent, region.level, where); !inside) return pass_on(inside);
  }
  const GLenum held = level.internal_format;
  const bool same_blocks = !compressed || held == format;
  if (held != 0 && !(same_blocks && suits(texel.kind, kind_of_internal_format(held), transfer))) {
    return fail(ErrorId::texels_unsuited, where, {.numbers = {format, held}});
  }
  const bool whole =
      region.width == level.width && region.height == level.height && (cube || region.depth == level.depth);
  return CheckedRegion{{region, shape, heeds_images(target)}, calls, target, whole, held};
}

}  // namespace

Result<CheckedRegion> check_region(ContextState& context, TextureBindings& bindings,
                                   const TextureRegion& region, const TexelLayout& layout, Transfer transfer,
                                   std::source_location where) {
  if (auto current = context.check_current(where); !current) return pass_on(current);
  const bool gles = context.gl.limits.gles;
  const auto shape =
      shape_of(region.width, region.height, region.depth, layout, gles ? Api::gles : Api::desktop, where);
  if (!shape) return pass_on(shape);
  const TextureTarget* const target = find_texture_target(region.target, gles);
  if (!target) return fail(ErrorId::unknown_texture_target, where, {.numbers = {region.target}});
  return context.unless_lost(
      check_shape(context, bindings, region, *shape, *target, layout.format, transfer, where), where);
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

}  // namespace pmb::detail
