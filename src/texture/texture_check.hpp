// SPDX-License-Identifier: MIT
// What a transfer of texels must satisfy, checked before GL is asked: GL's own errors are the caller's, and in a
// no-error context there are none.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <source_location>

#include "context/context_state.hpp"
#include "gl/pixel_state.hpp"
#include "gl/texture_calls.hpp"
#include "texture/image_shape.hpp"

namespace pmb::detail {

/// A region of a texture, found legal.
struct CheckedRegion {
  const TextureTarget* target = nullptr;
  ImageShape shape;
  bool whole_level = false;    ///< Of a cube map: whole faces.
  GLenum internal_format = 0;  ///< 0 where GL does not tell.
};

enum class Transfer : std::uint8_t { write, read };

/// The shape of the region and what GL says of its level. Statuses: wrong_context, context_lost,
/// invalid_argument, refused, zero_size.
Result<CheckedRegion> check_region(ContextState& context, TextureBindings& bindings,
                                   const TextureRegion& region, const TexelLayout& layout, Transfer transfer,
                                   std::source_location where);

/// Ok if the shape lies in `size` bytes.
Result<void> check_bytes(const ImageShape& shape, std::uint64_t size, std::source_location where);
/// Ok if GL takes the shape from `base` bytes into a pixel buffer.
Result<void> check_alignment(const ImageShape& shape, std::uint64_t base, std::source_location where);

/// How pixel-store state says the shape, and which bands of it one command can take.
struct Arranged {
  PixelArrangement arrangement;
  BandLimit limit;
};
Arranged arrange(const ImageShape& shape, bool has_images) noexcept;

}  // namespace pmb::detail
