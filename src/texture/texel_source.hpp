// SPDX-License-Identifier: MIT
// The ways in which texels come out of GL into a pixel buffer or the process's memory: of the caller's framebuffer, of a texture in parts,
// of whole levels, and of a texture through a framebuffer.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <source_location>

#include "context/context_state.hpp"
#include "gl/texture_calls.hpp"
#include "texture/image_shape.hpp"
#include "texture/texture_check.hpp"

namespace pmb::detail {

class TexelSource {
 public:
  virtual ~TexelSource() = default;

  /// Reads a part of the region to `at` in the bound pixel buffer, or to the address `at` where none is bound. There is
  /// room for it.
  virtual void read(const TextureRegion& part, std::uint64_t at, std::uint64_t image_stride) noexcept = 0;
  /// What one read() can take.
  virtual BandLimit limit(const ImageShape& shape) const noexcept = 0;
  /// read() takes nothing less than the limit.
  virtual bool is_whole() const noexcept { return false; }
  /// One command reads several images.
  virtual bool has_images() const noexcept { return false; }

  TextureRegion region;
  ImageShape shape;
};

/// The current read framebuffer. Statuses: invalid_argument, refused, zero_size, wrong_context, context_lost.
Result<std::unique_ptr<TexelSource>> source_of_pixels(ContextState& context, const PixelRectangle& rectangle,
                                                      const TexelLayout& layout, std::source_location where);

/// The best way that this context has for the region. `bindings` outlives it.
/// Statuses: those of check_region, and unsupported.
Result<std::unique_ptr<TexelSource>> source_of_texture(ContextState& context, TextureBindings& bindings,
                                                       const TextureRegion& region, const TexelLayout& layout,
                                                       std::source_location where);

}  // namespace pmb::detail
