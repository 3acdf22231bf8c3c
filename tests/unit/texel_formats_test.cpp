// SPDX-License-Identifier: MIT
// Every pair of a pixel format and a type, and every compressed format: which API has it, and its size in memory.
#include "gl/texel_formats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace {

using pmb::detail::Api;
using pmb::detail::kind_of_internal_format;
using pmb::detail::texel_format;
using pmb::detail::TexelKind;

using Enums = std::vector<GLenum>;

bool has(const Enums& list, GLenum value) {
  return std::ranges::find(list, value) != list.end();
}
Enums operator+(Enums left, const Enums& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

struct Format {
  GLenum name;
  TexelKind kind;
  unsigned components;
  Enums packed;  ///< Types of table 8.5 of OpenGL 4.6 core that it combines with.
  Enums gles;    ///< Types of table 8.2 of OpenGL ES 3.2, and of extensions.
};

struct Type {
  GLenum name;
  unsigned bytes;
};

const Enums kIntegers = {GL_UNSIGNED_BYTE, GL_BYTE, GL_UNSIGNED_SHORT, GL_SHORT, GL_UNSIGNED_INT, GL_INT};
const Enums kFloats = {GL_HALF_FLOAT, GL_FLOAT};
const Enums kThree = {GL_UNSIGNED_BYTE_3_3_2, GL_UNSIGNED_BYTE_2_3_3_REV, GL_UNSIGNED_SHORT_5_6_5,
                      GL_UNSIGNED_SHORT_5_6_5_REV};
const Enums kFour = {GL_UNSIGNED_SHORT_4_4_4_4,  GL_UNSIGNED_SHORT_4_4_4_4_REV,
                     GL_UNSIGNED_SHORT_5_5_5_1,  GL_UNSIGNED_SHORT_1_5_5_5_REV,
                     GL_UNSIGNED_INT_8_8_8_8,    GL_UNSIGNED_INT_8_8_8_8_REV,
                     GL_UNSIGNED_INT_10_10_10_2, GL_UNSIGNED_INT_2_10_10_10_REV};
const Enums kShared = {GL_UNSIGNED_INT_10F_11F_11F_REV, GL_UNSIGNED_INT_5_9_9_9_REV};
const Enums kDepthStencil = {GL_UNSIGNED_INT_24_8, GL_FLOAT_32_UNSIGNED_INT_24_8_REV};
// With GL_EXT_texture_norm16.
const Enums kGlesColour = kFloats + Enums{GL_UNSIGNED_BYTE, GL_BYTE, GL_UNSIGNED_SHORT, GL_SHORT};
// Not in the header of desktop OpenGL.
constexpr GLenum kAlpha = 0x1906;
constexpr GLenum kLuminance = 0x1909;
constexpr GLenum kLuminanceAlpha = 0x190A;

const std::vector<Format> kFormats = {
    {GL_RED, TexelKind::colour, 1, {}, kGlesColour},
    {GL_GREEN, TexelKind::colour, 1, {}, {}},
    {GL_BLUE, TexelKind::colour, 1, {}, {}},
    {GL_RG, TexelKind::colour, 2, {}, kGlesColour},
    {GL_RGB, TexelKind::colour, 3, kThree + kShared, kGlesColour + kShared + Enums{GL_UNSIGNED_SHORT_5_6_5}},
    {GL_BGR, TexelKind::colour, 3, {}, {}},
    {GL_RGBA, TexelKind::colour, 4, kFour,
     kGlesColour +
         Enums{GL_UNSIGNED_SHORT_4_4_4_4, GL_UNSIGNED_SHORT_5_5_5_1, GL_UNSIGNED_INT_2_10_10_10_REV}},
    {GL_BGRA, TexelKind::colour, 4, kFour, {GL_UNSIGNED_BYTE}},
    {GL_RED_INTEGER, TexelKind::integer, 1, {}, kIntegers},
    {GL_GREEN_INTEGER, TexelKind::integer, 1, {}, {}},
    {GL_BLUE_INTEGER, TexelKind::integer, 1, {}, {}},
    {GL_RG_INTEGER, TexelKind::integer, 2, {}, kIntegers},
    {GL_RGB_INTEGER, TexelKind::integer, 3, kThree, kIntegers},
    {GL_BGR_INTEGER, TexelKind::integer, 3, {}, {}},
    {GL_RGBA_INTEGER, TexelKind::integer, 4, kFour, kIntegers + Enums{GL_UNSIGNED_INT_2_10_10_10_REV}},
    {GL_BGRA_INTEGER, TexelKind::integer, 4, kFour, {}},
    {GL_DEPTH_COMPONENT, TexelKind::depth, 1, {}, {GL_UNSIGNED_SHORT, GL_UNSIGNED_INT, GL_FLOAT}},
    {GL_STENCIL_INDEX, TexelKind::stencil, 1, {}, {GL_UNSIGNED_BYTE}},
    {GL_DEPTH_STENCIL, TexelKind::depth_stencil, 1, kDepthStencil, kDepthStencil},
    {kAlpha, TexelKind::colour, 1, {}, {GL_UNSIGNED_BYTE}},
    {kLuminance, TexelKind::colour, 1, {}, {GL_UNSIGNED_BYTE}},
    {kLuminanceAlpha, TexelKind::colour, 2, {}, {GL_UNSIGNED_BYTE}},
};

const std::vector<Type> kTypes = {{GL_UNSIGNED_BYTE, 1},
                                  {GL_BYTE, 1},
                                  {GL_UNSIGNED_SHORT, 2},
                                  {GL_SHORT, 2},
                                  {GL_UNSIGNED_INT, 4},
                                  {GL_INT, 4},
                                  {GL_HALF_FLOAT, 2},
                                  {GL_FLOAT, 4},
                                  {GL_UNSIGNED_BYTE_3_3_2, 1},
                                  {GL_UNSIGNED_BYTE_2_3_3_REV, 1},
                                  {GL_UNSIGNED_SHORT_5_6_5, 2},
                                  {GL_UNSIGNED_SHORT_5_6_5_REV, 2},
                                  {GL_UNSIGNED_SHORT_4_4_4_4, 2},
                                  {GL_UNSIGNED_SHORT_4_4_4_4_REV, 2},
                                  {GL_UNSIGNED_SHORT_5_5_5_1, 2},
                                  {GL_UNSIGNED_SHORT_1_5_5_5_REV, 2},
                                  {GL_UNSIGNED_INT_8_8_8_8, 4},
                                  {GL_UNSIGNED_INT_8_8_8_8_REV, 4},
                                  {GL_UNSIGNED_INT_10_10_10_2, 4},
                                  {GL_UNSIGNED_INT_2_10_10_10_REV, 4},
                                  {GL_UNSIGNED_INT_10F_11F_11F_REV, 4},
                                  {GL_UNSIGNED_INT_5_9_9_9_REV, 4},
                                  {GL_UNSIGNED_INT_24_8, 4},
                                  {GL_FLOAT_32_UNSIGNED_INT_24_8_REV, 8}};

/// OpenGL 4.6 core, section 8.4.4: one type a component, but floats for no integers and depth with stencil only packed.
bool on_desktop(const Format& format, GLenum type) {
  if (has(format.packed, type)) return true;
  if (format.name == kAlpha || format.name == kLuminance || format.name == kLuminanceAlpha) return false;
  if (format.kind == TexelKind::depth_stencil) return false;
  return has(kIntegers, type) || (has(kFloats, type) && format.kind != TexelKind::integer);
}

TEST(TexelFormats, EveryPairIsLegalWhereItsApiHasItAndHasItsSize) {
  for (const Format& format : kFormats) {
    for (const Type& type : kTypes) {
      SCOPED_TRACE(testing::Message() << std::hex << format.name << " " << type.name);
      const bool desktop = on_desktop(format, type.name);
      const bool gles = has(format.gles, type.name);
      EXPECT_EQ(texel_format(format.name, type.name, Api::desktop).has_value(), desktop);
      EXPECT_EQ(texel_format(format.name, type.name, Api::gles).has_value(), gles);
      const auto found = texel_format(format.name, type.name, Api::either);
      ASSERT_EQ(found.has_value(), desktop || gles);
      if (!found) continue;
      const bool packed = !has(kIntegers + kFloats, type.name);
      EXPECT_EQ(found->kind, format.kind);
      EXPECT_EQ(found->bytes, type.bytes * (packed ? 1 : format.components));
      EXPECT_EQ(found->element_bytes, type.bytes);
      EXPECT_EQ(found->block_width, 1);
      EXPECT_EQ(found->block_height, 1);
    }
  }
  EXPECT_FALSE(texel_format(GL_RGBA8, GL_UNSIGNED_BYTE, Api::either)) << "an internal format";
  EXPECT_FALSE(texel_format(GL_RGBA, GL_DOUBLE, Api::either));
}

TEST(TexelFormats, CompressedBlocksHaveTheSizeOfTheirFormat) {
  struct Blocks {
    Enums formats;
    unsigned bytes;
    bool in_3d;
  };
  const Blocks rows[] = {
      {{GL_COMPRESSED_RGB_S3TC_DXT1_EXT, GL_COMPRESSED_RGBA_S3TC_DXT1_EXT, GL_COMPRESSED_SRGB_S3TC_DXT1_EXT,
        GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT1_EXT, GL_COMPRESSED_RED_RGTC1, GL_COMPRESSED_SIGNED_RED_RGTC1,
        GL_COMPRESSED_R11_EAC, GL_COMPRESSED_SIGNED_R11_EAC, GL_COMPRESSED_RGB8_ETC2,
        GL_COMPRESSED_SRGB8_ETC2, GL_COMPRESSED_RGB8_PUNCHTHROUGH_ALPHA1_ETC2,
        GL_COMPRESSED_SRGB8_PUNCHTHROUGH_ALPHA1_ETC2},
       8,
       false},
      {{GL_COMPRESSED_RGBA_S3TC_DXT3_EXT, GL_COMPRESSED_RGBA_S3TC_DXT5_EXT,
        GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT3_EXT, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT5_EXT,
        GL_COMPRESSED_RG_RGTC2, GL_COMPRESSED_SIGNED_RG_RGTC2, GL_COMPRESSED_RG11_EAC,
        GL_COMPRESSED_SIGNED_RG11_EAC, GL_COMPRESSED_RGBA8_ETC2_EAC, GL_COMPRESSED_SRGB8_ALPHA8_ETC2_EAC},
       16,
       false},
      {{GL_COMPRESSED_RGBA_BPTC_UNORM, GL_COMPRESSED_SRGB_ALPHA_BPTC_UNORM,
        GL_COMPRESSED_RGB_BPTC_SIGNED_FLOAT, GL_COMPRESSED_RGB_BPTC_UNSIGNED_FLOAT},
       16,
       true},
  };
  for (const Blocks& row : rows) {
    for (const GLenum format : row.formats) {
      SCOPED_TRACE(testing::Message() << std::hex << format);
      const auto found = texel_format(format, 0, Api::either);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->kind, TexelKind::compressed);
      EXPECT_EQ(kind_of_internal_format(format), TexelKind::compressed);
      EXPECT_EQ(found->bytes, row.bytes);
      EXPECT_EQ(found->element_bytes, 1);
      EXPECT_EQ(found->block_width, 4);
      EXPECT_EQ(found->block_height, 4);
      EXPECT_EQ(found->in_3d, row.in_3d);
    }
  }
  EXPECT_FALSE(texel_format(GL_RGBA8, 0, Api::either));
}

