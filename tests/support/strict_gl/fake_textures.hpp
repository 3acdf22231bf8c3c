// SPDX-License-Identifier: MIT
//
// Texture images, pixel-store state and framebuffers of the strict fake GL.
#pragma once

#include <glad/gl.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "fake_storage.hpp"

namespace strict_gl {

// The fake does not convert texels: each internal format has exactly one format and type.
struct TexelRow {
  GLenum internal_format;
  GLenum format;
  GLenum type;               // 0: compressed
  std::int64_t texel_bytes;  // of a block if compressed
  std::int64_t element_bytes;
  std::int64_t block_width;
  std::int64_t block_height;
  GLenum component_type;  // GL_NONE: not renderable
};
const TexelRow* find_texels(GLenum internal_format);

struct TextureLevel {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t depth = 0;
  std::shared_ptr<Storage> storage;
};

struct TextureObject {
  GLuint name = 0;
  GLenum target = 0;  // 0 until first bound
  const TexelRow* texels = nullptr;
  std::vector<TextureLevel> levels;

  [[nodiscard]] std::int64_t columns(const TextureLevel& level) const {
    return (level.width + texels->block_width - 1) / texels->block_width;
  }
  [[nodiscard]] std::int64_t rows(const TextureLevel& level) const {
    return (level.height + texels->block_height - 1) / texels->block_height;
  }
  // The offset of a texel or block in the storage of the level.
  [[nodiscard]] std::int64_t place(const TextureLevel& level, std::int64_t column, std::int64_t row,
                                   std::int64_t image) const {
    return ((image * rows(level) + row) * columns(level) + column) * texels->texel_bytes;
  }
};
using Texture = std::shared_ptr<TextureObject>;

struct Box {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t z = 0;
  std::int64_t width = 1;
  std::int64_t height = 1;
  std::int64_t depth = 1;
};

enum class PixelDirection { unpack, pack };

// The glPixelStorei state of one direction.
struct PixelStore {
  GLint alignment = 4;
  GLint row_length = 0;
  GLint image_height = 0;
  GLint skip_pixels = 0;
  GLint skip_rows = 0;
  GLint skip_images = 0;
  GLint swap_bytes = 0;
  GLint lsb_first = 0;
  std::array<GLint, 4> compressed_block{};  // width, height, depth, size
};

struct Attachment {
  Texture texture;
  std::size_t level = 0;
  std::int64_t layer = 0;
};

struct FramebufferObject {
  GLuint name = 0;
  GLenum read_buffer = GL_COLOR_ATTACHMENT0;
  std::map<GLenum, Attachment> attachments;
};
using Framebuffer = std::shared_ptr<FramebufferObject>;

}  // namespace strict_gl
