// SPDX-License-Identifier: MIT
// `pmb verify` as a user or a script runs it, and the processes that it measures in.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "../support/gl_needs.hpp"
#include "common/command.hpp"
#include "program_run.hpp"
#include "verify/report.hpp"
#include "verify/run.hpp"
#include "verify_fake.hpp"

namespace verify_test {
namespace {

using nlohmann::json;
using pmb::tool::ExitCode;
using pmb::tool::Outcome;
using pmb::tool::StopSignal;

class Verify : public testing::Test {
 protected:
  void SetUp() override { PMB_NEEDS_SOFTWARE_RENDERER(); }
};

TEST_F(Verify, TheSoftwareRendererHasEveryPropertyOrAQuirkAvoidsItsLack) {
  const ProgramRun result = run_program("verify --software --json -");
  EXPECT_EQ(result.exit_code, ExitCode::kSuccess);
  const json report = json::parse(result.output);
  EXPECT_FALSE(report.at("driver").at("renderer").get<std::string>().empty());
  EXPECT_EQ(report.at("summary").at("fail"), 0);
  const auto properties = all_properties();
  ASSERT_EQ(report.at("properties").size(), properties.size());
  for (std::size_t i = 0; i < properties.size(); ++i) {
    const json& finding = report.at("properties").at(i);
    EXPECT_EQ(finding.at("name"), properties[i].name);
    EXPECT_NE(finding.at("verdict"), "fail") << finding;
    EXPECT_FALSE(finding.at("evidence").get<std::string>().empty());
    EXPECT_GT(finding.at("seconds"), 0.0);
  }
}

TEST_F(Verify, ALackThatNoQuirkAvoidsIsExitCodeNineAndIsNamed) {
  if (run_program("verify --software --property update_after_storage").output.find("avoided") ==
      std::string::npos)
    GTEST_SKIP() << "updates of this renderer do not overtake draws";
  const std::string disabled = "PMB_DISABLE_QUIRKS=software_update_order";
  const ProgramRun run = run_program("verify --software --property update_after_storage 2>&1", disabled);
  EXPECT_EQ(run.exit_code, ExitCode::kProperty);
  EXPECT_NE(run.output.find("lacks update_after_storage"), std::string::npos) << run.output;
}

TEST_F(Verify, ChosenPropertiesAreLinesInTheOrderOfTheTable) {
  const ProgramRun run = run_program("verify --software --property flags_echo --property flush_offset");
  EXPECT_EQ(run.exit_code, ExitCode::kSuccess);
  const std::size_t first = run.output.find("flush_offset");
  const std::size_t second = run.output.find("flags_echo");
  ASSERT_NE(second, std::string::npos) << run.output;
  EXPECT_LT(first, second);
  EXPECT_NE(run.output.find("2 pass, 0 avoided, 0 fail, 0 not applicable"), std::string::npos) << run.output;
}

TEST_F(Verify, OpenGlEsIsVerifiedToo) {
  const ProgramRun run = run_program("verify --software --gles --property coherent_to_storage --json -");
  EXPECT_EQ(run.exit_code, ExitCode::kSuccess);
  const json report = json::parse(run.output);
  EXPECT_NE(report.at("driver").at("version").get<std::string>().find("OpenGL ES"), std::string::npos);
  EXPECT_EQ(report.at("properties").at(0).at("verdict"), "pass");
}

TEST_F(Verify, JsonThatCannotBeWrittenIsExitCodeThree) {
  EXPECT_EQ(run_program("verify --software --json /nonexistent/file" + kOnlyErrors).exit_code,
            ExitCode::kOutput);
  EXPECT_EQ(run_program("verify --software --property flags_echo 2>/dev/null >/dev/full").exit_code,
            ExitCode::kOutput);
}

TEST_F(Verify, AMachineWithoutDriversIsExitCodeFourWithOneSentence) {
  const ProgramRun errors =
      run_program("verify" + kOnlyErrors, "__EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent.json");
  EXPECT_EQ(errors.exit_code, ExitCode::kNoGl);
  EXPECT_EQ(std::ranges::count(errors.output, '\n'), 1) << errors.output;
}

TEST(VerifyOptions, UnknownPropertiesAreExitCodeOne) {
  EXPECT_EQ(run_program("verify --property nonsense" + kOnlyErrors).exit_code, ExitCode::kUsage);
}

TEST(VerifyOptions, TheListNamesEveryProperty) {
  const ProgramRun list = run_program("verify --list");
  EXPECT_EQ(list.exit_code, ExitCode::kSuccess);
  for (const Property& property : all_properties())
    EXPECT_NE(list.output.find(property.name), std::string::npos) << property.name;
}

// A driver that opens in a worker.
Outcome<void> open_fake(const std::function<void(const Gpu&)>& measure_all) {
  FakeDevice device;
  measure_all(device.gpu());
  return {};
}

const Property kHolds = {"holds", "", [](const Gpu&) { return std::string("it does"); }};
const Property kCrashes = {"crashes", "", [](const Gpu&) -> std::string {
                             raise(SIGKILL);
                             return "alive";
                           }};
const Property kHangs = {"hangs", "", [](const Gpu&) -> std::string {
                           for (;;) pause();
                         }};

TEST(VerifyRun, ACrashCostsOneProperty) {
  StopSignal stop;
  const auto result = run({&kHolds, &kCrashes, &kHolds}, open_fake, {}, stop);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->findings.size(), 3U);
  EXPECT_EQ(result->findings[0].verdict, Verdict::pass);
  EXPECT_EQ(result->findings[1].verdict, Verdict::fail);
  EXPECT_EQ(result->findings[1].name, "crashes");
  EXPECT_NE(result->findings[1].evidence.find("signal 9"), std::string::npos) << result->findings[1].evidence;
  EXPECT_EQ(result->findings[2].verdict, Verdict::pass);
  EXPECT_EQ(result->driver.at("vendor"), "strict fake");
}

TEST(VerifyRun, AGpuThatPageProtectionStopsFailsThatProperty) {
  const auto properties = all_properties();
  const auto page_protection =
      std::ranges::find(properties, std::string_view("page_protection"), &Property::name);
  ASSERT_NE(page_protection, properties.end());
  const auto open_without_addresses = [](const std::function<void(const Gpu&)>& measure_all) {
    FakeDevice device({}, {}, false);
    measure_all(device.gpu());
    return Outcome<void>();
  };
  StopSignal stop;
  const auto result = run({&*page_protection, &kHolds}, open_without_addresses, {}, stop);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(failures_of(result->findings), "page_protection");
}

TEST(VerifyRun, ACheckThatHangsFailsAtTheLimit) {
  StopSignal stop;
  const RunRules rules{.limit = std::chrono::seconds(2)};
  const auto result = run({&kHangs}, open_fake, rules, stop);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->findings.size(), 1U);
  EXPECT_EQ(result->findings[0].verdict, Verdict::fail);
  EXPECT_EQ(failures_of(result->findings), "hangs");
}

