// SPDX-License-Identifier: MIT
// Headers of YUV4MPEG2 video and the layouts that follow from them.

#include "stream/y4m.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "stream/frame_layout.hpp"

namespace {

using namespace pmb::tool;

FrameLayout layout_of(std::string_view line) {
  const auto header = parse_y4m_header(line);
  EXPECT_TRUE(header) << line << ": " << (header ? "" : header.error().message);
  return header ? header->layout : FrameLayout{};
}

Failure refusal_of(std::string_view line) {
  const auto header = parse_y4m_header(line);
  EXPECT_FALSE(header) << line;
  return header ? Failure{} : header.error();
}

void expect_planes(const FrameLayout& layout, std::initializer_list<Plane> planes, std::uint64_t bytes) {
  ASSERT_EQ(layout.plane_count, planes.size());
  std::size_t index = 0;
  for (const Plane& plane : planes) {
    EXPECT_EQ(layout.planes[index].offset_bytes, plane.offset_bytes) << "plane " << index;
    EXPECT_EQ(layout.planes[index].width, plane.width) << "plane " << index;
    EXPECT_EQ(layout.planes[index].height, plane.height) << "plane " << index;
    ++index;
  }
  EXPECT_EQ(layout.bytes, bytes);
}

TEST(Y4m, EvenSizesHalveTheChroma) {
  EXPECT_EQ(layout_of("YUV4MPEG2 W64 H32 C422\n").format, PixelFormat::yuv8);
  expect_planes(layout_of("YUV4MPEG2 W64 H32 F25:1 Ip A1:1 C420jpeg\n"),
                {{0, 64, 32}, {2048, 32, 16}, {2560, 32, 16}}, 3072);
  expect_planes(layout_of("YUV4MPEG2 W64 H32 C422\n"), {{0, 64, 32}, {2048, 32, 32}, {3072, 32, 32}}, 4096);
  expect_planes(layout_of("YUV4MPEG2 W64 H32 C444\n"), {{0, 64, 32}, {2048, 64, 32}, {4096, 64, 32}}, 6144);
  expect_planes(layout_of("YUV4MPEG2 W64 H32 Cmono\n"), {{0, 64, 32}}, 2048);
}

TEST(Y4m, OddSizesRoundTheChromaUp) {
  expect_planes(layout_of("YUV4MPEG2 W5 H3 C420mpeg2\n"), {{0, 5, 3}, {15, 3, 2}, {21, 3, 2}}, 27);
  expect_planes(layout_of("YUV4MPEG2 W5 H3 C422\n"), {{0, 5, 3}, {15, 3, 3}, {24, 3, 3}}, 33);
  expect_planes(layout_of("YUV4MPEG2 W1 H1 C420paldv\n"), {{0, 1, 1}, {1, 1, 1}, {2, 1, 1}}, 3);
}

TEST(Y4m, ChromaOf411And440IsSmallerInOneDirection) {
  expect_planes(layout_of("YUV4MPEG2 W9 H3 C411\n"), {{0, 9, 3}, {27, 3, 3}, {36, 3, 3}}, 45);
  expect_planes(layout_of("YUV4MPEG2 W4 H5 C440\n"), {{0, 4, 5}, {20, 4, 3}, {32, 4, 3}}, 44);
}

TEST(Y4m, AlphaIsAFourthPlane) {
  expect_planes(layout_of("YUV4MPEG2 W5 H3 C444alpha\n"), {{0, 5, 3}, {15, 5, 3}, {30, 5, 3}, {45, 5, 3}},
                60);
}

TEST(Y4m, DeepSamplesTakeTwoBytes) {
  for (const std::uint32_t bits : {9U, 10U, 12U, 14U, 16U}) {
    const std::string depth = std::to_string(bits);
    const FrameLayout layout = layout_of("YUV4MPEG2 W5 H3 C420p" + depth + " XYSCSS=420P" + depth + "\n");
    EXPECT_EQ(layout.format, PixelFormat::yuv16);
    EXPECT_EQ(layout.sample_bits, bits);
    EXPECT_EQ(layout.sample_bytes(), 2U);
    expect_planes(layout, {{0, 5, 3}, {30, 3, 2}, {42, 3, 2}}, 54);
    for (const char* chroma : {"422p", "440p", "444p", "mono"})
      EXPECT_EQ(layout_of("YUV4MPEG2 W5 H3 C" + (chroma + depth) + "\n").sample_bits, bits) << chroma;
  }
  expect_planes(layout_of("YUV4MPEG2 W5 H3 Cmono16\n"), {{0, 5, 3}}, 30);
}

TEST(Y4m, HeadersThatEndInCrLfAreNamed) {
  for (const char* line : {"YUV4MPEG2 W4 H4 C420\r\n", "YUV4MPEG2 W4 H4\r\n"}) {
    const Failure failure = refusal_of(line);
    EXPECT_EQ(failure.code, kInput);
    EXPECT_NE(failure.message.find("CR LF"), std::string::npos) << failure.message;
    EXPECT_NE(failure.message.find("byte " + std::to_string(std::strlen(line) - 2)), std::string::npos);
  }
}

TEST(Y4m, ColourDefaultsTo420) {
  EXPECT_EQ(layout_of("YUV4MPEG2 W4 H4\n").bytes, 24U);
}

TEST(Y4m, TheLineIsKeptVerbatim) {
  const std::string line = "YUV4MPEG2  W4 H2 F30000:1001 It A0:0 C444 XYSCSS=444 XCOLORRANGE=FULL\n";
  const auto header = parse_y4m_header(line);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->line, line);
}

