// SPDX-License-Identifier: MIT
// The table of built-in kernels with their GLSL.

#include "builtin_kernels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace pmb::tool {
namespace {

constexpr std::string_view kCopy = R"glsl(layout(local_size_x = 256) in;

void main() {
  uint word = pmb_word_index();
  pmb_store_word(word, pmb_load_word(word));
}
)glsl";

constexpr std::string_view kInvert = R"glsl(layout(local_size_x = 256) in;

void main() {
  uint word = pmb_word_index();
  uint value = pmb_load_word(word);
  if (pmb_pixel_format == PMB_RGBA32F) {
    precise float inverse = 1.0 - pmb_normal(uintBitsToFloat(value));
    pmb_store_word(word, pmb_float_bits(inverse));
  } else if (pmb_pixel_format == PMB_YUV16) {
    pmb_store_word(word, value ^ (pmb_sample_max() * 0x10001u));
  } else {
    pmb_store_word(word, ~value);
  }
}
)glsl";

constexpr std::string_view kGrayscale = R"glsl(layout(local_size_x = 256) in;

uint luma8(uint word) {
  return (77u * pmb_byte_of(word, 0u) + 150u * pmb_byte_of(word, 1u) + 29u * pmb_byte_of(word, 2u) + 128u) >> 8;
}

uint luma32f(uint pixel) {
  vec4 rgba = pmb_load_rgba32f(pixel);
  precise float red = 0.299 * pmb_normal(rgba.r);
  precise float green = 0.587 * pmb_normal(rgba.g);
  precise float blue = 0.114 * pmb_normal(rgba.b);
  precise float red_green = pmb_normal(red) + pmb_normal(green);
  precise float luma = pmb_normal(red_green) + pmb_normal(blue);
  return pmb_float_bits(luma);
}

void main() {
  uint word = pmb_word_index();
  uint value = pmb_load_word(word);
  if (pmb_pixel_format == PMB_RGBA8) {
    value = luma8(value) * 0x010101u | (value & 0xff000000u);
  } else if (pmb_pixel_format == PMB_RGBA32F) {
    if ((word & 3u) != 3u) value = luma32f(word >> 2);
  } else if (pmb_plane_count > 1u) {
    uint result = 0u;
    for (uint i = 0u; i < pmb_samples_per_word(); ++i) {
      uint at = word * 4u + i * pmb_sample_bytes;
      bool chroma = at >= pmb_plane_offset[1] && (pmb_plane_count < 4u || at < pmb_plane_offset[3]);
      result |= pmb_place_sample(chroma ? 1u << (pmb_sample_bits - 1u) : pmb_sample_of(value, i), i);
    }
    value = result;
  }
  pmb_store_word(word, value);
}
)glsl";

// Words in the middle of Y take the short way of four pixels at once; those at a border or at the end of a
// plane go pixel by pixel, as the definition says.
constexpr std::string_view kSobel = R"glsl(layout(local_size_x = 256) in;

int brightness(ivec2 position) {
  if (pmb_pixel_format != PMB_RGBA8) return int(pmb_load_plane(0u, position));
  uvec4 rgba = pmb_load_rgba8(pmb_pixel_at(position));
  return int((77u * rgba.r + 150u * rgba.g + 29u * rgba.b + 128u) >> 8);
}

uint edge(ivec2 at) {
  int a = brightness(at + ivec2(-1, -1)), b = brightness(at + ivec2(0, -1)), c = brightness(at + ivec2(1, -1));
  int d = brightness(at + ivec2(-1, 0)), f = brightness(at + ivec2(1, 0));
  int g = brightness(at + ivec2(-1, 1)), h = brightness(at + ivec2(0, 1)), i = brightness(at + ivec2(1, 1));
  int gx = (c + 2 * f + i) - (a + 2 * d + g);
  int gy = (g + 2 * h + i) - (a + 2 * b + c);
  return uint(min(int(pmb_sample_max()), abs(gx) + abs(gy)));
}

