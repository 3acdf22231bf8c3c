// SPDX-License-Identifier: MIT
// The CPU reference against values worked out by hand.

#include "stream/reference.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "stream/frame_layout.hpp"

namespace {

using namespace pmb::tool;
using Values = std::vector<int>;

Values run(Builtin builtin, const FrameLayout& layout, const Values& input,
           const BuiltinParameters& parameters = {}) {
  std::vector<std::byte> in;
  for (const int value : input) in.push_back(static_cast<std::byte>(value));
  std::vector<std::byte> out(in.size());
  EXPECT_EQ(in.size(), layout.bytes);
  run_reference(builtin, layout, parameters, in, in.size(), out);
  Values values;
  for (const std::byte value : out) values.push_back(std::to_integer<int>(value));
  return values;
}

std::vector<float> run_floats(Builtin builtin, const FrameLayout& layout, const std::vector<float>& input,
                              const BuiltinParameters& parameters = {}) {
  std::vector<float> output(input.size());
  run_reference(builtin, layout, parameters, std::as_bytes(std::span(input)), layout.bytes,
                std::as_writable_bytes(std::span(output)));
  return output;
}

FrameLayout gray(std::uint32_t width, std::uint32_t height) {
  return *packed_layout(PixelFormat::gray8, width, height);
}
FrameLayout rgba(std::uint32_t width, std::uint32_t height) {
  return *packed_layout(PixelFormat::rgba8, width, height);
}

BuiltinParameters convolution(const char* matrix, float divisor = 1, float bias = 0) {
  return {.convolution = *parse_convolution(matrix, divisor, bias)};
}

TEST(Reference, CopyAndInvertTouchEveryByte) {
  EXPECT_EQ(run(Builtin::copy, *raw_layout(5), {0, 1, 2, 254, 255}), (Values{0, 1, 2, 254, 255}));
  EXPECT_EQ(run(Builtin::invert, *raw_layout(5), {0, 1, 2, 254, 255}), (Values{255, 254, 253, 1, 0}));
  EXPECT_EQ(run(Builtin::invert, rgba(1, 1), {10, 20, 30, 40}), (Values{245, 235, 225, 215}));
}

TEST(Reference, GrayscaleWeighsRedGreenAndBlue) {
  // (77*255 + 128) >> 8 = 77; (150*255 + 128) >> 8 = 149; (29*255 + 128) >> 8 = 29; white stays 255.
  EXPECT_EQ(run(Builtin::grayscale, rgba(4, 1), {255, 0, 0, 1, 0, 255, 0, 2, 0, 0, 255, 3, 255, 255, 255, 4}),
            (Values{77, 77, 77, 1, 149, 149, 149, 2, 29, 29, 29, 3, 255, 255, 255, 4}));
  EXPECT_EQ(run(Builtin::grayscale, gray(2, 1), {3, 9}), (Values{3, 9}));
}

TEST(Reference, GrayscaleOfVideoKeepsY) {
  EXPECT_EQ(run(Builtin::grayscale, *planar_layout({Chroma::s420}, 3, 1), {1, 2, 3, 50, 60, 70, 80}),
            (Values{1, 2, 3, 128, 128, 128, 128}));
  EXPECT_EQ(run(Builtin::grayscale, *planar_layout({Chroma::mono}, 3, 1), {1, 2, 3}), (Values{1, 2, 3}));
}

std::vector<int> deep(const std::vector<int>& samples) {
  std::vector<int> bytes;
  for (const int sample : samples) {
    bytes.push_back(sample & 255);
    bytes.push_back(sample >> 8);
  }
  return bytes;
}

TEST(Reference, DeepSamplesUseTheirRange) {
  const FrameLayout layout = *planar_layout({.chroma = Chroma::s444, .sample_bits = 10}, 2, 1);
  const Values input = deep({0, 1000, 1, 2, 3, 4});
  EXPECT_EQ(run(Builtin::invert, layout, input), deep({1023, 23, 1022, 1021, 1020, 1019}));
  EXPECT_EQ(run(Builtin::grayscale, layout, input), deep({0, 1000, 512, 512, 512, 512}));
  EXPECT_EQ(run(Builtin::sobel, layout, input), deep({1023, 1023, 512, 512, 512, 512}));
  EXPECT_EQ(run(Builtin::convolve, layout, input, convolution("2", 1, 1)), deep({1, 1023, 1, 2, 3, 4}));
}

TEST(Reference, AlphaOfVideoIsKept) {
  const FrameLayout layout = *planar_layout({.chroma = Chroma::s444, .alpha = true}, 2, 1);
  const Values input = {0, 10, 1, 2, 3, 4, 5, 6};
  EXPECT_EQ(run(Builtin::grayscale, layout, input), (Values{0, 10, 128, 128, 128, 128, 5, 6}));
  EXPECT_EQ(run(Builtin::sobel, layout, input), (Values{40, 40, 128, 128, 128, 128, 5, 6}));
  EXPECT_EQ(run(Builtin::invert, layout, input), (Values{255, 245, 254, 253, 252, 251, 250, 249}));
}

TEST(Reference, SobelAddsBothDirectionsAndRepeatsTheBorder) {
  // A vertical step of 10: gx = 4 * 10 beside it, gy = 0.
  EXPECT_EQ(run(Builtin::sobel, gray(4, 3), {0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10}),
            (Values{0, 40, 40, 0, 0, 40, 40, 0, 0, 40, 40, 0}));
  // A single 9 in the middle: corners see 9 in both directions, edges 18 in one.
  EXPECT_EQ(run(Builtin::sobel, gray(3, 3), {0, 0, 0, 0, 9, 0, 0, 0, 0}),
            (Values{18, 18, 18, 18, 0, 18, 18, 18, 18}));
  // 4 * 255 is cut off at 255.
  EXPECT_EQ(run(Builtin::sobel, gray(2, 1), {0, 255}), (Values{255, 255}));
}

TEST(Reference, SobelOfVideoHasGrayChromaAndOfPixelsKeepsAlpha) {
  EXPECT_EQ(run(Builtin::sobel, *planar_layout({Chroma::s444}, 2, 1), {0, 10, 1, 2, 3, 4}),
            (Values{40, 40, 128, 128, 128, 128}));
  EXPECT_EQ(run(Builtin::sobel, rgba(2, 1), {0, 0, 0, 5, 10, 10, 10, 6}),
            (Values{40, 40, 40, 5, 40, 40, 40, 6}));
}

TEST(Reference, ConvolveDoesNotMirrorTheMatrix) {
  // The coefficient right of the middle takes the pixel right of the middle.
  EXPECT_EQ(run(Builtin::convolve, gray(3, 1), {1, 2, 3}, convolution("0,0,0;0,0,1;0,0,0")),
            (Values{2, 3, 3}));
  EXPECT_EQ(run(Builtin::convolve, gray(1, 3), {1, 2, 3}, convolution("0,1,0;0,0,0;0,0,0")),
            (Values{1, 1, 2}));
}

TEST(Reference, ConvolveDividesAddsRoundsHalfUpAndClamps) {
  EXPECT_EQ(run(Builtin::convolve, gray(3, 1), {1, 2, 255}, convolution("1", 2)), (Values{1, 1, 128}));
  EXPECT_EQ(run(Builtin::convolve, gray(3, 1), {0, 100, 200}, convolution("-1", 1, 150)),
            (Values{150, 50, 0}));
  EXPECT_EQ(run(Builtin::convolve, gray(3, 1), {0, 100, 200}, convolution("2")), (Values{0, 200, 255}));
}

TEST(Reference, ConvolveKeepsChromaAndAlpha) {
  EXPECT_EQ(
      run(Builtin::convolve, *planar_layout({Chroma::s444}, 2, 1), {1, 2, 3, 4, 5, 6}, convolution("3")),
      (Values{3, 6, 3, 4, 5, 6}));
  EXPECT_EQ(run(Builtin::convolve, rgba(1, 1), {1, 2, 3, 4}, convolution("3")), (Values{3, 6, 9, 4}));
}

TEST(Reference, ScaleWorksOnWholeFloatsAndKeepsTheRest) {
  const BuiltinParameters parameters{.a = 2, .b = 0.5F};
  EXPECT_EQ(run_floats(Builtin::scale, *raw_layout(12), {1, -3, 0}, parameters),
            (std::vector<float>{2.5F, -5.5F, 0.5F}));
  const Values result = run(Builtin::scale, *raw_layout(7), {0, 0, 128, 63, 1, 2, 3}, parameters);
  EXPECT_EQ(result, (Values{0, 0, 32, 64, 1, 2, 3})) << "1.0 became 2.5 and the bytes behind it stayed";
}

TEST(Reference, FloatsThatDriversTreatDifferentlyHaveOneResult) {
  const float subnormal = std::numeric_limits<float>::denorm_min();
  const float least = std::numeric_limits<float>::min();
  const float nan = std::bit_cast<float>(0x7f812345U);
  const std::vector<float> result = run_floats(Builtin::scale, *raw_layout(20),
                                               {subnormal, -0.0F, least, nan, -3e38F}, {.a = 0.75F, .b = 0});
  const auto bits = [&](std::size_t i) { return std::bit_cast<std::uint32_t>(result[i]); };
  EXPECT_EQ(bits(0), 0U);
  EXPECT_EQ(bits(1), 0U) << "minus zero";
  EXPECT_EQ(bits(2), 0U) << "a product that is subnormal";
  EXPECT_EQ(bits(3), 0x7fc00000U);
  EXPECT_EQ(result[4], -2.25e38F);
}

TEST(Reference, FloatPixelsInvertEveryComponentAndKeepAlphaGray) {
  const FrameLayout layout = *packed_layout(PixelFormat::rgba32f, 1, 1);
  EXPECT_EQ(run_floats(Builtin::invert, layout, {0, 0.25F, 1, 2}), (std::vector<float>{1, 0.75F, 0, -1}));
  const float luma = 0.299F * 1.0F + 0.587F * 2.0F;
  EXPECT_EQ(run_floats(Builtin::grayscale, layout, {1, 2, 0, 0.5F}),
            (std::vector<float>{luma, luma, luma, 0.5F}));
}

}  // namespace
