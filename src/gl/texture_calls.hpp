// SPDX-License-Identifier: MIT
// The texture calls of GL, by name (direct state access) or by binding on the active unit, which is restored.
// The caller checks the arguments. Texels lie at offsets into the bound pixel buffer or, if none is bound, at
// addresses of system memory (OpenGL 4.6 core, section 8.4.1).
#pragma once

#include <pmb/texture.hpp>

#include "gl/gl_table.hpp"

namespace pmb::detail {

/// One target whose levels are written and read in parts.
struct TextureTarget {
  GLenum target;
  GLenum binding;
  GLenum greatest_size;  ///< The limit that determines its number of levels; 0: it has one level.
  std::uint8_t dimensions;
  bool gles;
};

/// Transfers of such texels use the image part of pixel-store state. Mesa (22.3) counts layers of 1D arrays
/// as images, against OpenGL 4.6 core, section 8.5.2.
inline bool heeds_images(const TextureTarget& target) noexcept {
  return target.dimensions == 3 || target.target == GL_TEXTURE_1D_ARRAY;
}

/// Null for any other target.
const TextureTarget* find_texture_target(GLenum target, bool gles) noexcept;

inline bool at_least(const GlTable& gl, int desktop, int gles) noexcept {
  const int wanted = gl.limits.gles ? gles : desktop;
  return wanted != 0 && gl.version() >= wanted;
}
/// GL reports sizes and formats of levels.
inline bool has_level_queries(const GlTable& gl) noexcept {
  return at_least(gl, 30, 31);
}
inline bool has_compressed_pixel_storage(const GlTable& gl) noexcept {
  return at_least(gl, 42, 0) || (!gl.limits.gles && gl.has("GL_ARB_compressed_texture_pixel_storage"));
}
/// GL reads parts of textures.
inline bool has_get_sub_image(const GlTable& gl) noexcept {
  return gl.limits.direct_state_access && (at_least(gl, 45, 0) || gl.has("GL_ARB_get_texture_sub_image"));
}

/// Bindings of the active unit, restored at the end.
class TextureBindings {
 public:
  explicit TextureBindings(const GlTable& gl) noexcept : gl_(gl) {}
  ~TextureBindings();
  TextureBindings(const TextureBindings&) = delete;
  TextureBindings& operator=(const TextureBindings&) = delete;

  void bind(const TextureTarget& target, GLuint texture) noexcept;

 private:
  static constexpr std::size_t kTargets = 8;
  struct Binding {
    GLenum target = 0;
    GLint found = 0;
    GLint now = 0;
  };
  const GlTable& gl_;
  Binding bindings_[kTargets];
};

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

/// The pixel-store state and the pixel buffer binding of one direction, restored at the end. Read only if it matters, set
/// only if it differs.
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

/// Calls on one texture.
class TextureCalls {
 public:
  TextureCalls(const GlTable& gl, TextureBindings& bindings, const TextureTarget& target,
               GLuint texture) noexcept
      : gl_(gl),
        bindings_(bindings),
        target_(target),
        texture_(texture),
        by_name_(gl.limits.direct_state_access) {}

  /// The target of the texture in GL, or the given one if GL cannot be asked.
  GLenum target_of_texture() const noexcept;
  GLint level_parameter(const TextureRegion& region, GLenum what) const noexcept;

  /// Type 0 writes compressed blocks of `bytes` bytes. `image_stride`: bytes from face to face of a cube map.
  void write(const TextureRegion& box, GLenum format, GLenum type, std::uint64_t at, std::uint64_t bytes,
             std::uint64_t image_stride) const noexcept;

  /// Reads a part. Needs has_get_sub_image.
  void read_part(const TextureRegion& box, GLenum format, GLenum type, std::uint64_t at) const noexcept;
  /// Reads a whole level, or of a cube map the faces of the box. Type 0 reads compressed blocks.
  void read_level(const TextureRegion& box, GLenum format, GLenum type, std::uint64_t at,
                  std::uint64_t image_stride) const noexcept;

 private:
  GLenum face_target(std::uint32_t face) const noexcept {
    return face_by_face() ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + face : target_.target;
  }
  /// Always by binding: by name NVIDIA (580.159) writes nothing into cube maps of glTexImage2D.
  bool face_by_face() const noexcept { return target_.target == GL_TEXTURE_CUBE_MAP; }
  void bind() const noexcept { bindings_.bind(target_, texture_); }
  /// Calls the function that takes a name, or binds the texture and calls the one that takes a target.
  template <class ByName, class ByTarget, class... Arguments>
  void edit(ByName by_name, ByTarget by_target, Arguments... arguments) const noexcept {
    if (by_name_) return by_name(texture_, arguments...);
    bind();
    by_target(target_.target, arguments...);
  }

  const GlTable& gl_;
  TextureBindings& bindings_;
  const TextureTarget& target_;
  GLuint texture_;
  bool by_name_;
};

}  // namespace pmb::detail