struct Row {
  ivec4 left, middle, right;
};

// Four bytes from `byte_index` on, and their neighbours.
Row load_row(uint byte_index) {
  uint low = pmb_load_unaligned(byte_index - 1u);
  uint high = pmb_load_unaligned(byte_index + 3u);
  return Row(ivec4(pmb_unpack_bytes(low)), ivec4(pmb_unpack_bytes((low >> 8) | (high << 24))),
             ivec4(pmb_unpack_bytes((low >> 16) | (high << 16))));
}

// Inside the plane, where no border is near.
uint four_edges(uint byte_index) {
  Row above = load_row(byte_index - pmb_width), same = load_row(byte_index), below = load_row(byte_index + pmb_width);
  ivec4 gx = (above.right + 2 * same.right + below.right) - (above.left + 2 * same.left + below.left);
  ivec4 gy = (below.left + 2 * below.middle + below.right) - (above.left + 2 * above.middle + above.right);
  uvec4 edges = uvec4(min(abs(gx) + abs(gy), 255));
  return pmb_pack_bytes(edges.x, edges.y, edges.z, edges.w);
}

void main() {
  uint word = pmb_word_index();
  if (pmb_pixel_format == PMB_RGBA8) {
    uint alpha = pmb_load_word(word) & 0xff000000u;
    pmb_store_word(word, edge(pmb_position(word)) * 0x010101u | alpha);
    return;
  }
  ivec2 first;
  uint plane = pmb_plane_of(word * 4u, first);
  uint source = pmb_load_word(word);
  uint gray = 1u << (pmb_sample_bits - 1u);
  uint value = gray * (pmb_sample_bytes == 2u ? 0x10001u : 0x01010101u);
  if (pmb_sample_bytes == 1u && plane == 0u && all(greaterThan(first, ivec2(0))) && first.x + 4 < int(pmb_width) &&
      first.y + 1 < int(pmb_height)) {
    value = four_edges(word * 4u);
  } else if (plane == 0u || pmb_plane_count > 3u) {
    value = 0u;
    for (uint i = 0u; i < pmb_samples_per_word(); ++i) {
      ivec2 position;
      uint own = pmb_plane_of(word * 4u + i * pmb_sample_bytes, position);
      uint result = own == 0u ? edge(position) : own == 3u ? pmb_sample_of(source, i) : gray;
      value |= pmb_place_sample(result, i);
    }
  }
  pmb_store_word(word, value);
}
)glsl";

constexpr std::string_view kConvolve = R"glsl(layout(local_size_x = 256) in;

uniform int size;
uniform float coefficients[225];
uniform float factor;
uniform float bias;

uint rounded(float sum) {
  precise float scaled = sum * factor;
  precise float shifted = scaled + bias;
  precise float half_up = shifted + 0.5;
  return uint(clamp(floor(half_up), 0.0, float(pmb_sample_max())));
}

uint plane_sum(ivec2 at) {
  precise float sum = 0.0;
  for (int j = 0; j < size; ++j) {
    for (int i = 0; i < size; ++i) {
      precise float term = coefficients[j * size + i] * float(pmb_load_plane(0u, at + ivec2(i, j) - size / 2));
      sum = sum + term;
    }
  }
  return rounded(sum);
}

// Inside the plane, where no border is near.
uint four_sums(uint byte_index) {
  precise vec4 sum = vec4(0.0);
  for (int j = 0; j < size; ++j) {
    uint row = byte_index + uint(j) * pmb_width - uint(size / 2) * (pmb_width + 1u);
    for (int i = 0; i < size; ++i) {
      precise vec4 term = coefficients[j * size + i] * vec4(pmb_unpack_bytes(pmb_load_unaligned(row + uint(i))));
      sum = sum + term;
    }
  }
  return pmb_pack_bytes(rounded(sum.x), rounded(sum.y), rounded(sum.z), rounded(sum.w));
}

