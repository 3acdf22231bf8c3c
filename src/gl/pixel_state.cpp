// SPDX-License-Identifier: MIT
#include "gl/pixel_state.hpp"

#include "gl/texture_calls.hpp"

namespace pmb::detail {

PixelState::PixelState(const GlTable& gl, Direction direction) noexcept : gl_(gl), direction_(direction) {}

PixelState::~PixelState() {
  for (std::size_t i = 0; i < parameter_count; ++i) {
    const Value& value = values_[i];
    if (value.known && value.now != value.found) gl_.PixelStorei(name_of(i), value.found);
  }
  if (buffer_.known && buffer_.now != buffer_.found) {
    gl_.BindBuffer(target(), static_cast<GLuint>(buffer_.found));
  }
}

void PixelState::use_buffer(GLuint name) noexcept {
  if (!buffer_.known) {
    gl_.GetIntegerv(
        direction_ == Direction::unpack ? GL_PIXEL_UNPACK_BUFFER_BINDING : GL_PIXEL_PACK_BUFFER_BINDING,
        &buffer_.found);
    buffer_.now = buffer_.found;
    buffer_.known = true;
  }
  if (buffer_.now == static_cast<GLint>(name)) return;
  gl_.BindBuffer(target(), name);
  buffer_.now = static_cast<GLint>(name);
}

void PixelState::set(Parameter parameter, GLint wanted) noexcept {
  Value& value = values_[parameter];
  if (!value.known) {
    gl_.GetIntegerv(name_of(parameter), &value.found);
    value.now = value.found;
    value.known = true;
  }
  if (value.now == wanted) return;
  gl_.PixelStorei(name_of(parameter), wanted);
  value.now = wanted;
}

void PixelState::use(const PixelArrangement& arrangement) noexcept {
  const bool gles = gl_.limits.gles;
  if (arrangement.compressed) {
    // With a block size of 0, compressed images ignore all other state (OpenGL 4.6 core, section 8.7).
    if (has_compressed_pixel_storage(gl_)) set(block_bytes, 0);
    return;
  }
  set(skip_pixels, 0);
  set(skip_rows, 0);
  if (arrangement.rows) {
    set(row_length, arrangement.row_length);
    // No alignment pads rows that are a multiple of 8 bytes.
    if (arrangement.alignment != 1 || arrangement.row_stride % 8 != 0) set(alignment, arrangement.alignment);
  }
  // OpenGL ES packs no images.
  if (arrangement.images && !(gles && direction_ == Direction::pack)) {
    set(skip_images, 0);
    set(image_height, arrangement.image_height);
  }
  if (!gles && arrangement.element_bytes > 1) set(swap_bytes, GL_FALSE);
}

}  // namespace pmb::detail
