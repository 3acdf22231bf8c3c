// SPDX-License-Identifier: MIT
// Cuts a transfer of texels into GL commands, and sets the pixel-store state that describes their memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "context/context_state.hpp"
#include "gl/pixel_state.hpp"
#include "texture/image_shape.hpp"

namespace pmb::detail {

/// How pixel-store state describes a shape, and the bands of it that one command can transfer.
struct Arranged {
  PixelArrangement arrangement;
  BandLimit limit;
};
Arranged arrange(const ImageShape& shape, bool has_images) noexcept;

/// The address of memory as GL takes it while no pixel buffer is bound.
inline std::uint64_t address_of(const std::byte* memory) noexcept {
  return reinterpret_cast<std::uintptr_t>(memory);
}

/// True if GL transfers the texels from or to this memory of the process directly. A ring would only cost a copy: its memory
/// is system memory too, as on software renderers, or GL fills it by a call that copies. A path that the program forces has
/// a ring, except traditional. Shapes that pixel-store state cannot describe need a ring, which packs them.
bool uses_client_memory(const ContextState& context, const Texels& texels, const std::byte* memory) noexcept;

/// Calls `command(box, at, bytes)` for each band that one GL command can transfer. `at` is an offset into `buffer` of a band in
/// memory that starts at `base`, or an address if `buffer` is 0. `bytes` is the size of the band, packed.
template <class Command>
void for_each_command(PixelState& pixels, const Texels& texels, GLuint buffer, std::uint64_t base,
                      Command&& command) {
  const ImageShape& shape = texels.shape;
  pixels.use_buffer(buffer);
  const Arranged arranged = arrange(shape, texels.has_images);
  pixels.use(arranged.arrangement);
  const BandLimit limit = {std::min(texels.limit.images, arranged.limit.images),
                           std::min(texels.limit.rows, arranged.limit.rows)};
  for (Band band; shape.next(band, limit);) {
    command(texels.box(band), base + shape.place(band.image, band.row),
            band.images * band.rows * shape.row_bytes);
  }
}

}  // namespace pmb::detail