uint pixel_sum(ivec2 at) {
  precise vec3 sum = vec3(0.0);
  for (int j = 0; j < size; ++j) {
    for (int i = 0; i < size; ++i) {
      uvec4 rgba = pmb_load_rgba8(pmb_pixel_at(at + ivec2(i, j) - size / 2));
      precise vec3 term = coefficients[j * size + i] * vec3(rgba.rgb);
      sum = sum + term;
    }
  }
  return pmb_pack_bytes(rounded(sum.r), rounded(sum.g), rounded(sum.b), 0u);
}

void main() {
  uint word = pmb_word_index();
  uint source = pmb_load_word(word);
  if (pmb_pixel_format == PMB_RGBA8) {
    pmb_store_word(word, pixel_sum(pmb_position(word)) | (source & 0xff000000u));
    return;
  }
  ivec2 first;
  uint plane = pmb_plane_of(word * 4u, first);
  ivec2 reach = ivec2(size / 2);
  uint value = source;
  if (pmb_sample_bytes == 1u && plane == 0u && all(greaterThanEqual(first, reach)) && first.x + 3 + reach.x < int(pmb_width) &&
      first.y + reach.y < int(pmb_height)) {
    value = four_sums(word * 4u);
  } else if (plane == 0u) {
    value = 0u;
    for (uint i = 0u; i < pmb_samples_per_word(); ++i) {
      ivec2 position;
      bool luma = pmb_plane_of(word * 4u + i * pmb_sample_bytes, position) == 0u;
      value |= pmb_place_sample(luma ? plane_sum(position) : pmb_sample_of(source, i), i);
    }
  }
  pmb_store_word(word, value);
}
)glsl";

constexpr std::string_view kScale = R"glsl(layout(local_size_x = 256) in;

uniform float a;
uniform float b;

void main() {
  uint word = pmb_word_index();
  uint value = pmb_load_word(word);
  if (word < pmb_block_bytes / 4u) {
    precise float product = pmb_normal(a) * pmb_normal(uintBitsToFloat(value));
    precise float sum = pmb_normal(product) + pmb_normal(b);
    value = pmb_float_bits(sum);
  }
  pmb_store_word(word, value);
}
)glsl";

// The effects are those on raw, gray8, rgba8, rgba32f and video. "max" is the largest value of a sample.
constexpr std::array<BuiltinKernel, 6> kKernels = {{
    {Builtin::copy,
     "copy",
     "every byte as it is",
     {"every byte", "every byte", "every byte", "every byte", "every byte of every plane"},
     kCopy},
    {Builtin::invert,
     "invert",
     "255 - x, or 1 - x for floats",
     {"255 - x for every byte", "255 - x", "255 - x for every byte, alpha too",
      "1 - x for every component, alpha too", "max - x for every sample of every plane"},
     kInvert},
    {Builtin::grayscale,
     "grayscale",
     "brightness without colour",
     {"", "unchanged", "(77 R + 150 G + 29 B + 128) / 256 into R, G and B; alpha kept",
      "0.299 R + 0.587 G + 0.114 B into R, G and B; alpha kept", "Y and alpha kept, U and V half of max + 1"},
     kGrayscale},
    {Builtin::sobel,
     "sobel",
     "edges: min(max, |gx| + |gy|) of the 3x3 Sobel operators, pixels at the border repeated outwards",
     {"", "edges of the pixels", "edges of the grayscale brightness into R, G and B; alpha kept", "",
      "edges of Y; U and V half of max + 1; alpha kept"},
     kSobel},
    {Builtin::convolve,
     "convolve",
     "weighted sum of the neighbours (--matrix, --divisor, --bias), pixels at the border repeated outwards",
     {"", "the pixels", "R, G and B each by itself; alpha kept", "", "Y; other planes kept"},
     kConvolve},
    {Builtin::scale,
     "scale",
     "a * x + b on 32-bit floats (--uniform a=2 --uniform b=0.5)",
     {"every 32-bit float; 1 to 3 bytes behind the last one are kept", "", "", "every component, alpha too",
      ""},
     kScale},
}};

