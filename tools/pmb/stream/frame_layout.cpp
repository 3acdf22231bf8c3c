// SPDX-License-Identifier: MIT
// Arithmetic of block layouts.

#include "frame_layout.hpp"

#include <charconv>

namespace pmb::tool {
namespace {

Outcome<FrameLayout> checked(FrameLayout layout) {
  if (layout.bytes == 0) return fail(kUsage, "a block of 0 bytes was asked for; give at least one byte");
  if (layout.bytes > kMaxBlockBytes) {
    return fail(kLimit,
                "a block of {} bytes is larger than the {} bytes that a shader can count; use smaller blocks",
                layout.bytes, kMaxBlockBytes);
  }
  return layout;
}

/// Rounded up.
std::uint32_t divided(std::uint32_t value, std::uint32_t divisor) {
  return value / divisor + (value % divisor != 0 ? 1 : 0);
}

std::uint32_t columns_a_sample(Chroma chroma) {
  if (chroma == Chroma::s411) return 4;
  return chroma == Chroma::s420 || chroma == Chroma::s422 ? 2 : 1;
}

std::uint32_t rows_a_sample(Chroma chroma) {
  return chroma == Chroma::s420 || chroma == Chroma::s440 ? 2 : 1;
}

bool parse_whole(std::string_view text, std::uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0;
}

}  // namespace

Outcome<FrameLayout> raw_layout(std::uint64_t bytes) {
  return checked({.bytes = bytes});
}

Outcome<FrameLayout> packed_layout(PixelFormat format, std::uint32_t width, std::uint32_t height) {
  const std::uint64_t pixels = std::uint64_t{width} * height;
  const std::uint64_t pixel_bytes = format == PixelFormat::gray8 ? 1 : format == PixelFormat::rgba8 ? 4 : 16;
  if (pixels > kMaxBlockBytes / pixel_bytes) {
    return fail(kLimit,
                "a frame of {}x{} pixels of {} bytes is larger than the {} bytes that a shader can count",
                width, height, pixel_bytes, kMaxBlockBytes);
  }
  return checked({.format = format,
                  .width = width,
                  .height = height,
                  .plane_count = 1,
                  .planes = {Plane{0, width, height}},
                  .sample_bits = format == PixelFormat::rgba32f ? 32U : 8U,
                  .bytes = pixels * pixel_bytes});
}

Outcome<FrameLayout> planar_layout(const VideoFormat& video, std::uint32_t width, std::uint32_t height) {
  if (std::uint64_t{width} * height > kMaxBlockBytes) {
    return fail(kLimit, "a frame of {}x{} pixels is larger than the {} bytes that a shader can count", width,
                height, kMaxBlockBytes);
  }
  FrameLayout layout{.format = video.sample_bits > 8 ? PixelFormat::yuv16 : PixelFormat::yuv8,
                     .width = width,
                     .height = height,
                     .sample_bits = video.sample_bits};
  const auto add_plane = [&](std::uint32_t plane_width, std::uint32_t plane_height) {
    layout.planes[layout.plane_count++] = {static_cast<std::uint32_t>(layout.bytes), plane_width,
                                           plane_height};
    layout.bytes += std::uint64_t{plane_width} * plane_height * layout.sample_bytes();
  };
  add_plane(width, height);
  if (video.chroma != Chroma::mono) {
    const std::uint32_t columns = columns_a_sample(video.chroma);
    const std::uint32_t rows = rows_a_sample(video.chroma);
    for (int i = 0; i < 2; ++i) add_plane(divided(width, columns), divided(height, rows));
  }
  if (video.alpha) add_plane(width, height);
  return checked(layout);
}

Outcome<FrameLayout> parse_layout(std::string_view size, std::string_view pixel) {
  const std::size_t cross = size.find('x');
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  if (cross == std::string_view::npos || !parse_whole(size.substr(0, cross), width) ||
      !parse_whole(size.substr(cross + 1), height)) {
    return fail(kUsage, "--size {} is not WIDTHxHEIGHT; write for example --size 1920x1080", size);
  }
  for (const PixelFormat format : {PixelFormat::gray8, PixelFormat::rgba8, PixelFormat::rgba32f}) {
    if (pixel == to_string(format)) return packed_layout(format, width, height);
  }
  return fail(kUsage, "--pixel {} is none of gray8, rgba8 and rgba32f", pixel);
}

std::string_view to_string(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::raw:
      return "raw";
    case PixelFormat::gray8:
      return "gray8";
    case PixelFormat::rgba8:
      return "rgba8";
    case PixelFormat::rgba32f:
      return "rgba32f";
    case PixelFormat::yuv8:
      return "yuv8";
    case PixelFormat::yuv16:
      return "yuv16";
  }
  return "?";
}

}  // namespace pmb::tool
