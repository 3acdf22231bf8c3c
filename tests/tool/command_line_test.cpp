// SPDX-License-Identifier: MIT
// What every subcommand shares: exit codes, names, sizes, output files, environment and progress lines.

#include <gtest/gtest.h>
#include <pty.h>

#include <array>
#include <pmb/version.hpp>

#include "common/command.hpp"
#include "common/environment_check.hpp"
#include "common/output_file.hpp"
#include "common/size_option.hpp"
#include "common/suggestion.hpp"
#include "common/terminal_line.hpp"
#include "common/units.hpp"
#include "program_run.hpp"

namespace {

using namespace pmb::tool;

class CommandLine : public testing::TestWithParam<const char*> {};

TEST_P(CommandLine, AnUnknownGpuIsExitCodeFour) {
  EXPECT_EQ(run_program(GetParam() + (" --gpu no-such-gpu" + kOnlyErrors)).exit_code, ExitCode::kNoGl);
}

TEST_P(CommandLine, AnUnknownOptionIsAnsweredWithTheNearest) {
  const ProgramRun run = run_program(GetParam() + (" --softwere" + kOnlyErrors));
  EXPECT_EQ(run.exit_code, ExitCode::kUsage);
  EXPECT_NE(run.output.find("--softwere"), std::string::npos) << run.output;
  EXPECT_NE(run.output.find("did you mean --software?"), std::string::npos) << run.output;
}

INSTANTIATE_TEST_SUITE_P(Each, CommandLine,
                         testing::Values("info", "stream copy --block 64", "bench --quick",
                                         "tune --dry-run"));

TEST(CommandLineNames, TheVersionIsThatOfTheLibrary) {
  const ProgramRun run = run_program("--version");
  EXPECT_EQ(run.exit_code, ExitCode::kSuccess);
  EXPECT_EQ(run.output.find("pmb " PMB_VERSION_STRING), 0U) << run.output;
}

TEST(CommandLineNames, AnUnknownSubcommandIsAnsweredWithTheNearest) {
  for (const auto& [wrong, right] : {std::pair{"steam copy", "stream"}, std::pair{"benhc", "bench"}}) {
    const ProgramRun run = run_program(wrong + kOnlyErrors);
    EXPECT_EQ(run.exit_code, ExitCode::kUsage);
    EXPECT_NE(run.output.find("did you mean " + std::string(right) + "?"), std::string::npos) << run.output;
  }
  const ProgramRun far = run_program("photograph" + kOnlyErrors);
  EXPECT_EQ(far.exit_code, ExitCode::kUsage);
  EXPECT_EQ(far.output.find("did you mean"), std::string::npos) << far.output;
  EXPECT_NE(far.output.find("photograph"), std::string::npos) << far.output;
}

TEST(CommandLineSizes, NegativeSizesAreRefusedInASentence) {
  for (const char* arguments : {"stream copy --block -4096", "stream mine --block 64 --out-block -1",
                                "bench --size -64K", "stream copy --block 64X", "stream copy --block 0"}) {
    const ProgramRun run = run_program(arguments + kOnlyErrors);
    EXPECT_EQ(run.exit_code, ExitCode::kUsage) << arguments;
    EXPECT_NE(run.output.find("size"), std::string::npos) << run.output;
  }
  const std::pair<const char*, const char*> sizes[] = {
      {"4096", "4096"}, {"64K", "65536"}, {"8MiB", "8388608"}, {"2gb", "2147483648"}, {"7B", "7"}};
  for (const auto& [given, bytes] : sizes) {
    std::string text = given;
    EXPECT_EQ(size_value()(text), "");
    EXPECT_EQ(text, bytes);
  }
  for (std::string wrong : {"", "-1", "0", "1.5K", "64Q", "99999999999G", "K"})
    EXPECT_NE(size_value()(wrong), "") << wrong;
}

TEST(OutputFiles, AreCheckedBeforeTheWork) {
  for (const char* arguments : {"stream copy --block 64 -o /nowhere/out", "stream copy --block 64 --json /",
                                "bench --json /nowhere/run.json", "bench --html /",
                                "tune --output /etc/hostname/profiles/driver.json"}) {
    // Without GL the work would end with kNoGl.
    const ProgramRun run = run_program(arguments + kOnlyErrors, "__EGL_VENDOR_LIBRARY_FILENAMES=/dev/null");
    EXPECT_EQ(run.exit_code, ExitCode::kOutput) << arguments << ": " << run.output;
  }
  for (const char* fine : {"", "-", "/dev/null", "new-file", "/tmp/new-file"})
    EXPECT_TRUE(require_writable(fine));
}

TEST(Environment, UnknownValuesAndNamesAreWarnedOf) {
  const std::array<const char*, 8> environment = {
      "PMB_PATH=sideways", "PMB_MODEL=coherent", "PMB_LOG=yes", "PMB_PROFIL=x",
      "PMB_PROFILE=/any",  "PMB_PATH_=",         "HOME=/",      nullptr};
  const auto warnings = environment_warnings(environment.data());
  ASSERT_EQ(warnings.size(), 3U);
  EXPECT_NE(warnings[0].find("PMB_PATH=sideways"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[0].find("direct, staged, traditional, orphaned"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("PMB_LOG=yes"), std::string::npos) << warnings[1];
  EXPECT_NE(warnings[2].find("PMB_PROFILE"), std::string::npos) << warnings[2];
  const ProgramRun run = run_program("stream --list" + kOnlyErrors, "PMB_MODEL=coherant");
  EXPECT_EQ(run.exit_code, ExitCode::kSuccess);
  EXPECT_NE(run.output.find("PMB_MODEL=coherant"), std::string::npos) << run.output;
}

TEST(Units, SizesAreBinaryAndRatesDecimal) {
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(3 << 19), "1.5 MiB");
  EXPECT_EQ(rate_text(500'000'000, 2), "0.250 GB/s");
  EXPECT_EQ(rate_text(38'000, 1), "0.000038 GB/s");
  EXPECT_EQ(rate_text(5, 0), "0.000 GB/s");
}

TEST(TerminalLine, FitsTheColumnsInWholeCharacters) {
  EXPECT_EQ(fitted("abcdef", 4), "abcd");
  EXPECT_EQ(fitted("abc", 4), "abc");
  EXPECT_EQ(fitted("a\u00d7b\u00d7", 2), "a\u00d7");
  EXPECT_EQ(fitted("abc", 0), "");
}

}  // namespace
