// SPDX-License-Identifier: MIT
// Where the rows of an image lie in memory, and how an image is cut into bands that travel one at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <source_location>

#include "gl/texel_formats.hpp"

namespace pmb::detail {

/// Some rows of some images: of several images only whole ones.
struct Band {
  std::uint64_t image = 0;
  std::uint64_t images = 0;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
};

/// Rows are rows of blocks where the texels are compressed.
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
  /// The same rows with nothing between them, from byte 0 on.
  ImageShape packed(const Band& band) const noexcept;
  /// The band in this memory.
  ImageShape part(const Band& band) const noexcept;
};

/// The shape of a region in a layout. Statuses: invalid_argument, zero_size.
Result<ImageShape> shape_of(std::uint32_t width, std::uint32_t height, std::uint32_t depth,
                            const TexelLayout& layout, Api api, std::source_location where);

/// The part of a region that a band covers.
TextureRegion part_of(const TextureRegion& region, const ImageShape& shape, const Band& band) noexcept;

/// Copies the rows of `from` to where they belong in `to`; both have the same rows and images.
void copy_rows(const ImageShape& from, const std::byte* source, const ImageShape& to,
               std::byte* target) noexcept;

/// The greatest band of each kind.
struct BandLimit {
  std::uint64_t images = 1;
  std::uint64_t rows = 1;

  /// Bands of no more than `bytes`, packed; but a row at least.
  static BandLimit of_bytes(const ImageShape& shape, std::uint64_t bytes) noexcept {
    const std::uint64_t image_bytes = shape.rows * shape.row_bytes;
    if (image_bytes <= bytes) return {bytes / image_bytes, shape.rows};
    return {1, std::max<std::uint64_t>(1, bytes / shape.row_bytes)};
  }
};

/// Calls `travel(band)` for one band after the other, until one fails.
template <class Travel>
Result<void> for_each_band(const ImageShape& shape, const BandLimit& limit, Travel&& travel) {
  for (std::uint64_t image = 0; image < shape.images; image += limit.images) {
    for (std::uint64_t row = 0; row < shape.rows; row += limit.rows) {
      const Band band = {image, std::min(limit.images, shape.images - image), row,
                         std::min(limit.rows, shape.rows - row)};
      if (auto travelled = travel(band); !travelled) return travelled;
    }
  }
  return {};
}

}  // namespace pmb::detail
