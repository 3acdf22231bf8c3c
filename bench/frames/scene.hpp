// SPDX-License-Identifier: MIT
// Frames whose every byte is known: four framebuffers with different pixels, and in a corner the number of the frame.
#pragma once

#include <glad/gl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pmb/texture.hpp>
#include <span>
#include <vector>

namespace bench {

struct FrameShape {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t components = 4;  ///< 3 or 4 bytes a pixel.
  bool bottom_up = true;

  std::size_t row_bytes() const noexcept { return std::size_t{width} * components; }
  std::size_t bytes() const noexcept { return row_bytes() * height; }
  pmb::TexelLayout layout() const noexcept {
    return components == 3 ? pmb::TexelLayout::rgb8() : pmb::TexelLayout::rgba8();
  }
};

inline constexpr std::uint32_t kPictures = 4;
/// Pixels of the number, in both directions from the lower left.
inline constexpr std::uint32_t kCorner = 8;

inline std::byte picture_byte(std::uint32_t picture, std::uint32_t x, std::uint32_t y,
                              std::uint32_t component) {
  return static_cast<std::byte>(x * 3 + y * 5 + component * 67 + picture * 29);
}
/// The row of picture 0 with the same bytes, below 256: 5 * 205 is 1 modulo 256.
inline std::uint32_t row_of(std::uint32_t picture, std::uint32_t y) {
  return (y + picture * 29 * 205) % 256;
}
inline std::byte number_byte(std::uint64_t number, std::uint32_t component) {
  return component == 3 ? std::byte{255} : static_cast<std::byte>(number >> (8 * component));
}

/// Verifies frames. It needs no GL, so a process that reads a pipe can have one.
class FrameCheck {
 public:
  explicit FrameCheck(const FrameShape& shape) : shape_(shape), rows_(256) {
    for (std::uint32_t y = 0; y < rows_.size(); ++y) {
      rows_[y].reserve(shape.row_bytes());
      for (std::uint32_t x = 0; x < shape.width; ++x) {
        for (std::uint32_t c = 0; c < shape.components; ++c) rows_[y].push_back(picture_byte(0, x, y, c));
      }
    }
  }

  /// Ends the program if the frame is not the one of this number. `every_byte`: else one pixel of each row.
  void operator()(std::uint64_t number, std::span<const std::byte> frame, bool every_byte) const {
    if (frame.size() != shape_.bytes()) stop(number, "has a wrong size");
    const std::size_t row_bytes = shape_.row_bytes();
    const std::size_t corner_bytes = std::size_t{kCorner} * shape_.components;
    for (std::uint32_t row = 0; row < shape_.height; ++row) {
      const std::uint32_t y = shape_.bottom_up ? row : shape_.height - 1 - row;
      const std::byte* const found = frame.data() + row * row_bytes;
      const std::byte* const expected =
          rows_[row_of(static_cast<std::uint32_t>(number % kPictures), y)].data();
      std::size_t start = y < kCorner ? corner_bytes : 0;
      std::size_t end = row_bytes;
      if (!every_byte) {
        start = corner_bytes + (row * std::size_t{977} % (shape_.width - kCorner)) * shape_.components;
        end = start + shape_.components;
      }
      if (std::memcmp(found + start, expected + start, end - start) != 0) stop(number, "has wrong pixels");
      for (std::size_t at = 0; y < kCorner && at < corner_bytes; ++at) {
        if (found[at] != number_byte(number, static_cast<std::uint32_t>(at % shape_.components)))
          stop(number, "has another number");
      }
    }
  }

 private:
  [[noreturn]] static void stop(std::uint64_t number, const char* what) {
    std::fprintf(stderr, "frame %llu %s\n", static_cast<unsigned long long>(number), what);
    std::exit(1);
  }

  FrameShape shape_;
  std::vector<std::vector<std::byte>> rows_;  ///< Every row of every picture is one of these.
};

/// The framebuffers.
class FrameScene {
 public:
  FrameScene(const GladGLContext& gl, std::uint32_t width, std::uint32_t height) : gl_(gl) {
    gl_.GenTextures(kPictures, textures_);
    gl_.GenFramebuffers(kPictures, framebuffers_);
    std::vector<std::byte> pixels(std::size_t{width} * height * 4);
    for (std::uint32_t picture = 0; picture < kPictures; ++picture) {
      for (std::size_t at = 0; at < pixels.size(); ++at) {
        const std::size_t pixel = at / 4;
        pixels[at] =
            picture_byte(picture, static_cast<std::uint32_t>(pixel % width),
                         static_cast<std::uint32_t>(pixel / width), static_cast<std::uint32_t>(at % 4));
      }
      gl_.BindTexture(GL_TEXTURE_2D, textures_[picture]);
      gl_.TexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, static_cast<GLsizei>(width), static_cast<GLsizei>(height), 0,
                     GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
      gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffers_[picture]);
      gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, textures_[picture], 0);
    }
    gl_.Scissor(0, 0, kCorner, kCorner);
    gl_.PixelStorei(GL_PACK_ALIGNMENT, 1);
  }
  ~FrameScene() {
    gl_.DeleteFramebuffers(kPictures, framebuffers_);
    gl_.DeleteTextures(kPictures, textures_);
  }
  FrameScene(const FrameScene&) = delete;
  FrameScene& operator=(const FrameScene&) = delete;

  /// Binds a framebuffer and writes the number into its corner: the least work that makes each frame another one.
  void draw(std::uint64_t number) const {
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffers_[number % kPictures]);
    const auto component = [number](std::uint32_t at) {
      return static_cast<float>(std::to_integer<int>(number_byte(number, at))) / 255.0F;
    };
    gl_.Enable(GL_SCISSOR_TEST);
    gl_.ClearColor(component(0), component(1), component(2), component(3));
    gl_.Clear(GL_COLOR_BUFFER_BIT);
    gl_.Disable(GL_SCISSOR_TEST);
  }

 private:
  const GladGLContext& gl_;
  GLuint textures_[kPictures] = {};
  GLuint framebuffers_[kPictures] = {};
};

}  // namespace bench
