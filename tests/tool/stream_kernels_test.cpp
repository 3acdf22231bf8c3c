// SPDX-License-Identifier: MIT
// Kernels of users: the contract of docs/kernels.md, the example kernels, and messages about invalid ones.

#include <gtest/gtest.h>

#include <cstring>

#include "common/command.hpp"
#include "stream_fixture.hpp"

namespace {

using namespace pmb::tool;
using namespace stream_test;

const std::string kExamples = PMB_SOURCE_DIR "/examples/kernels/";

class Kernels : public Stream {
 protected:
  /// A kernel file with one work group of 64 and this main().
  std::string kernel(const std::string& body, const std::string& declarations = "") {
    return file("#version 430 core\nlayout(local_size_x = 64) in;\n" + declarations + "\nvoid main() {\n" +
                body + "\n}\n");
  }
  std::string file(const std::string& text) {
    const std::string name = folder_.file("kernel" + std::to_string(++count_) + ".comp");
    write_file(name, to_bytes(text));
    return name;
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  int count_ = 0;
};

std::vector<std::uint32_t> words_of(const Bytes& bytes) {
  std::vector<std::uint32_t> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), words.size() * 4);
  return words;
}

TEST_F(Kernels, TheExampleThresholdMakesBlackAndWhite) {
  const Bytes header = to_bytes("YUV4MPEG2 W63 H17 C420jpeg\nFRAME\n");
  const FrameLayout layout = *planar_layout({Chroma::s420}, 63, 17);
  const Bytes pixels = noise(layout.bytes);
  Bytes input = header;
  append(input, pixels);
  Bytes expected = header;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const bool luma = i < layout.planes[1].offset_bytes;
    expected.push_back(!luma ? std::byte{128} : pixels[i] >= std::byte{100} ? std::byte{255} : std::byte{0});
  }
  const StreamRun run =
      run_stream({kExamples + "threshold.comp", "--check", "--uniform", "level=100"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output == expected);
}

TEST_F(Kernels, TheExampleHistogramCountsEveryByteOfEveryBlock) {
  constexpr std::size_t kBlock = 10001;
  const Bytes input = noise(2 * kBlock + 77);
  std::vector<std::uint32_t> expected(3 * 256);
  for (std::size_t i = 0; i < input.size(); ++i)
    ++expected[i / kBlock * 256 + std::to_integer<std::size_t>(input[i])];
  for (const char* path : {"direct", "staged", "traditional"}) {
    const StreamRun run = run_stream({kExamples + "histogram.comp", "--block", std::to_string(kBlock),
                                      "--out-block", "1024", "--clear-output", "--check", "--path", path},
                                     input);
    EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
    EXPECT_EQ(words_of(run.output), expected) << path;
  }
}

TEST(KernelDocs, ShowTheExamplesAndBuiltinsVerbatim) {
  const std::string docs = read_text(PMB_SOURCE_DIR "/docs/kernels.md");
  for (const char* example : {"threshold.comp", "histogram.comp"}) {
    const std::string text = read_text(kExamples + example);
    const std::string code = text.substr(std::min(text.find("#version"), text.size()));
    EXPECT_FALSE(code.empty()) << example;
    EXPECT_NE(docs.find("```glsl\n" + code + "```"), std::string::npos) << example;
  }
  for (const BuiltinKernel& kernel : builtin_kernels()) {
    std::string row = "| `" + std::string(kernel.name) + "` |";
    for (const PixelFormat format : {PixelFormat::yuv8, PixelFormat::gray8, PixelFormat::rgba8,
                                     PixelFormat::rgba32f, PixelFormat::raw}) {
      const std::string_view effect = kernel.effects[static_cast<std::size_t>(format)];
      row += " " + std::string(effect.empty() ? "refused" : effect) + " |";
    }
    EXPECT_NE(docs.find(row + "\n"), std::string::npos) << row;
  }
}

