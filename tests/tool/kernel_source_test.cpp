// SPDX-License-Identifier: MIT
// Where the prelude is inserted, and how compilers' messages map to the kernel's lines.

#include "stream/kernel_source.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "stream/builtin_kernels.hpp"
#include "stream_fixture.hpp"

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

const std::vector<std::string> kFiles = {"k.comp", "lib/a.glsl", "lib/b.glsl"};

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
  for (const char* name : {"/nowhere/kernel.comp", "/"}) {
    const auto source = read_kernel(name);
    ASSERT_FALSE(source) << name;
    EXPECT_EQ(source.error().code, kUsage) << name;
  }
}

TEST(KernelSource, AByteOrderMarkIsSkipped) {
  const std::string text = assemble("\xEF\xBB\xBF#version 430 core\nvoid main() {}\n");
  EXPECT_TRUE(text.starts_with("#version 430 core\n"));
  EXPECT_EQ(place_of(text, "void main").line, 2);
  EXPECT_EQ(assemble("\xEF\xBB\xBFvoid main() {}\n").find('\xEF'), std::string::npos);
}

TEST(KernelSource, Utf16IsRefusedByName) {
  for (const char* text : {"\xFF\xFE#", "\xFE\xFF#"}) {
    const auto source = assemble_kernel("k.comp", text);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, kKernel);
    EXPECT_NE(source.error().message.find("UTF-16"), std::string::npos);
  }
}

class KernelIncludes : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string file = folder_.file(name);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    stream_test::write_file(file, stream_test::to_bytes(text));
    return file;
  }
  Failure refusal_of(const std::string& file) {
    const auto source = read_kernel(file);
    EXPECT_FALSE(source) << source->assembled;
    return source ? Failure{} : source.error();
  }

 private:
  stream_test::TemporaryFolder folder_;
};

TEST_F(KernelIncludes, EachLineKeepsItsFileAndNumber) {
  const std::string inner = write("lib/inner.glsl", "\xEF\xBB\xBF// inner\nfloat inner;\n");
  const std::string outer = write("lib/outer.glsl", "\n#include \"inner.glsl\"\nfloat outer;");
  const std::string kernel =
      write("k.comp",
            "#version 430\n#include \"lib/outer.glsl\"  // both\nfloat between;\n#if 0\n"
            "#include \"lib/inner.glsl\"\n#else\nfloat otherwise;\n#endif\nvoid main() {}\n");
  const auto source = read_kernel(kernel);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->files, (std::vector<std::string>{kernel, outer, inner}));
  const std::string& text = source->assembled;
  EXPECT_EQ(text.find('\xEF'), std::string::npos);
  const struct {
    const char* needle;
    Place place;
  } cases[] = {{"float inner", {3, 2}},     {"float outer", {2, 3}}, {"float between", {0, 3}},
               {"float otherwise", {0, 7}}, {"void main", {0, 9}},   {"pmb_input_block", {1, 2}}};
  for (const auto& entry : cases) {
    const Place place = place_of(text, entry.needle);
    EXPECT_EQ(place.string_number, entry.place.string_number) << entry.needle;
    EXPECT_EQ(place.line, entry.place.line) << entry.needle;
  }
  // A compiler skips the #line of a branch that it does not take.
  for (const char* directive : {"#else\n#line 7 0\n", "#endif\n#line 9 0\n"})
    EXPECT_NE(text.find(directive), std::string::npos) << directive;
}

TEST_F(KernelIncludes, AFileIsIncludedAsOftenAsWritten) {
  write("step.glsl", "STEP\n");
  const auto source = read_kernel(write("k.comp", "#include \"step.glsl\"\n#include \"./step.glsl\"\n"));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_NE(source->assembled.find("STEP"), source->assembled.rfind("STEP"));
  EXPECT_EQ(source->files.size(), 2U);
}

TEST_F(KernelIncludes, CommentedIncludesAreIgnored) {
  const auto source =
      read_kernel(write("k.comp", "// #include \"no\"\n/*\n#include \"no\"\n*/\nvoid main() {}\n"));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(place_of(source->assembled, "void main").line, 5);
}