// The process that takes the token fails.
std::array<int, 2> token = {};
const Property kSeveral = {.name = "several",
                           .what = "",
                           .check = [](const Gpu&) -> std::string {
                             char taken = 0;
                             if (read(token[0], &taken, 1) == 1) fail_check("the token was here");
                             return "no token";
                           },
                           .processes = 4};

TEST(VerifyRun, OneFailureOfSeveralProcessesIsAFailure) {
  ASSERT_EQ(pipe2(token.data(), O_NONBLOCK), 0);
  StopSignal stop;
  const auto sound = run({&kHolds, &kSeveral, &kHolds}, open_fake, {}, stop);
  ASSERT_TRUE(sound) << sound.error().message;
  EXPECT_EQ(failures_of(sound->findings), "");
  ASSERT_EQ(sound->findings.size(), 3U);
  EXPECT_EQ(sound->findings[1].name, "several");

  ASSERT_EQ(write(token[1], "x", 1), 1);
  const auto failed = run({&kSeveral}, open_fake, {}, stop);
  ASSERT_TRUE(failed) << failed.error().message;
  EXPECT_EQ(failures_of(failed->findings), "several");
  EXPECT_NE(failed->findings[0].evidence.find("the token was here"), std::string::npos);
  close(token[0]);
  close(token[1]);
}

TEST(VerifyRun, ADriverThatCannotBeOpenedIsReportedOnce) {
  StopSignal stop;
  const auto refused = run(
      {&kHolds, &kHolds},
      [](const auto&) -> Outcome<void> { return pmb::tool::fail(pmb::tool::kNoGl, "none"); }, {}, stop);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::kNoGl);
  EXPECT_EQ(refused.error().message, "none");
  const auto crashed = run(
      {&kHolds},
      [](const auto&) -> Outcome<void> {
        raise(SIGKILL);
        return {};
      },
      {}, stop);
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().code, ExitCode::kGpu);
}

TEST(VerifyRun, AnInterruptEndsTheRun) {
  StopSignal stop;
  stop.request();
  const auto result = run({&kHangs}, open_fake, {}, stop);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ExitCode::kInterrupted);
}

}  // namespace
}  // namespace verify_test
