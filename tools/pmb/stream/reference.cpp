// SPDX-License-Identifier: MIT
// The built-in kernels on the CPU. Slow and obvious on purpose.

#include "reference.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace pmb::tool {
namespace {

std::uint32_t normal_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = bits & 0x7f800000U;
  if (exponent == 0) return 0;
  return exponent == 0x7f800000U && (bits & 0x007fffffU) != 0 ? 0x7fc00000U : bits;
}

float normal(float value) {
  return std::bit_cast<float>(normal_bits(value));
}

float load_float(std::span<const std::byte> bytes, std::size_t index) {
  float value = 0;
  std::memcpy(&value, bytes.data() + index * sizeof(float), sizeof(float));
  return value;
}

void store_normal(std::span<std::byte> bytes, std::size_t index, float value) {
  const std::uint32_t bits = normal_bits(value);
  std::memcpy(bytes.data() + index * sizeof(bits), &bits, sizeof(bits));
}

int luma8(int red, int green, int blue) {
  return (77 * red + 150 * green + 29 * blue + 128) >> 8;
}

int load_sample(std::span<const std::byte> bytes, std::size_t offset, std::uint32_t sample_bytes) {
  const int low = std::to_integer<int>(bytes[offset]);
  return sample_bytes == 1 ? low : low + 256 * std::to_integer<int>(bytes[offset + 1]);
}

void store_sample(std::span<std::byte> bytes, std::size_t offset, std::uint32_t sample_bytes, int value) {
  bytes[offset] = static_cast<std::byte>(value & 255);
  if (sample_bytes == 2) bytes[offset + 1] = static_cast<std::byte>(value >> 8);
}

// The largest value of a sample of video, gray8 or rgba8.
int sample_max(const FrameLayout& layout) {
  return (1 << layout.sample_bits) - 1;
}

// A plane or an interleaved component, read with its border repeated outwards.
struct Image {
  std::span<const std::byte> bytes;
  std::int64_t width;
  std::int64_t height;
  bool interleaved;  ///< Four components of a byte.
  std::uint32_t sample_bytes;
  int max;

  std::size_t offset(std::int64_t x, std::int64_t y) const {
    return static_cast<std::size_t>(
        (std::clamp<std::int64_t>(y, 0, height - 1) * width + std::clamp<std::int64_t>(x, 0, width - 1)) *
        (interleaved ? 4 : sample_bytes));
  }
  int at(std::int64_t x, std::int64_t y, std::size_t component = 0) const {
    return load_sample(bytes, offset(x, y) + component, sample_bytes);
  }
  int brightness(std::int64_t x, std::int64_t y) const {
    return !interleaved ? at(x, y) : luma8(at(x, y, 0), at(x, y, 1), at(x, y, 2));
  }
};

int edge(const Image& image, std::int64_t x, std::int64_t y) {
  const auto p = [&](int dx, int dy) { return image.brightness(x + dx, y + dy); };
  const int gx = p(1, -1) + 2 * p(1, 0) + p(1, 1) - p(-1, -1) - 2 * p(-1, 0) - p(-1, 1);
  const int gy = p(-1, 1) + 2 * p(0, 1) + p(1, 1) - p(-1, -1) - 2 * p(0, -1) - p(1, -1);
  return std::min(image.max, std::abs(gx) + std::abs(gy));
}

int weighted(const Image& image, std::int64_t x, std::int64_t y, std::size_t component,
             const Convolution& convolution) {
  const auto size = static_cast<std::int64_t>(convolution.size);
  float sum = 0;
  for (std::int64_t j = 0; j < size; ++j) {
    for (std::int64_t i = 0; i < size; ++i) {
      const float coefficient = convolution.coefficients[static_cast<std::size_t>(j * size + i)];
      const auto value = static_cast<float>(image.at(x + i - size / 2, y + j - size / 2, component));
      const float term = coefficient * value;
      sum = sum + term;
    }
  }
  const float scaled = sum * convolution.factor;
  const float shifted = scaled + convolution.bias;
  return static_cast<int>(std::clamp(std::floor(shifted + 0.5F), 0.0F, static_cast<float>(image.max)));
}