TEST_F(KernelIncludes, MissingFilesAreNamedWithTheirPlace) {
  const std::string lib = write("lib/a.glsl", "\n#include \"../gone.glsl\"\n");
  const Failure failure = refusal_of(write("k.comp", "#include \"lib/a.glsl\"\n"));
  EXPECT_EQ(failure.code, kKernel);
  EXPECT_NE(failure.message.find(lib + ":2:"), std::string::npos) << failure.message;
  EXPECT_NE(failure.message.find("gone.glsl"), std::string::npos) << failure.message;
  EXPECT_EQ(failure.message.find(".."), std::string::npos) << failure.message;
}

TEST_F(KernelIncludes, CyclesAreRefusedByName) {
  const std::string a = write("a.glsl", "#include \"b.glsl\"\n");
  const std::string b = write("b.glsl", "\n#include \"a.glsl\"\n");
  const Failure failure = refusal_of(write("k.comp", "#include \"a.glsl\"\n"));
  EXPECT_EQ(failure.code, kKernel);
  EXPECT_NE(failure.message.find(b + ":2:"), std::string::npos) << failure.message;
  EXPECT_NE(failure.message.find(a + " includes " + b + " includes " + a), std::string::npos)
      << failure.message;
  const Failure own = refusal_of(write("own.comp", "#include \"own.comp\"\n"));
  EXPECT_NE(own.message.find("own.comp:1:"), std::string::npos) << own.message;
}

TEST_F(KernelIncludes, TextWithoutEndIsRefused) {
  // Each file includes the next one twice: 2^24 lines.
  for (int level = 0; level < 24; ++level) {
    const std::string next = "#include \"" + std::to_string(level + 1) + ".glsl\"\n";
    write(std::to_string(level) + ".glsl", next + next);
  }
  write("24.glsl", "float leaf;\n");
  for (const std::string& kernel : {write("k.comp", "#include \"0.glsl\"\n"), std::string("/dev/zero")}) {
    const Failure failure = refusal_of(kernel);
    EXPECT_EQ(failure.code, kKernel) << kernel;
    EXPECT_NE(failure.message.find("are longer than 1048576 bytes"), std::string::npos) << failure.message;
  }
}

TEST_F(KernelIncludes, OtherFormsAreRefusedWithTheirLine) {
  for (const char* form : {"<a.glsl>", "a.glsl", "", "\"a.glsl", "\"\""}) {
    const std::string kernel = write("k.comp", std::string("\n#include ") + form + "\n");
    const Failure failure = refusal_of(kernel);
    EXPECT_EQ(failure.code, kKernel) << form;
    EXPECT_NE(failure.message.find(kernel + ":2:"), std::string::npos) << failure.message;
  }
  const std::string lib = write("lib.glsl", "#version 450\n");
  EXPECT_NE(refusal_of(write("k.comp", "#include \"lib.glsl\"\n")).message.find(lib + ":1:"),
            std::string::npos);
}

TEST(CompileLog, MessagesOfKnownDriversBecomeFileAndLine) {
  EXPECT_EQ(map_compile_log(kFiles, "0:12(5): error: `foo' undeclared\n"),
            "k.comp:12: error: `foo' undeclared");
  EXPECT_EQ(map_compile_log(kFiles, "0(7) : error C1503: undefined variable \"foo\"\n"),
            "k.comp:7: error C1503: undefined variable \"foo\"");
  EXPECT_EQ(map_compile_log(kFiles, "ERROR: 0:3: 'foo' : undeclared identifier\n"),
            "k.comp:3: error: 'foo' : undeclared identifier");
}

TEST(CompileLog, LinesOfIncludedFilesHaveTheirName) {
  EXPECT_EQ(map_compile_log(kFiles, "2:12(5): error: x"), "lib/a.glsl:12: error: x");
  EXPECT_EQ(map_compile_log(kFiles, "3(7) : error C1503: x"), "lib/b.glsl:7: error C1503: x");
  EXPECT_EQ(map_compile_log(kFiles, "ERROR: 3:3: x"), "lib/b.glsl:3: error: x");
}

TEST(CompileLog, LinesOfThePreludeAreDistinguished) {
  EXPECT_EQ(map_compile_log(kFiles, "1:4(1): error: redefinition"),
            "prelude of k.comp:4: error: redefinition");
}

TEST(CompileLog, OtherTextIsUnchanged) {
  EXPECT_EQ(map_compile_log(kFiles, "something else\r\n\n2 errors generated\n"),
            "something else\n2 errors generated");
  EXPECT_EQ(map_compile_log(kFiles, ""), "");
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