TEST_F(Kernels, UniformsGiveTheBlockAndItsNumber) {
  const std::string source = kernel(
      "uint w = pmb_word_index();\n"
      "uint v[6] = uint[6](pmb_frame, pmb_block_bytes, pmb_out_bytes, pmb_width, pmb_height, "
      "pmb_pixel_format);\n"
      "if (w < 6u) pmb_store_word(w, v[w]);");
  const StreamRun raw = run_stream({source, "--block", "100", "--out-block", "24"}, noise(130));
  ASSERT_EQ(raw.exit_code, kSuccess) << raw.errors;
  EXPECT_EQ(words_of(raw.output), (std::vector<std::uint32_t>{0, 100, 24, 0, 0, 0, 1, 30, 24, 0, 0, 0}));
  const StreamRun frames = run_stream({source, "--size", "5x3", "--pixel", "rgba8"}, noise(60));
  ASSERT_EQ(frames.exit_code, kSuccess) << frames.errors;
  EXPECT_EQ(words_of({frames.output.begin(), frames.output.begin() + 24}),
            (std::vector<std::uint32_t>{0, 60, 60, 5, 3, 2}));
}

TEST_F(Kernels, UniformsGiveThePlanes) {
  const std::string source = kernel(
      "uint w = pmb_word_index();\n"
      "if (w < 3u) pmb_store_word(w, pmb_plane_offset[w] | pmb_plane_width[w] << 16 | pmb_plane_height[w] << "
      "24);\n"
      "if (w == 3u) pmb_store_word(w, pmb_plane_count);");
  const std::string header = "YUV4MPEG2 W5 H3 C420\nFRAME\n";
  Bytes input = to_bytes(header);
  append(input, noise(27));
  const StreamRun run = run_stream({source}, input);
  ASSERT_EQ(run.exit_code, kSuccess) << run.errors;
  const auto begin = run.output.begin() + static_cast<std::ptrdiff_t>(header.size());
  EXPECT_EQ(words_of({begin, begin + 16}),
            (std::vector<std::uint32_t>{0U | 5U << 16 | 3U << 24, 15U | 3U << 16 | 2U << 24,
                                        21U | 3U << 16 | 2U << 24, 3}));
}

TEST_F(Kernels, UsersSetUniformsOfEveryKind) {
  const std::string source = kernel(
      "uint w = pmb_word_index();\n"
      "float v[9] = float[9](gain, scale.x, scale.y, float(steps), float(bits.z), on ? 1.0 : 0.0, "
      "weights[2], m[1][0],"
      " more[1].y);\n"
      "if (w < 9u) pmb_store_word(w, floatBitsToUint(v[w]));",
      "uniform float gain; uniform vec2 scale; uniform int steps; uniform uvec3 bits; uniform bool on;\n"
      "uniform float weights[3]; uniform mat2 m; uniform vec2 more[2];");
  const StreamRun run =
      run_stream({source, "--block", "36", "--uniform", "gain=2.5", "--uniform", "scale=-1,1e3", "--uniform",
                  "steps=-7", "--uniform", "bits=1,2,3", "--uniform", "on=true", "--uniform", "weights=1,2,4",
                  "--uniform", "m=1,2,3,4", "--uniform", "more=1,2,3,4"},
                 noise(36));
  ASSERT_EQ(run.exit_code, kSuccess) << run.errors;
  std::vector<float> values(9);
  std::memcpy(values.data(), run.output.data(), 36);
  EXPECT_EQ(values, (std::vector<float>{2.5F, -1, 1000, -7, 3, 1, 4, 3, 4}));
}

TEST_F(Kernels, WrongUniformsAreUsageErrorsThatListTheRightOnes) {
  const std::string source = kernel("pmb_store_word(pmb_word_index(), uint(gain * size.x));",
                                    "uniform float gain; uniform vec3 size;");
  for (const std::string wrong : {"volume=1", "gain=loud", "gain=1,2", "size=1,2", "gain=", "=1", "gain"}) {
    const StreamRun run = run_stream({source, "--block", "64", "--uniform", wrong}, noise(64));
    EXPECT_EQ(run.exit_code, kUsage) << wrong << ": " << run.errors;
    EXPECT_TRUE(run.output.empty());
  }
  const StreamRun run = run_stream({source, "--block", "64", "--uniform", "volume=1"}, noise(64));
  EXPECT_NE(run.errors.find("float gain"), std::string::npos) << run.errors;
  EXPECT_NE(run.errors.find("vec3 size"), std::string::npos) << run.errors;
}