TEST(TexelFormats, AstcBlocksHaveTheSizeInTheirName) {
  struct Astc {
    GLenum rgba;
    GLenum srgb;
    int width;
    int height;
  };
#define PMB_TEST_ASTC(w, h)                                                                        \
  Astc {                                                                                           \
    GL_COMPRESSED_RGBA_ASTC_##w##x##h##_KHR, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_##w##x##h##_KHR, w, h \
  }
  for (const Astc& row : {PMB_TEST_ASTC(4, 4), PMB_TEST_ASTC(5, 4), PMB_TEST_ASTC(5, 5), PMB_TEST_ASTC(6, 5),
                          PMB_TEST_ASTC(6, 6), PMB_TEST_ASTC(8, 5), PMB_TEST_ASTC(8, 6), PMB_TEST_ASTC(8, 8),
                          PMB_TEST_ASTC(10, 5), PMB_TEST_ASTC(10, 6), PMB_TEST_ASTC(10, 8),
                          PMB_TEST_ASTC(10, 10), PMB_TEST_ASTC(12, 10), PMB_TEST_ASTC(12, 12)}) {
    for (const GLenum format : {row.rgba, row.srgb}) {
      SCOPED_TRACE(testing::Message() << row.width << " x " << row.height);
      const auto found = texel_format(format, 0, Api::either);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->bytes, 16);
      EXPECT_EQ(found->element_bytes, 1);
      EXPECT_EQ(found->block_width, row.width);
      EXPECT_EQ(found->block_height, row.height);
      EXPECT_TRUE(found->in_3d);
    }
  }
