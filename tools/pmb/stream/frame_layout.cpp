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

std::uint32_t half(std::uint32_t value) {
  return value / 2 + value % 2;
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
                  .bytes = pixels * pixel_bytes});
}

Outcome<FrameLayout> planar_layout(Chroma chroma, std::uint32_t width, std::uint32_t height) {
  const std::uint64_t pixels = std::uint64_t{width} * height;
  if (pixels > kMaxBlockBytes / 3) {
    return fail(kLimit, "a frame of {}x{} pixels is larger than the {} bytes that a shader can count", width,
                height, kMaxBlockBytes);
  }
  FrameLayout layout{.format = PixelFormat::yuv8, .width = width, .height = height, .plane_count = 1};
  layout.planes[0] = {0, width, height};
  layout.bytes = pixels;
  if (chroma != Chroma::mono) {
    const std::uint32_t chroma_width = chroma == Chroma::s444 ? width : half(width);
    const std::uint32_t chroma_height = chroma == Chroma::s420 ? half(height) : height;
    for (std::uint32_t plane = 1; plane < 3; ++plane) {
      layout.planes[plane] = {static_cast<std::uint32_t>(layout.bytes), chroma_width, chroma_height};
      layout.bytes += std::uint64_t{chroma_width} * chroma_height;
    }
    layout.plane_count = 3;
  }
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
  }
  return "?";
}

}  // namespace pmb::tool
