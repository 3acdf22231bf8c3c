// SPDX-License-Identifier: MIT
// How an image lies in memory, how it is cut into bands that travel one at a time, and the GL commands that transfer them.
#pragma once

#include <pmb/result.hpp>
#include <pmb/texture.hpp>

#include "context/context_state.hpp"
#include "gl/texel_formats.hpp"
#include "gl/texture_calls.hpp"

namespace pmb::detail {

/// Some rows of one image, or several whole images.
struct Band {
  std::uint64_t image = 0;
  std::uint64_t images = 0;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
};

/// The greatest band of each kind.
struct BandLimit {
  std::uint64_t images = UINT64_MAX;
  std::uint64_t rows = UINT64_MAX;
};

/// Rows of compressed images are rows of blocks.
struct ImageShape {
  TexelFormat texel;
  std::uint64_t rows = 0;
  std::uint64_t images = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t row_stride = 0;
  std::uint64_t image_stride = 0;
  std::uint64_t offset = 0;  ///< Of the first row.
  std::uint64_t end = 0;     ///< One past the last byte of the last row.

  std::uint64_t place(std::uint64_t image, std::uint64_t row) const noexcept {
    return offset + image * image_stride + row * row_stride;
  }
  bool is_packed() const noexcept {
    return row_stride == row_bytes && (images == 1 || image_stride == rows * row_bytes);
  }
  /// The band in this memory.
  ImageShape part(const Band& band) const noexcept;
  /// The band with nothing between its rows, from byte 0 on.
  ImageShape packed(const Band& band) const noexcept;

  /// Moves `band` to the next one of at most `limit`. The one before the first is Band{}. Returns false after the last.
  bool next(Band& band, const BandLimit& limit) const noexcept {
    band.row += band.rows;
    if (band.row == rows) {
      band.row = 0;
      band.image += band.images;
    }
    band.images = std::min(limit.images, images - band.image);
    band.rows = std::min(limit.rows, rows - band.row);
    return band.images != 0;
  }
  /// Bands of no more than `bytes`, packed, but at least a row.
  BandLimit limit_of(std::uint64_t bytes) const noexcept {
    const std::uint64_t image_bytes = rows * row_bytes;
    if (image_bytes <= bytes) return {bytes / image_bytes, rows};
    return {1, std::max<std::uint64_t>(1, bytes / row_bytes)};
  }
};

/// The shape of a region in a layout. Statuses: invalid_argument, zero_size.
Result<ImageShape> shape_of(std::uint32_t width, std::uint32_t height, std::uint32_t depth,
                            const TexelLayout& layout, Api api, std::source_location where);

/// Copies the rows of `from` to their places in `to`, which has as many rows and images.
void copy_rows(const ImageShape& from, const std::byte* source, const ImageShape& to,
               std::byte* target) noexcept;

/// A box of texels of GL, its shape in memory, and the commands that transfer it.
struct Texels {
  TextureRegion region;
  ImageShape shape;
  bool has_images = false;  ///< A command can transfer several images.
  BandLimit limit = {};     ///< Of one command.

  /// The part of the region that a band covers.
  TextureRegion box(const Band& band) const noexcept;
  /// The texels of the band alone, packed.
  Texels packed(const Band& band) const noexcept {
    return {box(band), shape.packed(band), has_images, limit};
  }
};

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

/// Calls `command(box, at, bytes)` for each band that one GL command can transfer. `at` is an offset into `buffer` of a band
/// in memory that starts at `base`, or an address if `buffer` is 0. `bytes` is the size of the band, packed.
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
