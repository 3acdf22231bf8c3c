// SPDX-License-Identifier: MIT
#include "gl/texture_calls.hpp"

namespace pmb::detail {
namespace {

constexpr TextureTarget kTargets[] = {
    {GL_TEXTURE_1D, GL_TEXTURE_BINDING_1D, GL_MAX_TEXTURE_SIZE, 1, false},
    {GL_TEXTURE_1D_ARRAY, GL_TEXTURE_BINDING_1D_ARRAY, GL_MAX_TEXTURE_SIZE, 2, false},
    {GL_TEXTURE_2D, GL_TEXTURE_BINDING_2D, GL_MAX_TEXTURE_SIZE, 2, true},
    {GL_TEXTURE_RECTANGLE, GL_TEXTURE_BINDING_RECTANGLE, 0, 2, false},
    {GL_TEXTURE_2D_ARRAY, GL_TEXTURE_BINDING_2D_ARRAY, GL_MAX_TEXTURE_SIZE, 3, true},
    {GL_TEXTURE_3D, GL_TEXTURE_BINDING_3D, GL_MAX_3D_TEXTURE_SIZE, 3, true},
    {GL_TEXTURE_CUBE_MAP, GL_TEXTURE_BINDING_CUBE_MAP, GL_MAX_CUBE_MAP_TEXTURE_SIZE, 3, true},
    {GL_TEXTURE_CUBE_MAP_ARRAY, GL_TEXTURE_BINDING_CUBE_MAP_ARRAY, GL_MAX_CUBE_MAP_TEXTURE_SIZE, 3, true},
};

void* pointer_of(std::uint64_t at) noexcept {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(at));
}
GLint signed_of(std::uint32_t value) noexcept {
  return static_cast<GLint>(value);
}

/// A region as GL arguments.
struct Box {
  GLint level, x, y, z;
  GLsizei width, height, depth;
};
Box box_of(const TextureRegion& region) noexcept {
  return {signed_of(region.level), signed_of(region.x),      signed_of(region.y),    signed_of(region.z),
          signed_of(region.width), signed_of(region.height), signed_of(region.depth)};
}

}  // namespace

const TextureTarget* find_texture_target(GLenum target, bool gles) noexcept {
  for (const TextureTarget& row : kTargets) {
    if (row.target == target && (row.gles || !gles)) return &row;
  }
  return nullptr;
}

TextureBindings::~TextureBindings() {
  for (const Binding& binding : bindings_) {
    if (binding.target != 0 && binding.now != binding.found) {
      gl_.BindTexture(binding.target, static_cast<GLuint>(binding.found));
    }
  }
}

void TextureBindings::bind(const TextureTarget& target, GLuint texture) noexcept {
  static_assert(kTargets == std::size(detail::kTargets));
  Binding& binding = bindings_[&target - detail::kTargets];
  if (binding.target == 0) {
    binding.target = target.target;
    gl_.GetIntegerv(target.binding, &binding.found);
    binding.now = binding.found;
  }
  if (binding.now == static_cast<GLint>(texture)) return;
  gl_.BindTexture(target.target, texture);
  binding.now = static_cast<GLint>(texture);
}

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

GLenum TextureCalls::target_of_texture() const noexcept {
  if (!by_name_) return target_.target;
  GLint target = 0;
  gl_.GetTextureParameteriv(texture_, GL_TEXTURE_TARGET, &target);
  return static_cast<GLenum>(target);
}

GLint TextureCalls::level_parameter(const TextureRegion& region, GLenum what) const noexcept {
  GLint value = 0;
  if (by_name_) {
    gl_.GetTextureLevelParameteriv(texture_, signed_of(region.level), what, &value);
  } else {
    bind();
    gl_.GetTexLevelParameteriv(face_target(region.z), signed_of(region.level), what, &value);
  }
  return value;
}

void TextureCalls::write(const TextureRegion& box, GLenum format, GLenum type, std::uint64_t at,
                         std::uint64_t bytes, std::uint64_t image_stride) const noexcept {
  const auto [level, x, y, z, width, height, depth] = box_of(box);
  const bool compressed = type == 0;
  const auto size = static_cast<GLsizei>(bytes);
  const void* const texels = pointer_of(at);
  if (face_by_face()) {
    bind();
    for (std::uint32_t face = 0; face < box.depth; ++face) {
      const GLenum target = face_target(box.z + face);
      const void* const image = pointer_of(at + face * image_stride);
      if (compressed) {
        gl_.CompressedTexSubImage2D(target, level, x, y, width, height, format, size / depth, image);
      } else {
        gl_.TexSubImage2D(target, level, x, y, width, height, format, type, image);
      }
    }
  } else if (target_.dimensions == 3 && compressed) {
    edit(gl_.CompressedTextureSubImage3D, gl_.CompressedTexSubImage3D, level, x, y, z, width, height, depth,
         format, size, texels);
  } else if (target_.dimensions == 3) {
    edit(gl_.TextureSubImage3D, gl_.TexSubImage3D, level, x, y, z, width, height, depth, format, type,
         texels);
  } else if (compressed) {
    edit(gl_.CompressedTextureSubImage2D, gl_.CompressedTexSubImage2D, level, x, y, width, height, format,
         size, texels);
  } else if (target_.dimensions == 2) {
    edit(gl_.TextureSubImage2D, gl_.TexSubImage2D, level, x, y, width, height, format, type, texels);
  } else {
    edit(gl_.TextureSubImage1D, gl_.TexSubImage1D, level, x, width, format, type, texels);
  }
}

void TextureCalls::read_part(const TextureRegion& box, GLenum format, GLenum type,
                             std::uint64_t at) const noexcept {
  const auto [level, x, y, z, width, height, depth] = box_of(box);
  // The caller has checked the room. NVIDIA (580.159) also counts the gap after the last row, and rejects exact room.
  constexpr GLsizei room = INT32_MAX;
  if (type == 0) {
    gl_.GetCompressedTextureSubImage(texture_, level, x, y, z, width, height, depth, room, pointer_of(at));
  } else {
    gl_.GetTextureSubImage(texture_, level, x, y, z, width, height, depth, format, type, room,
                           pointer_of(at));
  }
}

void TextureCalls::read_level(const TextureRegion& box, GLenum format, GLenum type, std::uint64_t at,
                              std::uint64_t image_stride) const noexcept {
  bind();
  const GLint level = signed_of(box.level);
  const std::uint32_t faces = face_by_face() ? box.depth : 1;
  for (std::uint32_t face = 0; face < faces; ++face) {
    const GLenum target = face_target(box.z + face);
    void* const texels = pointer_of(at + face * image_stride);
    if (type == 0) {
      gl_.GetCompressedTexImage(target, level, texels);
    } else {
      gl_.GetTexImage(target, level, format, type, texels);
    }
  }
}

}  // namespace pmb::detail
