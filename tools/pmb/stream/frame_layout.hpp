// SPDX-License-Identifier: MIT
// What a block consists of: plain bytes, packed pixels, or the planes of a video frame as they lie in its
// file.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/failure.hpp"

namespace pmb::tool {

/// The values are those of the PMB_… constants that kernels see.
enum class PixelFormat : std::uint32_t { raw = 0, gray8 = 1, rgba8 = 2, rgba32f = 3, yuv8 = 4, yuv16 = 5 };

struct Plane {
  std::uint32_t offset_bytes = 0;
  std::uint32_t width = 0;  ///< In pixels, as the height.
  std::uint32_t height = 0;
};

/// How the chroma planes of a video frame are sampled.
enum class Chroma : std::uint8_t { mono, s411, s420, s422, s440, s444 };

/// The colour format of a video.
struct VideoFormat {
  Chroma chroma = Chroma::s420;
  std::uint32_t sample_bits =
      8;               ///< Of a sample; above 8, a sample is 16 bits, least significant byte first.
  bool alpha = false;  ///< A fourth plane of the size of Y.
};

struct FrameLayout {
  PixelFormat format = PixelFormat::raw;
  std::uint32_t width = 0;  ///< In pixels; 0 for raw blocks.
  std::uint32_t height = 0;
  std::uint32_t plane_count = 0;
  std::array<Plane, 4> planes = {};
  std::uint32_t sample_bits = 8;
  std::uint64_t bytes = 0;  ///< Of a whole block.

  std::uint32_t sample_bytes() const noexcept { return (sample_bits + 7) / 8; }
};

/// Most bytes of a block: what 32-bit byte offsets in a shader reach, in whole words.
inline constexpr std::uint64_t kMaxBlockBytes = 0xFFFFFFFC;

/// The size of the storage for `bytes`: whole 32-bit words.
constexpr std::uint64_t padded_bytes(std::uint64_t bytes) {
  return (bytes + 3) / 4 * 4;
}

Outcome<FrameLayout> raw_layout(std::uint64_t bytes);
/// gray8, rgba8 and rgba32f, rows without padding.
Outcome<FrameLayout> packed_layout(PixelFormat format, std::uint32_t width, std::uint32_t height);
/// Y, U, V, alpha, as far as the format has them, each without padding; chroma sizes are rounded up.
Outcome<FrameLayout> planar_layout(const VideoFormat& video, std::uint32_t width, std::uint32_t height);

/// From `--size WxH --pixel NAME`.
Outcome<FrameLayout> parse_layout(std::string_view size, std::string_view pixel);

std::string_view to_string(PixelFormat format) noexcept;

}  // namespace pmb::tool
