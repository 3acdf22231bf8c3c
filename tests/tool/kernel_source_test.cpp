// SPDX-License-Identifier: MIT
// Where the prelude is inserted, and how compilers' messages map to the kernel's lines.

#include "stream/kernel_source.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "stream/builtin_kernels.hpp"

namespace {

using namespace pmb::tool;

struct Place {
  int string_number = 0;
  int line = 0;
};

// Where a compiler that follows #line sees the first line that contains `needle`.
Place place_of(const std::string& assembled, const std::string& needle) {
  std::istringstream stream(assembled);
  Place place{.string_number = 0, .line = 1};
  for (std::string line; std::getline(stream, line);) {
    if (line.find(needle) != std::string::npos) return place;
    int number = 0;
    int string_number = 0;
    if (std::sscanf(line.c_str(), "#line %d %d", &number, &string_number) == 2) {
      place = {string_number, number};
    } else {
      ++place.line;
    }
  }
  ADD_FAILURE() << needle << " is not there";
  return {};
}

std::string assemble(const std::string& text) {
  const auto source = assemble_kernel("k.comp", text);
  EXPECT_TRUE(source) << source.error().message;
  return source ? source->assembled : "";
}

TEST(KernelSource, KernelsWithoutAVersionGetOneInFront) {
  const std::string text = assemble("layout(local_size_x = 1) in;\nvoid main() {}\n");
  EXPECT_TRUE(text.starts_with("#version 430 core\n"));
  EXPECT_EQ(place_of(text, "void main").line, 2);
  EXPECT_EQ(place_of(text, "void main").string_number, 0);
}

TEST(KernelSource, ThePreludeFollowsTheKernelsVersion) {
  const std::string text = assemble("// about\n/* more\n*/\n#version 450\n\nvoid main() {}\n");
  EXPECT_EQ(text.find("#version"), text.rfind("#version"));
  EXPECT_LT(text.find("#version 450"), text.find("pmb_input_block"));
  EXPECT_LT(text.find("pmb_input_block"), text.find("void main"));
  EXPECT_EQ(place_of(text, "void main").line, 6);
  EXPECT_EQ(place_of(text, "pmb_input_block").string_number, 1);
}

TEST(KernelSource, ExtensionsPrecedeThePrelude) {
  const std::string text = assemble(
      "#version 430\n#extension GL_ARB_gpu_shader5 : enable\n#ifdef GL_X\n#extension GL_X : enable\n#endif\n"
      "#define N 3\nvoid main() {}\n");
  EXPECT_LT(text.rfind("#extension"), text.find("pmb_input_block"));
  EXPECT_LT(text.find("#endif"), text.find("pmb_input_block"));
  EXPECT_EQ(place_of(text, "void main").line, 7);
}

TEST(KernelSource, ExtensionsWithoutAVersionAreKeptToo) {
  const std::string text = assemble("#extension GL_ARB_gpu_shader5 : enable\nvoid main() {}\n");
  EXPECT_TRUE(text.starts_with("#version 430 core\n"));
  EXPECT_LT(text.find("#extension"), text.find("pmb_input_block"));
  EXPECT_EQ(place_of(text, "#extension").line, 1);
  EXPECT_EQ(place_of(text, "void main").line, 2);
}

TEST(KernelSource, DirectivesInCommentsAndBranchesAreIgnored) {
  const std::string text =
      assemble("// #version 110\n#if 0\n#extension GL_X : require\nint never;\n#endif\nvoid main() {}\n");
  EXPECT_TRUE(text.starts_with("#version 430 core\n"));
  EXPECT_LT(text.find("pmb_input_block"), text.find("#if 0"));
  EXPECT_EQ(place_of(text, "void main").line, 6);
}

TEST(KernelSource, VersionsWithoutComputeShadersAreRefusedWithTheirLine) {
  const auto source = assemble_kernel("old.comp", "\n#version 330 core\nvoid main() {}\n");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, kKernel);
  EXPECT_NE(source.error().message.find("old.comp:2:"), std::string::npos);
}

TEST(KernelSource, AVersionAtTheEndOfAFileWithoutNewlineIsSeparated) {
  EXPECT_NE(assemble("#version 430").find("#version 430\n"), std::string::npos);
}

TEST(KernelSource, UnreadableFilesAreUsageErrors) {
  const auto source = read_kernel("/nowhere/kernel.comp");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, kUsage);
}

TEST(CompileLog, MessagesOfKnownDriversBecomeFileAndLine) {
  EXPECT_EQ(map_compile_log("k.comp", "0:12(5): error: `foo' undeclared\n"),
            "k.comp:12: error: `foo' undeclared");
  EXPECT_EQ(map_compile_log("k.comp", "0(7) : error C1503: undefined variable \"foo\"\n"),
            "k.comp:7: error C1503: undefined variable \"foo\"");
  EXPECT_EQ(map_compile_log("k.comp", "ERROR: 0:3: 'foo' : undeclared identifier\n"),
            "k.comp:3: error: 'foo' : undeclared identifier");
}

TEST(CompileLog, LinesOfThePreludeAreDistinguished) {
  EXPECT_EQ(map_compile_log("k.comp", "1:4(1): error: redefinition"),
            "prelude of k.comp:4: error: redefinition");
}

TEST(CompileLog, OtherTextIsUnchanged) {
  EXPECT_EQ(map_compile_log("k.comp", "something else\r\n\n2 errors generated\n"),
            "something else\n2 errors generated");
  EXPECT_EQ(map_compile_log("k.comp", ""), "");
}

TEST(Convolution, MatricesAreReadRowByRow) {
  const auto convolution = parse_convolution("1, 2,3;4,-5.5,6;7,8,9e1", 2, 4);
  ASSERT_TRUE(convolution);
  EXPECT_EQ(convolution->size, 3U);
  EXPECT_EQ(convolution->coefficients, (std::vector<float>{1, 2, 3, 4, -5.5F, 6, 7, 8, 90}));
  EXPECT_EQ(convolution->factor, 0.5F);
  EXPECT_EQ(convolution->bias, 4.0F);
  EXPECT_EQ(parse_convolution("3", 1, 0)->size, 1U);
}

TEST(Convolution, OtherMatricesAreUsageErrors) {
  for (const char* matrix :
       {"", "1,2;3,4", "1,2,3", "1,2,3;4,5;6,7,8", "1,x,3;4,5,6;7,8,9", "1,,3;4,5,6;7,8,9",
        "1,2,3;4,5,6;7,8,9;", "1e30,1,1;1,1,1;1,1,1", "nan,1,1;1,1,1;1,1,1"}) {
    const auto convolution = parse_convolution(matrix, 1, 0);
    ASSERT_FALSE(convolution) << matrix;
    EXPECT_EQ(convolution.error().code, kUsage) << matrix;
  }
  EXPECT_FALSE(parse_convolution("1", 0, 0)) << "divided by zero";
}

}  // namespace