Outcome<float> parse_coefficient(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  const std::string_view number = text.substr(begin, end > begin ? end - begin : 0);
  float value = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc() || stop != number.data() + number.size()) {
    return fail(kUsage, "--matrix: '{}' is not a number", text);
  }
  // Within these bounds no sum of 225 products with samples overflows or becomes subnormal, where drivers
  // differ.
  constexpr float kLeast = 1e-20F;
  constexpr float kMost = 1e20F;
  if (value != 0 && !(std::fabs(value) >= kLeast && std::fabs(value) <= kMost)) {
    return fail(kUsage, "--matrix: the coefficient {} is neither 0 nor between 1e-20 and 1e20", number);
  }
  return value;
}

}  // namespace

std::span<const BuiltinKernel> builtin_kernels() noexcept {
  return kKernels;
}

const BuiltinKernel* find_builtin(std::string_view name) noexcept {
  for (const BuiltinKernel& kernel : kKernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

std::string_view effect_on(const BuiltinKernel& kernel, PixelFormat format) noexcept {
  const auto known = format == PixelFormat::yuv16 ? PixelFormat::yuv8 : format;
  return kernel.effects[static_cast<std::size_t>(known)];
}

Outcome<Convolution> parse_convolution(std::string_view matrix, float divisor, float bias) {
  Convolution convolution;
  std::size_t columns = 0;
  std::size_t rows = 0;
  std::size_t at = 0;
  while (at <= matrix.size()) {
    const std::size_t row_end = std::min(matrix.find(';', at), matrix.size());
    std::size_t in_row = 0;
    while (at <= row_end) {
      const std::size_t end = std::min(matrix.find(',', at), row_end);
      auto value = parse_coefficient(matrix.substr(at, end - at));
      if (!value) return pass_on(value);
      convolution.coefficients.push_back(*value);
      ++in_row;
      at = end + 1;
    }
    ++rows;
    if (rows > 1 && in_row != columns) {
      return fail(kUsage, "--matrix: row {} has {} coefficients and the rows before have {}", rows, in_row,
                  columns);
    }
    columns = in_row;
  }
  if (rows != columns || rows % 2 == 0 || rows > Convolution::kMaxSize) {
    return fail(kUsage,
                "--matrix has {} rows of {} coefficients; it must be square, odd, and at most {} wide", rows,
                columns, Convolution::kMaxSize);
  }
  if (!std::isnormal(divisor) || !std::isnormal(1.0F / divisor))
    return fail(kUsage, "--divisor {} cannot be divided by", divisor);
  if (!std::isfinite(bias)) return fail(kUsage, "--bias {} is not a finite number", bias);
  convolution.size = static_cast<std::uint32_t>(rows);
  convolution.factor = 1.0F / divisor;
  convolution.bias = bias;
  return convolution;
}

Outcome<void> check_format(const BuiltinKernel& kernel, PixelFormat format) {
  if (!effect_on(kernel, format).empty()) return {};
  std::string known;
  for (std::size_t i = 0; i < std::size(kernel.effects); ++i) {
    if (kernel.effects[i].empty()) continue;
    const auto candidate = static_cast<PixelFormat>(i);
    if (!known.empty()) known += ", ";
    known += candidate == PixelFormat::yuv8  ? "YUV4MPEG2 video"
             : candidate == PixelFormat::raw ? "raw blocks (--block)"
                                             : to_string(candidate);
  }
  return fail(kUsage, "the built-in {} does not take {} blocks; it takes: {}", kernel.name, to_string(format),
              known);
}

std::uint32_t gpu_reads_of(Builtin builtin, const BuiltinParameters& parameters) noexcept {
  constexpr std::uint32_t kSobelNeighbours = 8;
  if (builtin == Builtin::sobel) return kSobelNeighbours;
  if (builtin == Builtin::convolve) return parameters.convolution.size * parameters.convolution.size;
  return 1;
}

}  // namespace pmb::tool
