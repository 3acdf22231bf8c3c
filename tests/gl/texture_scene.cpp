// SPDX-License-Identifier: MIT
// See texture_scene.hpp.
#include "texture_scene.hpp"

#include <algorithm>
#include <cstring>

namespace gl_test {
namespace {

using pmb::TexelLayout;
using pmb::TextureRegion;

std::uint32_t blocks(std::uint32_t texels, std::uint32_t block) {
  return (texels + block - 1) / block;
}

// One row of the region, in texels or, for compressed formats, in blocks.
struct Rows {
  std::uint32_t block_width = 1;
  std::uint32_t block_height = 1;
  std::uint64_t texel_bytes = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t row_stride = 0;
  std::uint64_t image_stride = 0;

  std::uint64_t place(const TexelLayout& layout, std::uint64_t image, std::uint64_t row) const {
    return layout.offset_bytes + image * image_stride + row * row_stride;
  }
};

const CompressedKind* compressed_kind(GLenum format) {
  for (const CompressedKind& kind : kCompressed) {
    if (kind.format == format) return &kind;
  }
  return nullptr;
}

std::uint64_t size_of_type(GLenum type) {
  switch (type) {
    case GL_UNSIGNED_BYTE:
    case GL_BYTE:
      return 1;
    case GL_UNSIGNED_SHORT:
    case GL_SHORT:
    case GL_HALF_FLOAT:
      return 2;
    default:
      return 4;
  }
}

// Written by hand, so that the table of the library does not check itself.
std::uint64_t texel_size(const TexelLayout& layout) {
  switch (layout.type) {
    case GL_UNSIGNED_BYTE_3_3_2:
      return 1;
    case GL_UNSIGNED_SHORT_5_6_5:
    case GL_UNSIGNED_SHORT_4_4_4_4:
    case GL_UNSIGNED_SHORT_5_5_5_1:
      return 2;
    case GL_UNSIGNED_INT_8_8_8_8:
    case GL_UNSIGNED_INT_8_8_8_8_REV:
    case GL_UNSIGNED_INT_2_10_10_10_REV:
    case GL_UNSIGNED_INT_5_9_9_9_REV:
    case GL_UNSIGNED_INT_24_8:
      return 4;
    default:
      break;
  }
  switch (layout.format) {
    case GL_RG:
    case GL_RG_INTEGER:
      return 2 * size_of_type(layout.type);
    case GL_RGB:
    case GL_BGR:
      return 3 * size_of_type(layout.type);
    case GL_RGBA:
    case GL_BGRA:
    case GL_RGBA_INTEGER:
      return 4 * size_of_type(layout.type);
    default:
      return size_of_type(layout.type);
  }
}

Rows rows_of(const TextureRegion& region, const TexelLayout& layout) {
  Rows rows;
  if (const CompressedKind* kind = layout.type == 0 ? compressed_kind(layout.format) : nullptr) {
    rows.block_width = kind->block_width;
    rows.block_height = kind->block_height;
    rows.texel_bytes = kind->block_bytes;
  } else {
    rows.texel_bytes = texel_size(layout);
  }
  rows.row_bytes = blocks(region.width, rows.block_width) * rows.texel_bytes;
  rows.rows = blocks(region.height, rows.block_height);
  rows.row_stride = layout.row_stride_bytes != 0 ? layout.row_stride_bytes : rows.row_bytes;
  rows.image_stride =
      layout.image_stride_bytes != 0 ? layout.image_stride_bytes : rows.row_stride * rows.rows;
  return rows;
}

// A format and type to read and fill a texture of this format.
TexelLayout plain_layout(const TextureKind& kind) {
  if (kind.block.format != 0) return {.format = kind.internal_format};
  switch (kind.internal_format) {
    case GL_R8:
      return {.format = GL_RED, .type = GL_UNSIGNED_BYTE};
    case GL_RGBA8:
      return {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
    case GL_RGB8:
      return {.format = GL_RGB, .type = GL_UNSIGNED_BYTE};
    case GL_DEPTH_COMPONENT16:
      return {.format = GL_DEPTH_COMPONENT, .type = GL_UNSIGNED_SHORT};
    case GL_DEPTH_COMPONENT32F:
      return {.format = GL_DEPTH_COMPONENT, .type = GL_UNSIGNED_SHORT};
    case GL_DEPTH24_STENCIL8:
      return {.format = GL_DEPTH_STENCIL, .type = GL_UNSIGNED_INT_24_8};
    case GL_R8UI:
    case GL_R16I:
    case GL_R32UI:
    case GL_RG32I:
    case GL_RGBA8UI:
    case GL_RGBA32UI:
    case GL_RGB10_A2UI:
      return {.format = GL_RGBA_INTEGER, .type = GL_UNSIGNED_INT};
    default:
      return {.format = GL_RGBA, .type = GL_UNSIGNED_SHORT};
  }
}

GLenum face_of(GLenum target, std::uint32_t face) {
  return target == GL_TEXTURE_CUBE_MAP ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + face : target;
}

// Client memory without padding or skipped texels.
void reset_pixel_state(const GladGLContext& gl) {
  gl.BindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
  gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  for (const int name : {GL_UNPACK_ALIGNMENT, GL_PACK_ALIGNMENT})
    gl.PixelStorei(static_cast<GLenum>(name), 1);
}

Bytes read_level(const GladGLContext& gl, const TextureKind& kind, GLuint texture, std::uint32_t level,
                 const TexelLayout& layout) {
  reset_pixel_state(gl);
  gl.BindTexture(kind.target, texture);
  const TextureKind size = level_of(kind, level);
  const Rows rows = rows_of({.width = size.width, .height = size.height, .depth = size.depth},
                            {.format = layout.format, .type = layout.type});
  Bytes bytes(rows.image_stride * size.depth);
  const std::uint32_t faces = kind.target == GL_TEXTURE_CUBE_MAP ? 6 : 1;
  for (std::uint32_t face = 0; face < faces; ++face) {
    std::byte* target = bytes.data() + face * rows.image_stride;
    if (layout.type == 0) {
      gl.GetCompressedTexImage(face_of(kind.target, face), static_cast<GLint>(level), target);
    } else {
      gl.GetTexImage(face_of(kind.target, face), static_cast<GLint>(level), layout.format, layout.type,
                     target);
    }
  }
  return bytes;
}

}  // namespace

bool is_offered(const GladGLContext& gl, const CompressedKind& kind) {
  if (!kind.extension) return true;
  GLint count = 0;
  gl.GetIntegerv(GL_NUM_EXTENSIONS, &count);
  for (GLint i = 0; i < count; ++i) {
    if (std::strcmp(reinterpret_cast<const char*>(gl.GetStringi(GL_EXTENSIONS, static_cast<GLuint>(i))),
                    kind.extension) == 0)
      return true;
  }
  return false;
}

TextureKind level_of(const TextureKind& kind, std::uint32_t level) {
  TextureKind size = kind;
  size.width = std::max(1U, kind.width >> level);
  const bool layers_in_y = kind.target == GL_TEXTURE_1D_ARRAY;
  if (!layers_in_y) size.height = std::max(1U, kind.height >> level);
  if (kind.target == GL_TEXTURE_3D) size.depth = std::max(1U, kind.depth >> level);
  return size;
}

GLuint make_texture(const GladGLContext& gl, const TextureKind& kind, std::uint32_t seed) {
  GLuint name = 0;
  gl.GenTextures(1, &name);
  gl.BindTexture(kind.target, name);
  const auto levels = static_cast<GLsizei>(kind.levels);
  const auto width = static_cast<GLsizei>(kind.width);
  const auto height = static_cast<GLsizei>(kind.height);
  const auto depth = static_cast<GLsizei>(kind.depth);
  switch (kind.target) {
    case GL_TEXTURE_1D:
      gl.TexStorage1D(kind.target, levels, kind.internal_format, width);
      break;
    case GL_TEXTURE_3D:
    case GL_TEXTURE_2D_ARRAY:
    case GL_TEXTURE_CUBE_MAP_ARRAY:
      gl.TexStorage3D(kind.target, levels, kind.internal_format, width, height, depth);
      break;
    default:
      gl.TexStorage2D(kind.target, levels, kind.internal_format, width, height);
      break;
  }
  const TexelLayout layout = plain_layout(kind);
  for (std::uint32_t level = 0; level < kind.levels; ++level) {
    const TextureKind size = level_of(kind, level);
    const TextureRegion region = {.texture = name,
                                  .target = kind.target,
                                  .level = level,
                                  .width = size.width,
                                  .height = size.height,
                                  .depth = size.depth};
    const Rows rows = rows_of(region, layout);
    write_with_gl(gl, region, layout, pattern(rows.image_stride * size.depth, seed + level));
  }
  return name;
}

void write_with_gl(const GladGLContext& gl, const TextureRegion& region, const TexelLayout& layout,
                   std::span<const std::byte> bytes) {
  reset_pixel_state(gl);
  gl.BindTexture(region.target, region.texture);
  const Rows rows = rows_of(region, layout);
  const auto level = static_cast<GLint>(region.level);
  const auto x = static_cast<GLint>(region.x);
  const auto width = static_cast<GLsizei>(region.width);
  for (std::uint32_t image = 0; image < region.depth; ++image) {
    const auto z = static_cast<GLint>(region.z + image);
    for (std::uint64_t row = 0; row < rows.rows; ++row) {
      const auto y = static_cast<GLint>(region.y + row * rows.block_height);
      const auto height = static_cast<GLsizei>(
          std::min<std::uint64_t>(rows.block_height, region.height - row * rows.block_height));
      const std::byte* source = bytes.data() + rows.place(layout, image, row);
      const auto size = static_cast<GLsizei>(rows.row_bytes);
      const GLenum target = face_of(region.target, region.z + image);
      switch (region.target) {
        case GL_TEXTURE_1D:
          gl.TexSubImage1D(target, level, x, width, layout.format, layout.type, source);
          break;
        case GL_TEXTURE_3D:
        case GL_TEXTURE_2D_ARRAY:
        case GL_TEXTURE_CUBE_MAP_ARRAY:
          if (layout.type == 0) {
            gl.CompressedTexSubImage3D(target, level, x, y, z, width, height, 1, layout.format, size, source);
          } else {
            gl.TexSubImage3D(target, level, x, y, z, width, height, 1, layout.format, layout.type, source);
          }
          break;
        default:
          if (layout.type == 0) {
            gl.CompressedTexSubImage2D(target, level, x, y, width, height, layout.format, size, source);
          } else {
            gl.TexSubImage2D(target, level, x, y, width, height, layout.format, layout.type, source);
          }
          break;
      }
    }
  }
}

Bytes level_bytes(const GladGLContext& gl, const TextureKind& kind, GLuint texture, std::uint32_t level) {
  return read_level(gl, kind, texture, level, plain_layout(kind));
}

Bytes upside_down(const Bytes& bytes, std::size_t rows) {
  Bytes flipped(bytes.size());
  const std::size_t row = bytes.size() / rows;
  for (std::size_t y = 0; y < rows; ++y)
    std::memcpy(flipped.data() + y * row, bytes.data() + (rows - 1 - y) * row, row);
  return flipped;
}

Bytes gaps_of(std::size_t count) {
  return Bytes(count, kGap);
}

Bytes region_of_level(const GladGLContext& gl, const TextureKind& kind, const TextureRegion& region,
                      const TexelLayout& layout) {
  const Bytes level = read_level(gl, kind, region.texture, region.level, layout);
  const TextureKind size = level_of(kind, region.level);
  const TexelLayout packed = {.format = layout.format, .type = layout.type};
  const Rows all = rows_of({.width = size.width, .height = size.height, .depth = size.depth}, packed);
  const Rows part = rows_of(region, layout);
  Bytes bytes = gaps_of(part.place(layout, region.depth - 1, part.rows - 1) + part.row_bytes);
  for (std::uint64_t image = 0; image < region.depth; ++image) {
    for (std::uint64_t row = 0; row < part.rows; ++row) {
      const std::uint64_t from = all.place(packed, region.z + image, region.y / part.block_height + row) +
                                 region.x / part.block_width * part.texel_bytes;
      std::memcpy(bytes.data() + part.place(layout, image, row), level.data() + from, part.row_bytes);
    }
  }
  return bytes;
}

std::ptrdiff_t first_difference_in_rows(std::span<const std::byte> left, std::span<const std::byte> right,
                                        const TextureRegion& region, const TexelLayout& layout) {
  const Rows rows = rows_of(region, layout);
  for (std::uint64_t image = 0; image < region.depth; ++image) {
    for (std::uint64_t row = 0; row < rows.rows; ++row) {
      const std::uint64_t at = rows.place(layout, image, row);
      const std::ptrdiff_t difference =
          first_difference(left.subspan(at, rows.row_bytes), right.subspan(at, rows.row_bytes));
      if (difference >= 0) return static_cast<std::ptrdiff_t>(at) + difference;
    }
  }
  return -1;
}

std::string describe(const TextureKind& kind, const TextureRegion& region, const TexelLayout& layout) {
  char text[320];
  std::snprintf(
      text, sizeof text,
      "target %#x internal %#x, level %u at %u,%u,%u size %ux%ux%u, format %#x type %#x offset %llu "
      "strides %llu %llu",
      kind.target, kind.internal_format, region.level, region.x, region.y, region.z, region.width,
      region.height, region.depth, layout.format, layout.type,
      static_cast<unsigned long long>(layout.offset_bytes),
      static_cast<unsigned long long>(layout.row_stride_bytes),
      static_cast<unsigned long long>(layout.image_stride_bytes));
  return text;
}

BoundFramebuffer::BoundFramebuffer(const GladGLContext& gl, GLuint texture) : gl_(gl) {
  gl_.GenFramebuffers(1, &name_);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, name_);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
}

BoundFramebuffer::~BoundFramebuffer() {
  gl_.DeleteFramebuffers(1, &name_);
}

}  // namespace gl_test
