// SPDX-License-Identifier: MIT
// read_pixels(), read_texture() and upload_texture() with mapped memory, for objects that keep the state of their context.
#pragma once

#include <pmb/texture.hpp>

#include "context/context_state.hpp"

namespace pmb::detail {

Result<void> read_into_block(ContextState& context, const PixelRectangle& rectangle,
                             const TexelLayout& layout, Block block, std::source_location where);
Result<void> read_into_block(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                             Block block, std::source_location where);

Result<void> write_from_slice(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                              Slice slice, std::source_location where);
Result<void> write_from_block(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                              Block block, std::source_location where);

}  // namespace pmb::detail
