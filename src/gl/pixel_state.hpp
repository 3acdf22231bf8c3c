// SPDX-License-Identifier: MIT
// The pixel-store state and the pixel buffer binding of one direction, borrowed and restored. Read only if it matters,
// set only if it differs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gl/gl_table.hpp"

namespace pmb::detail {

/// The layout of rows in a pixel buffer, as pixel-store state describes it (OpenGL 4.6 core, sections 8.4.4.1 and
/// 18.2.4).
struct PixelArrangement {
  GLint alignment = 1;
  GLint row_length = 0;
  GLint image_height = 0;
  std::uint64_t row_stride = 0;
  std::uint8_t element_bytes = 1;
  bool compressed = false;
  bool rows = true;    ///< There is more than one row, so their distance matters.
  bool images = true;  ///< The command transfers images, and there may be several.
};

class PixelState {
 public:
  enum class Direction : std::uint8_t { unpack, pack };

  PixelState(const GlTable& gl, Direction direction) noexcept
      : gl_(gl), unpacks_(direction == Direction::unpack) {}
  /// Restores everything.
  ~PixelState();
  PixelState(const PixelState&) = delete;
  PixelState& operator=(const PixelState&) = delete;

  void use_buffer(GLuint name) noexcept { set(bound_buffer, static_cast<GLint>(name)); }
  void use(const PixelArrangement& arrangement) noexcept;

 private:
  enum Parameter : std::uint8_t {
    alignment,
    row_length,
    image_height,
    skip_pixels,
    skip_rows,
    skip_images,
    swap_bytes,
    block_bytes,
    bound_buffer,  ///< The last: it is restored after the others.
    parameter_count
  };
  static constexpr GLenum kNames[2][parameter_count] = {
      {GL_PACK_ALIGNMENT, GL_PACK_ROW_LENGTH, GL_PACK_IMAGE_HEIGHT, GL_PACK_SKIP_PIXELS, GL_PACK_SKIP_ROWS,
       GL_PACK_SKIP_IMAGES, GL_PACK_SWAP_BYTES, GL_PACK_COMPRESSED_BLOCK_SIZE, GL_PIXEL_PACK_BUFFER_BINDING},
      {GL_UNPACK_ALIGNMENT, GL_UNPACK_ROW_LENGTH, GL_UNPACK_IMAGE_HEIGHT, GL_UNPACK_SKIP_PIXELS,
       GL_UNPACK_SKIP_ROWS, GL_UNPACK_SKIP_IMAGES, GL_UNPACK_SWAP_BYTES, GL_UNPACK_COMPRESSED_BLOCK_SIZE,
       GL_PIXEL_UNPACK_BUFFER_BINDING}};
  /// The caller's value and the current one.
  struct Value {
    GLint found = 0;
    GLint now = 0;
    bool known = false;
  };

  void set(Parameter parameter, GLint value) noexcept;
  void put(Parameter parameter, GLint value) const noexcept;

  const GlTable& gl_;
  bool unpacks_;
  Value values_[parameter_count];
};

}  // namespace pmb::detail
