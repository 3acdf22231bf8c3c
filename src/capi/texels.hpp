// SPDX-License-Identifier: MIT
// Regions, layouts and rectangles of pmb.h as C++ takes them.
#pragma once

#include <pmb/texture.hpp>

#include "capi/border.hpp"

namespace pmb::capi {

inline TextureRegion from_c(const pmb_texture_region& region) noexcept {
  return {.texture = region.texture,
          .target = region.target,
          .level = region.level,
          .x = region.x,
          .y = region.y,
          .z = region.z,
          .width = region.width,
          .height = std::max(region.height, 1U),
          .depth = std::max(region.depth, 1U)};
}

inline TexelLayout from_c(const pmb_texel_layout& layout) {
  return {.format = layout.format,
          .type = layout.type,
          .offset_bytes = number(layout.offset_bytes),
          .row_stride_bytes = number(layout.row_stride_bytes),
          .image_stride_bytes = number(layout.image_stride_bytes)};
}

inline PixelRectangle from_c(const pmb_pixel_rectangle& rectangle) noexcept {
  return {rectangle.x, rectangle.y, rectangle.width, rectangle.height};
}

template <class Struct>
auto value_of(const Struct* given) {
  return from_c(*not_null(given));
}

}  // namespace pmb::capi
