// SPDX-License-Identifier: MIT
#include "gl/pixel_state.hpp"

#include "gl/texture_calls.hpp"

namespace pmb::detail {

PixelState::~PixelState() {
  for (std::size_t i = 0; i < parameter_count; ++i) {
    const Value& value = values_[i];
    if (value.known && value.now != value.found) put(static_cast<Parameter>(i), value.found);
  }
}

void PixelState::put(Parameter parameter, GLint value) const noexcept {
  if (parameter == bound_buffer) {
    gl_.BindBuffer(unpacks_ ? GL_PIXEL_UNPACK_BUFFER : GL_PIXEL_PACK_BUFFER, static_cast<GLuint>(value));
  } else {
    gl_.PixelStorei(kNames[unpacks_][parameter], value);
  }
}

void PixelState::set(Parameter parameter, GLint wanted) noexcept {
  Value& value = values_[parameter];
  if (!value.known) {
    gl_.GetIntegerv(kNames[unpacks_][parameter], &value.found);
    value.now = value.found;
    value.known = true;
  }
  if (value.now == wanted) return;
  put(parameter, wanted);
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
  if (arrangement.images && !(gles && !unpacks_)) {
    set(skip_images, 0);
    set(image_height, arrangement.image_height);
  }
  if (!gles && arrangement.element_bytes > 1) set(swap_bytes, GL_FALSE);
}

}  // namespace pmb::detail
