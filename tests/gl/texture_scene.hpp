// SPDX-License-Identifier: MIT
// Textures of every kind, written and read by the simplest GL calls: one row at a time, from and to client memory.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <pmb/texture.hpp>
#include <span>
#include <string>

#include "gl_fixture.hpp"

namespace gl_test {

struct CompressedKind {
  GLenum format = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t block_width = 1;
  std::uint32_t block_height = 1;
  const char* extension = nullptr;  // null: core
};

struct TextureKind {
  GLenum target = 0;
  GLenum internal_format = 0;
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  std::uint32_t depth = 1;
  std::uint32_t levels = 1;
  CompressedKind block = {};
};

struct Pair {
  GLenum internal_format;
  GLenum format;
  GLenum type;
};

inline constexpr Pair kPairs[] = {
    {GL_R8, GL_RED, GL_UNSIGNED_BYTE},
    {GL_R8_SNORM, GL_RED, GL_BYTE},
    {GL_R16, GL_RED, GL_UNSIGNED_SHORT},
    {GL_RG8, GL_RG, GL_UNSIGNED_BYTE},
    {GL_RG16, GL_RG, GL_UNSIGNED_SHORT},
    {GL_RGB8, GL_RGB, GL_UNSIGNED_BYTE},
    {GL_RGB8, GL_BGR, GL_UNSIGNED_BYTE},
    {GL_RGB565, GL_RGB, GL_UNSIGNED_SHORT_5_6_5},
    {GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE},
    {GL_RGBA8, GL_BGRA, GL_UNSIGNED_BYTE},
    {GL_RGBA8, GL_RGBA, GL_UNSIGNED_INT_8_8_8_8_REV},
    {GL_RGBA8, GL_BGRA, GL_UNSIGNED_INT_8_8_8_8},
    {GL_SRGB8_ALPHA8, GL_RGBA, GL_UNSIGNED_BYTE},
    {GL_RGBA4, GL_RGBA, GL_UNSIGNED_SHORT_4_4_4_4},
    {GL_RGB5_A1, GL_RGBA, GL_UNSIGNED_SHORT_5_5_5_1},
    {GL_RGB10_A2, GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV},
    {GL_RGBA16, GL_RGBA, GL_UNSIGNED_SHORT},
    {GL_R3_G3_B2, GL_RGB, GL_UNSIGNED_BYTE_3_3_2},
    {GL_RGB9_E5, GL_RGB, GL_UNSIGNED_INT_5_9_9_9_REV},
    {GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE},
    {GL_R16I, GL_RED_INTEGER, GL_SHORT},
    {GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT},
    {GL_RG32I, GL_RG_INTEGER, GL_INT},
    {GL_RGBA8UI, GL_RGBA_INTEGER, GL_UNSIGNED_BYTE},
    {GL_RGBA32UI, GL_RGBA_INTEGER, GL_UNSIGNED_INT},
    {GL_RGB10_A2UI, GL_RGBA_INTEGER, GL_UNSIGNED_INT_2_10_10_10_REV},
};

// As many levels as the smallest side can be halved.
inline constexpr TextureKind kKinds[] = {
    {.target = GL_TEXTURE_1D, .internal_format = GL_RGBA8, .width = 45, .levels = 3},
    {.target = GL_TEXTURE_1D_ARRAY, .internal_format = GL_RGBA8, .width = 45, .height = 9, .levels = 2},
    {.target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 45, .height = 22, .levels = 3},
    {.target = GL_TEXTURE_RECTANGLE, .internal_format = GL_RGBA8, .width = 45, .height = 22},
    {.target = GL_TEXTURE_2D_ARRAY,
     .internal_format = GL_RGBA8,
     .width = 21,
     .height = 13,
     .depth = 7,
     .levels = 2},
    {.target = GL_TEXTURE_3D,
     .internal_format = GL_RGBA8,
     .width = 21,
     .height = 13,
     .depth = 9,
     .levels = 2},
    {.target = GL_TEXTURE_CUBE_MAP,
     .internal_format = GL_RGBA8,
     .width = 17,
     .height = 17,
     .depth = 6,
     .levels = 2},
    {.target = GL_TEXTURE_CUBE_MAP_ARRAY,
     .internal_format = GL_RGBA8,
     .width = 17,
     .height = 17,
     .depth = 12,
     .levels = 2},
};

inline constexpr CompressedKind kCompressed[] = {
    {GL_COMPRESSED_RGBA_S3TC_DXT1_EXT, 8, 4, 4, "GL_EXT_texture_compression_s3tc"},
    {GL_COMPRESSED_RGBA_S3TC_DXT5_EXT, 16, 4, 4, "GL_EXT_texture_compression_s3tc"},
    {GL_COMPRESSED_RED_RGTC1, 8, 4, 4},
    {GL_COMPRESSED_RG_RGTC2, 16, 4, 4},
    {GL_COMPRESSED_RGBA_BPTC_UNORM, 16, 4, 4},
    {GL_COMPRESSED_RGB8_ETC2, 8, 4, 4},
    {GL_COMPRESSED_RGBA8_ETC2_EAC, 16, 4, 4},
    {GL_COMPRESSED_R11_EAC, 8, 4, 4},
    {GL_COMPRESSED_RGBA_ASTC_8x5_KHR, 16, 8, 5, "GL_KHR_texture_compression_astc_ldr"},
};

bool is_offered(const GladGLContext& gl, const CompressedKind& kind);

// The size of one level.
TextureKind level_of(const TextureKind& kind, std::uint32_t level);

// With immutable storage; every level has a different pattern.
GLuint make_texture(const GladGLContext& gl, const TextureKind& kind, std::uint32_t seed);

// glTexSubImage or glCompressedTexSubImage, one row of texels or blocks at a time.
void write_with_gl(const GladGLContext& gl, const pmb::TextureRegion& region, const pmb::TexelLayout& layout,
                   std::span<const std::byte> bytes);

// A whole level, read by GL into client memory.
Bytes level_bytes(const GladGLContext& gl, const TextureKind& kind, GLuint texture, std::uint32_t level);

// The rows in reverse.
Bytes upside_down(const Bytes& bytes, std::size_t rows);

inline constexpr std::byte kGap{0x5C};
Bytes gaps_of(std::size_t count);

// The region in this layout, cut out of the whole level, with kGap between its rows.
Bytes region_of_level(const GladGLContext& gl, const TextureKind& kind, const pmb::TextureRegion& region,
                      const pmb::TexelLayout& layout);

// As first_difference, but compares only texels.
std::ptrdiff_t first_difference_in_rows(std::span<const std::byte> left, std::span<const std::byte> right,
                                        const pmb::TextureRegion& region, const pmb::TexelLayout& layout);

std::string describe(const TextureKind& kind, const pmb::TextureRegion& region,
                     const pmb::TexelLayout& layout);

// A framebuffer with a 2D texture; bound during its lifetime.
class BoundFramebuffer {
 public:
  BoundFramebuffer(const GladGLContext& gl, GLuint texture);
  ~BoundFramebuffer();
  BoundFramebuffer(const BoundFramebuffer&) = delete;
  BoundFramebuffer& operator=(const BoundFramebuffer&) = delete;

 private:
  const GladGLContext& gl_;
  GLuint name_ = 0;
};

}  // namespace gl_test