// Sets pixels of the plane, or R, G and B of packed ones, from f(x, y, component); `output` starts as the
// input.
template <class Function>
void for_each_component(const Image& image, std::span<std::byte> output, Function&& f) {
  const std::size_t components = image.interleaved ? 3 : 1;
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      for (std::size_t component = 0; component < components; ++component) {
        store_sample(output, image.offset(x, y) + component, image.sample_bytes, f(x, y, component));
      }
    }
  }
}

void gray_chroma(const FrameLayout& layout, std::span<std::byte> output) {
  if (layout.plane_count < 3) return;
  const std::size_t end = layout.plane_count > 3 ? layout.planes[3].offset_bytes : layout.bytes;
  for (std::size_t at = layout.planes[1].offset_bytes; at < end; at += layout.sample_bytes()) {
    store_sample(output, at, layout.sample_bytes(), 1 << (layout.sample_bits - 1));
  }
}

void invert_samples(const FrameLayout& layout, std::span<const std::byte> input,
                    std::span<std::byte> output) {
  const std::uint32_t bytes = layout.sample_bytes();
  for (std::size_t at = 0; at < input.size(); at += bytes) {
    // Exclusive or equals max - x, and is defined for samples above max, too.
    store_sample(output, at, bytes, load_sample(input, at, bytes) ^ sample_max(layout));
  }
}

void grayscale_floats(std::span<const std::byte> input, std::span<std::byte> output) {
  for (std::size_t pixel = 0; pixel < input.size() / 16; ++pixel) {
    const float red = 0.299F * normal(load_float(input, pixel * 4));
    const float green = 0.587F * normal(load_float(input, pixel * 4 + 1));
    const float blue = 0.114F * normal(load_float(input, pixel * 4 + 2));
    const float red_green = normal(red) + normal(green);
    const float luma = normal(red_green) + normal(blue);
    for (std::size_t component = 0; component < 3; ++component)
      store_normal(output, pixel * 4 + component, luma);
  }
}

}  // namespace

void run_reference(Builtin builtin, const FrameLayout& layout, const BuiltinParameters& parameters,
                   std::span<const std::byte> input, std::uint64_t used_bytes, std::span<std::byte> output) {
  std::ranges::copy(input, output.begin());
  const bool floats = layout.format == PixelFormat::rgba32f;
  const Image image{.bytes = input,
                    .width = layout.width,
                    .height = layout.height,
                    .interleaved = layout.format == PixelFormat::rgba8,
                    .sample_bytes = floats ? 1 : layout.sample_bytes(),
                    .max = floats ? 0 : sample_max(layout)};
  switch (builtin) {
    case Builtin::copy:
      return;
    case Builtin::invert:
      if (floats) {
        for (std::size_t i = 0; i < input.size() / sizeof(float); ++i) {
          store_normal(output, i, 1.0F - normal(load_float(input, i)));
        }
      } else {
        invert_samples(layout, input, output);
      }
      return;
    case Builtin::grayscale:
      if (floats) {
        grayscale_floats(input, output);
      } else if (layout.format == PixelFormat::rgba8) {
        for_each_component(image, output, [&](std::int64_t x, std::int64_t y, std::size_t) {
          return image.brightness(x, y);
        });
      } else {
        gray_chroma(layout, output);
      }
      return;
    case Builtin::sobel:
      for_each_component(image, output,
                         [&](std::int64_t x, std::int64_t y, std::size_t) { return edge(image, x, y); });
      gray_chroma(layout, output);
      return;
    case Builtin::convolve:
      for_each_component(image, output, [&](std::int64_t x, std::int64_t y, std::size_t component) {
        return weighted(image, x, y, component, parameters.convolution);
      });
      return;
    case Builtin::scale:
      for (std::size_t i = 0; i < used_bytes / sizeof(float); ++i) {
        const float product = normal(parameters.a) * normal(load_float(input, i));
        store_normal(output, i, normal(product) + normal(parameters.b));
      }
      return;
  }
}

}  // namespace pmb::tool