TEST(Y4m, UnsupportedColourFormatsAreRefusedByName) {
  for (const std::string name :
       {"C420p11", "C422alpha", "C444alpha10", "C410", "Cmono8", "C420p", "Cjpegp10", "C"}) {
    const Failure failure = refusal_of("YUV4MPEG2 W4 H4 " + name + "\n");
    EXPECT_EQ(failure.code, kInput) << name;
    EXPECT_NE(failure.message.find(name), std::string::npos) << failure.message;
    EXPECT_NE(failure.message.find("byte 16"), std::string::npos) << failure.message;
  }
}

TEST(Y4m, MalformedFieldsAreNamedWithTheirOffset) {
  const struct {
    const char* line;
    const char* field;
    const char* offset;
  } cases[] = {
      {"YUV4MPEG2 W0 H4\n", "'W0'", "byte 10"},
      {"YUV4MPEG2 W4x H4\n", "'W4x'", "byte 10"},
      {"YUV4MPEG2 W4 H-1\n", "'H-1'", "byte 13"},
      {"YUV4MPEG2 W4 H4 F25\n", "'F25'", "byte 16"},
      {"YUV4MPEG2 W4 H4 A1:\n", "'A1:'", "byte 16"},
      {"YUV4MPEG2 W4 H4 Ix\n", "'Ix'", "byte 16"},
      {"YUV4MPEG2 W4 H4 Zebra\n", "'Zebra'", "byte 16"},
      {"YUV4MPEG2 W99999999999 H4\n", "'W99999999999'", "byte 10"},
  };
  for (const auto& entry : cases) {
    const Failure failure = refusal_of(entry.line);
    EXPECT_EQ(failure.code, kInput) << entry.line;
    EXPECT_NE(failure.message.find(entry.field), std::string::npos) << failure.message;
    EXPECT_NE(failure.message.find(entry.offset), std::string::npos) << failure.message;
  }
}

TEST(Y4m, HeadersWithoutASizeOrAnEndAreRefused) {
  EXPECT_EQ(refusal_of("YUV4MPEG2 W4 F25:1\n").code, kInput);
  EXPECT_EQ(refusal_of("YUV4MPEG2 H4\n").code, kInput);
  EXPECT_EQ(refusal_of("YUV4MPEG2 W4 H4").code, kInput);
  EXPECT_EQ(refusal_of("YUV4MPEG2").code, kInput);
  EXPECT_EQ(refusal_of("YUV4MPEG3 W4 H4\n").code, kInput);
}

TEST(Y4m, FramesThatAShaderCannotCountAreTooLarge) {
  EXPECT_EQ(refusal_of("YUV4MPEG2 W100000 H100000\n").code, kLimit);
}

TEST(FrameLayout, PackedFramesHaveOnePlane) {
  const auto layout = parse_layout("63x17", "rgba32f");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->format, PixelFormat::rgba32f);
  EXPECT_EQ(layout->bytes, 63U * 17U * 16U);
  EXPECT_EQ(layout->plane_count, 1U);
  EXPECT_EQ(parse_layout("63x17", "gray8")->bytes, 63U * 17U);
  EXPECT_EQ(parse_layout("63x17", "rgba8")->bytes, 63U * 17U * 4U);
}

TEST(FrameLayout, WrongSizesAndNamesAreUsageErrors) {
  for (const char* size : {"", "63", "x17", "63x", "63x17x2", "0x4", "-1x4", "63 x 17"}) {
    const auto layout = parse_layout(size, "gray8");
    ASSERT_FALSE(layout) << size;
    EXPECT_EQ(layout.error().code, kUsage) << size;
  }
  ASSERT_FALSE(parse_layout("4x4", "rgb565"));
  EXPECT_EQ(parse_layout("4x4", "rgb565").error().code, kUsage);
  ASSERT_FALSE(parse_layout("100000x100000", "rgba8"));
  EXPECT_EQ(parse_layout("100000x100000", "rgba8").error().code, kLimit);
  EXPECT_EQ(raw_layout(kMaxBlockBytes + 1).error().code, kLimit);
}

}  // namespace
