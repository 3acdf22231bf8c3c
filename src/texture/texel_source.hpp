// SPDX-License-Identifier: MIT
// Texels that GL can read into a pixel buffer or into memory of the process, and the command that reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <source_location>

#include "context/context_state.hpp"
#include "gl/texture_calls.hpp"
#include "texture/image_shape.hpp"

namespace pmb::detail {

struct TexelSource {
  Texels texels;
  bool is_whole = false;  ///< A command reads no less than the limit of `texels`.
  /// Reads a box to `at`: an offset into the bound pixel buffer, or an address if none is bound.
  std::function<void(const TextureRegion& box, std::uint64_t at, std::uint64_t image_stride)> read;
};

/// The current read framebuffer. Statuses: invalid_argument, refused, zero_size, wrong_context, context_lost.
Result<TexelSource> source_of_pixels(ContextState& context, const PixelRectangle& rectangle,
                                     const TexelLayout& layout, std::source_location where);

/// A texture: in parts, in whole levels, or through a framebuffer, whichever this context can do first. `bindings` outlives
/// it. Statuses: those of check_region, and unsupported.
Result<TexelSource> source_of_texture(ContextState& context, TextureBindings& bindings,
                                      const TextureRegion& region, const TexelLayout& layout,
                                      std::source_location where);

}  // namespace pmb::detail