TEST_F(Kernels, HelpersLoadAndStoreBytesPixelsAndUnalignedWords) {
  const Bytes input = noise(64);
  const std::string bytes =
      kernel("uint b = pmb_word_index(); if (b < 64u) pmb_store_byte(b, pmb_load_byte(63u - b));");
  StreamRun run = run_stream({bytes, "--block", "64"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output == Bytes(input.rbegin(), input.rend()));

  const std::string unaligned =
      kernel("uint w = pmb_word_index(); pmb_store_word(w, pmb_load_unaligned(w * 4u + 3u));");
  run = run_stream({unaligned, "--block", "64"}, input);
  Bytes expected(input.begin() + 3, input.end());
  expected.resize(64);
  EXPECT_TRUE(run.output == expected) << run.errors;

  const std::string rgba8 =
      kernel("uint p = pmb_word_index(); if (p < 16u) pmb_store_rgba8(p, pmb_load_rgba8(p).abgr);");
  run = run_stream({rgba8, "--size", "4x4", "--pixel", "rgba8"}, input);
  expected = input;
  for (std::size_t pixel = 0; pixel < 16; ++pixel) {
    std::reverse(expected.begin() + static_cast<std::ptrdiff_t>(pixel * 4),
                 expected.begin() + static_cast<std::ptrdiff_t>(pixel * 4 + 4));
  }
  EXPECT_TRUE(run.output == expected) << run.errors;

  const std::string rgba32f = kernel(
      "uint p = pmb_word_index(); if (p < 4u) pmb_store_rgba32f(p, vec4(float(p), "
      "pmb_load_rgba32f(p).gba));");
  std::vector<float> pixels(16, 7.0F);
  run = run_stream({rgba32f, "--size", "2x2", "--pixel", "rgba32f"}, std::as_bytes(std::span(pixels)));
  for (std::size_t pixel = 0; pixel < 4; ++pixel) pixels[pixel * 4] = static_cast<float>(pixel);
  const auto floats = std::as_bytes(std::span(pixels));
  EXPECT_TRUE(run.output == Bytes(floats.begin(), floats.end())) << run.errors;
}

TEST_F(Kernels, PositionsAndPlanesAreRead) {
  // Mirrors a picture of odd width byte by byte.
  const std::string mirror = kernel(
      "uint value = 0u;\n"
      "for (uint i = 0u; i < 4u; ++i) {\n"
      "  ivec2 p;\n"
      "  uint plane = pmb_plane_of(pmb_word_index() * 4u + i, p);\n"
      "  p.x = int(pmb_plane_width[plane]) - 1 - p.x;\n"
      "  value |= pmb_load_plane(plane, p) << (i * 8u);\n"
      "}\n"
      "pmb_store_word(pmb_word_index(), value);");
  const FrameLayout layout = *planar_layout({Chroma::s422}, 7, 3);
  const std::string header = "YUV4MPEG2 W7 H3 C422\nFRAME\n";
  const Bytes pixels = noise(layout.bytes);
  Bytes input = to_bytes(header);
  append(input, pixels);
  Bytes expected = to_bytes(header);
  for (std::uint32_t plane = 0; plane < 3; ++plane) {
    const Plane& p = layout.planes[plane];
    for (std::uint32_t y = 0; y < p.height; ++y) {
      for (std::uint32_t x = 0; x < p.width; ++x) {
        expected.push_back(pixels[p.offset_bytes + y * p.width + p.width - 1 - x]);
      }
    }
  }
  const StreamRun run = run_stream({mirror}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output == expected);
}

TEST_F(Kernels, KernelsMayDeclareTheirOwnBlocksAtTheBindings) {
  const std::string source = file(
      "layout(local_size_x = 8, local_size_y = 4) in;\n"
      "layout(std430, binding = 0) readonly buffer Source { float source[]; };\n"
      "layout(std430, binding = 1) writeonly buffer Target { float target[]; };\n"
      "void main() { uint i = pmb_word_index(); if (i < target.length()) target[i] = source[i] * 2.0; }\n");
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto bytes = std::as_bytes(std::span(values));
  const Bytes input(bytes.begin(), bytes.end());
  const StreamRun run = run_stream({source, "--block", "2000"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  for (float& value : values) value *= 2;
  EXPECT_TRUE(run.output == Bytes(bytes.begin(), bytes.end()));
}

TEST_F(Kernels, EveryWordHasAnInvocationWhereGroupsExceedOneRow) {
  const std::string source = file(
      "layout(local_size_x = 1) in;\n"
      "void main() { pmb_store_word(pmb_word_index(), pmb_word_index()); }\n");
  constexpr std::size_t kWords = 70000;  // More than the 65535 groups that every driver has in a row.
  const StreamRun run = run_stream({source, "--block", std::to_string(kWords * 4)}, noise(kWords * 4));
  ASSERT_EQ(run.exit_code, kSuccess) << run.errors;
  const std::vector<std::uint32_t> words = words_of(run.output);
  ASSERT_EQ(words.size(), kWords);
  for (std::size_t i = 0; i < kWords; ++i) ASSERT_EQ(words[i], i);
}

TEST_F(Kernels, StrayStoresReachNoOtherBlock) {
  const std::string source = kernel(
      "uint w = pmb_word_index();\n"
      "uint words = uint(pmb_out.length());\n"
      "if (w < words) pmb_out[w] = pmb_in[w];\n"
      "pmb_out[words + w] = 0xDEADBEEFu;\n"
      "pmb_out[words * 2u + w] = 0xDEADBEEFu;");
  const Bytes input = noise(20 * 4096);
  for (const char* path : {"direct", "staged"}) {
    const StreamRun run = run_stream({source, "--block", "4096", "--in-flight", "5", "--path", path}, input);
    EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
    EXPECT_TRUE(run.output == input) << path;
  }
}

TEST_F(Kernels, InvalidKernelsAreReportedWithFileAndLine) {
  const std::string source = kernel("  uint fine = 1u;\n  nonsense = 3;\n  pmb_store_word(0u, fine);");
  const StreamRun run = run_stream({source, "--block", "64"}, noise(64));
  EXPECT_EQ(run.exit_code, kKernel);
  EXPECT_NE(run.errors.find(source + ":6: "), std::string::npos) << run.errors;
  EXPECT_TRUE(run.output.empty());
}

TEST_F(Kernels, AByteOrderMarkIsSkipped) {
  const std::string source = file(
      "\xEF\xBB\xBF#version 430 core\nlayout(local_size_x = 64) in;\n"
      "void main() { uint w = pmb_word_index(); pmb_store_word(w, ~pmb_load_word(w)); }\n");
  const Bytes input = noise(64);
  const StreamRun run = run_stream({source, "--block", "64"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output == expected_blocks(Builtin::invert, *raw_layout(64), {}, input));
}

TEST_F(Kernels, IncludedFilesRunAndTheirErrorsNameThem) {
  const std::string good = folder().file("good.glsl");
  const std::string bad = folder().file("bad.glsl");
  write_file(good, to_bytes("uint flipped(uint w) {\n  return ~pmb_load_word(w);\n}\n"));
  write_file(bad, to_bytes("uint fine;\nuint wrong() { return nonsense; }\n"));
  const std::string body = "uint w = pmb_word_index();\npmb_store_word(w, flipped(w));";
  const Bytes input = noise(64);
  const StreamRun run = run_stream({kernel(body, "#include \"good.glsl\"\n"), "--block", "64"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output == expected_blocks(Builtin::invert, *raw_layout(64), {}, input));

  const std::string includes = "#include \"good.glsl\"\n#if 0\n#include \"bad.glsl\"\n#endif\n";
  const StreamRun wrong = run_stream({kernel(body, includes + "#include \"bad.glsl\""), "--block", "64"});
  EXPECT_EQ(wrong.exit_code, kKernel);
  EXPECT_NE(wrong.errors.find(bad + ":2: "), std::string::npos) << wrong.errors;
  const std::string after = kernel("nonsense = 1;", includes);
  const StreamRun own = run_stream({after, "--block", "64"});
  EXPECT_NE(own.errors.find(after + ":9: "), std::string::npos) << own.errors;
}

TEST_F(Kernels, ResourcesWithoutABindingAreRefusedByKindAndName) {
  const struct {
    const char* declaration;
    const char* value;
    const char* refusal;
  } cases[] = {
      {"layout(std430, binding = 2) buffer Counts { uint counts[]; };", "counts[0]",
       "storage buffer Counts at binding 2"},
      {"layout(std430, binding = 1) buffer Pair { uint values[]; } pair[2];",
       "(pair[0].values[0] = 1u, pair[1].values[0])", "storage buffer Pair[1] at binding 2"},
      {"layout(std140, binding = 0) uniform Settings { uint level; };", "level",
       "uniform buffer Settings at binding 0"},
      {"layout(binding = 3) uniform sampler2D picture;", "uint(texture(picture, vec2(0.5)).x)",
       "sampler picture at binding 3"},
      {"uniform usamplerBuffer table;", "texelFetch(table, 0).x", "sampler table at binding 0"},
      {"layout(r32ui, binding = 1) uniform readonly uimage2D image;", "imageLoad(image, ivec2(0)).x",
       "image image at binding 1"},
      {"layout(binding = 0) uniform atomic_uint counter;", "atomicCounterIncrement(counter)",
       "atomic counter counter at binding 0"},
      {"subroutine uint Step(uint x);\nsubroutine(Step) uint twice(uint x) { return 2u * x; }\n"
       "subroutine(Step) uint thrice(uint x) { return 3u * x; }\nsubroutine uniform Step step_of;",
       "step_of(1u)", "subroutine step_of at location 0"},
  };
  for (const auto& entry : cases) {
    const std::string source =
        kernel("pmb_store_word(pmb_word_index(), " + std::string(entry.value) + ");", entry.declaration);
    const StreamRun run = run_stream({source, "--block", "64"}, noise(64));
    EXPECT_EQ(run.exit_code, kKernel) << entry.declaration;
    EXPECT_NE(run.errors.find(entry.refusal), std::string::npos) << run.errors;
    EXPECT_TRUE(run.output.empty());
  }
}

TEST_F(Kernels, PlainUniformsOfEveryTypeNeedNoBinding) {
  const std::string source =
      kernel("pmb_store_word(pmb_word_index(), uint(d + m[1][2] + list[1].a) + 7u);",
             "uniform double d; uniform mat2x3 m; struct S { float a; }; uniform S list[2];");
  const StreamRun run = run_stream({source, "--block", "64"}, noise(64));
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_EQ(words_of(run.output), std::vector<std::uint32_t>(16, 7));
}

TEST_F(Kernels, KernelsThatWriteNothingAreReportedOnEveryPath) {
  const std::string nothing = kernel("uint unused = pmb_load_word(pmb_word_index());");
  const std::string elsewhere = kernel("lost[pmb_word_index()] = pmb_load_word(0u);",
                                       "layout(std430, binding = 4) buffer Elsewhere { uint lost[]; };");
  const std::string never = kernel("if (pmb_frame > 1000u) pmb_store_word(pmb_word_index(), 1u);");
  for (const std::string& source : {nothing, elsewhere, never}) {
    for (const char* path : {"direct", "staged", "traditional"}) {
      const StreamRun run = run_stream({source, "--block", "64", "--path", path}, noise(640));
      EXPECT_EQ(run.exit_code, kKernel) << path << ": " << run.errors;
      EXPECT_TRUE(run.output.empty());
    }
  }
}

TEST_F(Kernels, KernelsThatWriteOnlyZerosOrOnesAreAccepted) {
  for (const std::string value : {"0u", "0xFFFFFFFFu"}) {
    const StreamRun run =
        run_stream({kernel("pmb_store_word(pmb_word_index(), " + value + ");"), "--block", "64"}, noise(128));
    EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
    EXPECT_TRUE(run.output == Bytes(128, value == "0u" ? std::byte{0} : std::byte{255}));
  }
}

TEST_F(Kernels, CheckFindsKernelsWhoseResultDependsOnOldBytes) {
  const std::string source = kernel("uint w = pmb_word_index(); if (w < 16u) pmb_out[w] = pmb_out[w] + 1u;");
  const StreamRun run = run_stream({source, "--block", "64", "--check", "--in-flight", "4"}, noise(64 * 8));
  EXPECT_EQ(run.exit_code, kMismatch) << run.errors;
  EXPECT_NE(run.errors.find("byte"), std::string::npos) << run.errors;
  EXPECT_LT(run.output.size(), 64U * 8U);
  EXPECT_EQ(run.output.size() % 64, 0U);
}

TEST_F(Kernels, PrintedBuiltinsRunAsFiles) {
  const StreamRun printed = run_stream({"--print-kernel", "sobel"});
  ASSERT_EQ(printed.exit_code, kSuccess);
  const std::string source = folder().file("mine.comp");
  write_file(source, printed.output);
  const Bytes input = noise(63 * 17);
  const StreamRun run = run_stream({source, "--size", "63x17", "--pixel", "gray8"}, input);
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(run.output ==
              expected_blocks(Builtin::sobel, *packed_layout(PixelFormat::gray8, 63, 17), {}, input));
}

}  // namespace
