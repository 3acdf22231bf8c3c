// SPDX-License-Identifier: MIT
#include "gl/texel_formats.hpp"

#include <algorithm>
#include <iterator>

namespace pmb::detail {
namespace {

/// Sets of types: a format lists those that it is legal with.
enum TypeSet : std::uint32_t {
  kU8 = 1 << 0,
  kS8 = 1 << 1,
  kU16 = 1 << 2,
  kS16 = 1 << 3,
  kU32 = 1 << 4,
  kS32 = 1 << 5,
  kHalf = 1 << 6,
  kFloat = 1 << 7,
  k332 = 1 << 8,
  k565 = 1 << 9,
  k4444 = 1 << 10,  ///< And 5551.
  k8888 = 1 << 11,
  k1010102 = 1 << 12,
  k111110F = 1 << 13,
  k9995 = 1 << 14,
  k248 = 1 << 15,
  kFloat248 = 1 << 16,
};
constexpr std::uint32_t kIntegers = kU8 | kS8 | kU16 | kS16 | kU32 | kS32;
constexpr std::uint32_t kNumbers = kIntegers | kHalf | kFloat;
constexpr std::uint32_t kPacked3 = k332 | k565;
constexpr std::uint32_t kPacked4 = k4444 | k8888 | k1010102;
constexpr std::uint32_t kSmallNumbersOfGles = kU8 | kS8 | kHalf | kFloat;
/// For GL_EXT_texture_norm16, which no core pair covers.
constexpr std::uint32_t kNorm16 = kU16 | kS16;

struct TypeRow {
  GLenum type;
  std::uint32_t set;
  std::uint8_t bytes;  ///< Of an element, or of a whole texel if its components share one.
  bool packed;
  bool gles;
};

constexpr TypeRow kTypes[] = {
    {GL_UNSIGNED_BYTE, kU8, 1, false, true},
    {GL_BYTE, kS8, 1, false, true},
    {GL_UNSIGNED_SHORT, kU16, 2, false, true},
    {GL_SHORT, kS16, 2, false, true},
    {GL_UNSIGNED_INT, kU32, 4, false, true},
    {GL_INT, kS32, 4, false, true},
    {GL_HALF_FLOAT, kHalf, 2, false, true},
    {GL_FLOAT, kFloat, 4, false, true},
    {GL_UNSIGNED_BYTE_3_3_2, k332, 1, true, false},
    {GL_UNSIGNED_BYTE_2_3_3_REV, k332, 1, true, false},
    {GL_UNSIGNED_SHORT_5_6_5, k565, 2, true, true},
    {GL_UNSIGNED_SHORT_5_6_5_REV, k565, 2, true, false},
    {GL_UNSIGNED_SHORT_4_4_4_4, k4444, 2, true, true},
    {GL_UNSIGNED_SHORT_4_4_4_4_REV, k4444, 2, true, false},
    {GL_UNSIGNED_SHORT_5_5_5_1, k4444, 2, true, true},
    {GL_UNSIGNED_SHORT_1_5_5_5_REV, k4444, 2, true, false},
    {GL_UNSIGNED_INT_8_8_8_8, k8888, 4, true, false},
    {GL_UNSIGNED_INT_8_8_8_8_REV, k8888, 4, true, false},
    {GL_UNSIGNED_INT_10_10_10_2, k1010102, 4, true, false},
    {GL_UNSIGNED_INT_2_10_10_10_REV, k1010102, 4, true, true},
    {GL_UNSIGNED_INT_10F_11F_11F_REV, k111110F, 4, true, true},
    {GL_UNSIGNED_INT_5_9_9_9_REV, k9995, 4, true, true},
    {GL_UNSIGNED_INT_24_8, k248, 4, true, true},
    {GL_FLOAT_32_UNSIGNED_INT_24_8_REV, kFloat248, 8, true, true},
};

/// Formats of OpenGL ES only.
constexpr GLenum kAlpha = 0x1906;
constexpr GLenum kLuminance = 0x1909;
constexpr GLenum kLuminanceAlpha = 0x190A;

struct FormatRow {
  GLenum format;
  TexelKind kind;
  std::uint8_t components;
  std::uint32_t desktop;  ///< The types that it is legal with.
  std::uint32_t gles;
};

constexpr FormatRow kFormats[] = {
    {GL_RED, TexelKind::colour, 1, kNumbers, kSmallNumbersOfGles | kNorm16},
    {GL_GREEN, TexelKind::colour, 1, kNumbers, 0},
    {GL_BLUE, TexelKind::colour, 1, kNumbers, 0},
    {GL_RG, TexelKind::colour, 2, kNumbers, kSmallNumbersOfGles | kNorm16},
    {GL_RGB, TexelKind::colour, 3, kNumbers | kPacked3 | k111110F | k9995,
     kSmallNumbersOfGles | kNorm16 | k565 | k111110F | k9995},
    {GL_BGR, TexelKind::colour, 3, kNumbers, 0},
    {GL_RGBA, TexelKind::colour, 4, kNumbers | kPacked4, kSmallNumbersOfGles | kNorm16 | k4444 | k1010102},
    // GLES: GL_EXT_texture_format_BGRA8888 and GL_EXT_read_format_bgra.
    {GL_BGRA, TexelKind::colour, 4, kNumbers | kPacked4, kU8},
    {GL_RED_INTEGER, TexelKind::integer, 1, kIntegers, kIntegers},
    {GL_GREEN_INTEGER, TexelKind::integer, 1, kIntegers, 0},
    {GL_BLUE_INTEGER, TexelKind::integer, 1, kIntegers, 0},
    {GL_RG_INTEGER, TexelKind::integer, 2, kIntegers, kIntegers},
    {GL_RGB_INTEGER, TexelKind::integer, 3, kIntegers | kPacked3, kIntegers},
    {GL_BGR_INTEGER, TexelKind::integer, 3, kIntegers, 0},
    {GL_RGBA_INTEGER, TexelKind::integer, 4, kIntegers | kPacked4, kIntegers | k1010102},
    {GL_BGRA_INTEGER, TexelKind::integer, 4, kIntegers | kPacked4, 0},
    {GL_DEPTH_COMPONENT, TexelKind::depth, 1, kNumbers, kU16 | kU32 | kFloat},
    {GL_STENCIL_INDEX, TexelKind::stencil, 1, kNumbers, kU8},
    {GL_DEPTH_STENCIL, TexelKind::depth_stencil, 1, k248 | kFloat248, k248 | kFloat248},
    {kAlpha, TexelKind::colour, 1, 0, kU8},
    {kLuminance, TexelKind::colour, 1, 0, kU8},
    {kLuminanceAlpha, TexelKind::colour, 2, 0, kU8},
};

/// A run of neighbouring enumerants with blocks of 4 x 4 texels.
struct BlockRow {
  GLenum first;
  GLenum last;
  std::uint8_t bytes;
  bool in_3d;
};

constexpr BlockRow kBlocks[] = {
    // GL_EXT_texture_compression_s3tc and, for sRGB, GL_EXT_texture_sRGB
    {GL_COMPRESSED_RGB_S3TC_DXT1_EXT, GL_COMPRESSED_RGBA_S3TC_DXT1_EXT, 8, false},
    {GL_COMPRESSED_RGBA_S3TC_DXT3_EXT, GL_COMPRESSED_RGBA_S3TC_DXT5_EXT, 16, false},
    {GL_COMPRESSED_SRGB_S3TC_DXT1_EXT, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT1_EXT, 8, false},
    {GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT3_EXT, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT5_EXT, 16, false},
    // OpenGL 4.6 core, appendix D
    {GL_COMPRESSED_RED_RGTC1, GL_COMPRESSED_SIGNED_RED_RGTC1, 8, false},
    {GL_COMPRESSED_RG_RGTC2, GL_COMPRESSED_SIGNED_RG_RGTC2, 16, false},
    {GL_COMPRESSED_RGBA_BPTC_UNORM, GL_COMPRESSED_RGB_BPTC_UNSIGNED_FLOAT, 16, true},
    {GL_COMPRESSED_R11_EAC, GL_COMPRESSED_SIGNED_R11_EAC, 8, false},
    {GL_COMPRESSED_RG11_EAC, GL_COMPRESSED_SIGNED_RG11_EAC, 16, false},
    {GL_COMPRESSED_RGB8_ETC2, GL_COMPRESSED_SRGB8_PUNCHTHROUGH_ALPHA1_ETC2, 8, false},
    {GL_COMPRESSED_RGBA8_ETC2_EAC, GL_COMPRESSED_SRGB8_ALPHA8_ETC2_EAC, 16, false},
};

/// Widths and heights of ASTC blocks, in the order of the enumerants, for RGBA and again for sRGB; 16 bytes each.
/// OpenGL ES 3.2, section C.2; GL_KHR_texture_compression_astc_ldr
constexpr std::uint8_t kAstcBlocks[][2] = {{4, 4}, {5, 4},  {5, 5},  {6, 5},  {6, 6},   {8, 5},   {8, 6},
                                           {8, 8}, {10, 5}, {10, 6}, {10, 8}, {10, 10}, {12, 10}, {12, 12}};

/// A run of neighbouring enumerants of internal formats that are neither colours nor compressed.
struct KindRow {
  GLenum first;
  GLenum last;
  TexelKind kind;
};

constexpr KindRow kKinds[] = {
    {GL_R8I, GL_RG32UI, TexelKind::integer},      // in between: R8UI, R16I, …, RG32I
    {GL_RGBA32UI, GL_RGB8I, TexelKind::integer},  // in between: more of GL_EXT_texture_integer
    {GL_RGB10_A2UI, GL_RGB10_A2UI, TexelKind::integer},
    {GL_DEPTH_COMPONENT, GL_DEPTH_COMPONENT, TexelKind::depth},
    {GL_DEPTH_COMPONENT16, GL_DEPTH_COMPONENT32, TexelKind::depth},
    {GL_DEPTH_COMPONENT32F, GL_DEPTH_COMPONENT32F, TexelKind::depth},
    {GL_DEPTH_STENCIL, GL_DEPTH_STENCIL, TexelKind::depth_stencil},
    {GL_DEPTH24_STENCIL8, GL_DEPTH24_STENCIL8, TexelKind::depth_stencil},
    {GL_DEPTH32F_STENCIL8, GL_DEPTH32F_STENCIL8, TexelKind::depth_stencil},
    {GL_STENCIL_INDEX, GL_STENCIL_INDEX, TexelKind::stencil},
    {GL_STENCIL_INDEX1, GL_STENCIL_INDEX16, TexelKind::stencil},
};

std::optional<TexelFormat> compressed_format(GLenum format) noexcept {
  for (const GLenum first :
       {GLenum{GL_COMPRESSED_RGBA_ASTC_4x4_KHR}, GLenum{GL_COMPRESSED_SRGB8_ALPHA8_ASTC_4x4_KHR}}) {
    if (format < first || format - first >= std::size(kAstcBlocks)) continue;
    const auto [width, height] = kAstcBlocks[format - first];
    return TexelFormat{TexelKind::compressed, 16, 1, width, height, true};
  }
  for (const BlockRow& row : kBlocks) {
    if (format < row.first || format > row.last) continue;
    return TexelFormat{TexelKind::compressed, row.bytes, 1, 4, 4, row.in_3d};
  }
  return std::nullopt;
}

}  // namespace

std::optional<TexelFormat> texel_format(GLenum format, GLenum type, Api api) noexcept {
  if (type == 0) return compressed_format(format);
  const auto* const row = std::ranges::find(kFormats, format, &FormatRow::format);
  const auto* const element = std::ranges::find(kTypes, type, &TypeRow::type);
  if (row == std::end(kFormats) || element == std::end(kTypes)) return std::nullopt;
  const bool desktop = api != Api::gles && (row->desktop & element->set) != 0;
  const bool gles = api != Api::desktop && element->gles && (row->gles & element->set) != 0;
  if (!desktop && !gles) return std::nullopt;
  const unsigned components = element->packed ? 1 : row->components;
  return TexelFormat{.kind = row->kind,
                     .bytes = static_cast<std::uint8_t>(element->bytes * components),
                     .element_bytes = element->bytes};
}

TexelKind kind_of_internal_format(GLenum internal_format) noexcept {
  for (const KindRow& row : kKinds) {
    if (internal_format >= row.first && internal_format <= row.last) return row.kind;
  }
  return compressed_format(internal_format) ? TexelKind::compressed : TexelKind::colour;
}

}  // namespace pmb::detail