#undef PMB_TEST_ASTC
  for (const int past :
       {GL_COMPRESSED_RGBA_ASTC_4x4_KHR - 1, GL_COMPRESSED_RGBA_ASTC_12x12_KHR + 1,
        GL_COMPRESSED_SRGB8_ALPHA8_ASTC_4x4_KHR - 1, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_12x12_KHR + 1}) {
    EXPECT_FALSE(texel_format(static_cast<GLenum>(past), 0, Api::either)) << std::hex << past;
  }
}

// Neighbours by number of the formats of other kinds are among them: GL_RG32F and GL_RGB10_A2, for example.
TEST(TexelFormats, InternalFormatsHaveTheKindOfTheirTexels) {
  const std::pair<TexelKind, Enums> kinds[] = {
      {TexelKind::integer,
       {GL_R8I,      GL_R8UI,    GL_R16I,     GL_R16UI,     GL_R32I,   GL_R32UI,   GL_RG8I,
        GL_RG8UI,    GL_RG16I,   GL_RG16UI,   GL_RG32I,     GL_RG32UI, GL_RGB8I,   GL_RGB8UI,
        GL_RGB16I,   GL_RGB16UI, GL_RGB32I,   GL_RGB32UI,   GL_RGBA8I, GL_RGBA8UI, GL_RGBA16I,
        GL_RGBA16UI, GL_RGBA32I, GL_RGBA32UI, GL_RGB10_A2UI}},
      {TexelKind::depth,
       {GL_DEPTH_COMPONENT, GL_DEPTH_COMPONENT16, GL_DEPTH_COMPONENT24, GL_DEPTH_COMPONENT32,
        GL_DEPTH_COMPONENT32F}},
      {TexelKind::stencil,
       {GL_STENCIL_INDEX, GL_STENCIL_INDEX1, GL_STENCIL_INDEX4, GL_STENCIL_INDEX8, GL_STENCIL_INDEX16}},
      {TexelKind::depth_stencil, {GL_DEPTH_STENCIL, GL_DEPTH24_STENCIL8, GL_DEPTH32F_STENCIL8}},
      {TexelKind::colour, {GL_R8,      GL_RG8,      GL_RGB8,         GL_RGBA8,    GL_R16,
                           GL_RGBA16,  GL_R8_SNORM, GL_RGBA16_SNORM, GL_R16F,     GL_R32F,
                           GL_RG16F,   GL_RG32F,    GL_RGBA16F,      GL_RGBA32F,  GL_RGB16F,
                           GL_RGB32F,  GL_R3_G3_B2, GL_RGB5_A1,      GL_RGB10_A2, GL_R11F_G11F_B10F,
                           GL_RGB9_E5, GL_SRGB8,    GL_SRGB8_ALPHA8, GL_RGB565}},
  };
  for (const auto& [kind, formats] : kinds) {
    for (const GLenum format : formats)
      EXPECT_EQ(kind_of_internal_format(format), kind) << std::hex << format;
  }
}

}  // namespace
