// SPDX-License-Identifier: MIT
// `pmb tune` as a user or a script runs it, and the profile that the other commands then use.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>
#include <string>

#include "../support/gl_needs.hpp"
#include "common/command.hpp"
#include "common/gpu_options.hpp"
#include "program_run.hpp"
#include "tune/buffer_messages.hpp"
#include "tune/tune_report.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using pmb::Access;
using pmb::ReportedMemory;
using pmb::tool::ExitCode;
using pmb::tool::reported_placement;

class Tune : public testing::Test {
 protected:
  void SetUp() override {
    PMB_NEEDS_SOFTWARE_RENDERER();
    const auto gpu = pmb::tool::open_gpu({.software = true});
    ASSERT_TRUE(gpu) << gpu.error().message();
    key_ = pmb::profile_key((*gpu)->context);
  }
  ~Tune() override { fs::remove_all(folder_); }

  /// With a separate cache; `arguments` may redirect.
  ProgramRun run(const std::string& arguments) const {
    return run_program(arguments, "XDG_CACHE_HOME='" + folder_.string() + "'");
  }
  json info(const std::string& options = "") const {
    return json::parse(run("info --software --json " + options).output);
  }
  std::string kept() const { return (folder_ / "pmb" / pmb::Profile::file_name(key_)).string(); }
  /// Profiles, whole or partial; Mesa keeps its shaders in this cache too.
  std::size_t files() const {
    std::size_t count = 0;
    if (!fs::exists(folder_)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      count += entry.path().filename().string().find(".json") != std::string::npos ? 1 : 0;
    return count;
  }

  fs::path folder_ =
      fs::temp_directory_path() / ("pmb_tune_" + std::to_string(getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
  pmb::ProfileKey key_;
};

TEST_F(Tune, KeepsAProfileThatTheOtherCommandsFind) {
  EXPECT_EQ(info().at("profile").at("error"), "profile_missing");
  // A machine under load compares nothing in half a second.
  json printed;
  for (double seconds = 0.5; seconds < 200 && (printed.empty() || printed.at("cells").empty());
       seconds *= 4) {
    const ProgramRun tuned = run("tune --software --json --time " + std::to_string(seconds));
    ASSERT_EQ(tuned.exit_code, ExitCode::kSuccess);
    printed = json::parse(tuned.output);
  }
  EXPECT_EQ(printed.at("file"), kept());
  EXPECT_EQ(printed.at("wrong"), 0);
  EXPECT_FALSE(printed.at("cells").empty());
  for (const json& cell : printed.at("cells")) {
    EXPECT_EQ(cell.at("verified"), true) << cell;
    EXPECT_FALSE(cell.at("way").get<std::string>().empty());
  }
  EXPECT_EQ(files(), 1u);
  const auto profile = pmb::Profile::load(kept());
  ASSERT_TRUE(profile) << profile.error().message();
  EXPECT_EQ(json::parse(profile->to_json()), printed.at("profile"));
  EXPECT_EQ(profile->mapping(Access::read, false).placement, pmb::Placement::plain);

  const json found = info();
  EXPECT_EQ(found.at("profile").at("in_force"), true);
  EXPECT_EQ(found.at("profile").at("file"), kept());
  EXPECT_EQ(found.at("profile").at("made"), profile->made);
  const json without = info("--no-profile");
  EXPECT_EQ(without.at("profile").at("in_force"), false);
  EXPECT_EQ(without.at("profile").at("file"), "");
  EXPECT_NE(run("info --software").output.find(kept()), std::string::npos);
}

TEST_F(Tune, StreamAndBenchReadTheProfileUnlessNoProfileIsGiven) {
  pmb::Profile profile;
  profile.key = key_;
  profile.mapping(Access::sequential_write, false).placement = pmb::Placement::gpu_memory;
  profile.transfers.emplace();
  ASSERT_TRUE(profile.save(kept()));
  const std::string summary = (folder_ / "summary.json").string();
  // Without the quirk, placements decide on a software renderer too.
  const auto path_of = [&](const std::string& options) -> std::string {
    const ProgramRun done =
        run_program("stream --software scale --gpu-reads 8 --block 4096 --json '" + summary + "' " + options +
                        " -i /etc/hostname -o /dev/null -q",
                    "PMB_DISABLE_QUIRKS=software_direct XDG_CACHE_HOME='" + folder_.string() + "'");
    EXPECT_EQ(done.exit_code, ExitCode::kSuccess);
    return json::parse(std::ifstream(summary)).at("path");
  };
  EXPECT_EQ(path_of(""), "direct");
  EXPECT_EQ(path_of("--no-profile"), "staged");
  const auto plan_of_bench = [&](const std::string& options) {
    const ProgramRun done =
        run("bench --software --quick --repeat 1 --scenario small_updates --json - " + options);
    EXPECT_EQ(done.exit_code, ExitCode::kSuccess);
    return done.output;
  };
  EXPECT_NE(plan_of_bench("").find("measured on this driver"), std::string::npos);
  EXPECT_EQ(plan_of_bench("--no-profile").find("measured on this driver"), std::string::npos);
}

TEST_F(Tune, ADryRunWritesNothingAndOutputNamesTheFile) {
  const ProgramRun dry = run("tune --software --time 0.2 --dry-run --json");
  EXPECT_EQ(dry.exit_code, ExitCode::kSuccess);
  EXPECT_TRUE(json::parse(dry.output).at("file").is_null());
  EXPECT_EQ(files(), 0u);
  const std::string file = (folder_ / "own" / "driver.json").string();
  EXPECT_EQ(run("tune --software --time 0.2 --output '" + file + "' >/dev/null").exit_code,
            ExitCode::kSuccess);
  EXPECT_EQ(files(), 1u);
  EXPECT_TRUE(pmb::Profile::load(file));
}

TEST_F(Tune, AnUnwritableFileIsReportedAndLeavesNothing) {
  const ProgramRun errors = run("tune --software --time 0.2 --output /proc/none/driver.json 2>&1 >/dev/null");
  EXPECT_EQ(errors.exit_code, ExitCode::kOutput);
  EXPECT_NE(errors.output.find("/proc/none/driver.json"), std::string::npos);
  EXPECT_EQ(run("tune --software --time 0.2 --dry-run >/dev/full 2>/dev/null").exit_code, ExitCode::kOutput);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Tune, WrongUsageAndMissingGlHaveDifferentExitCodes) {
  EXPECT_EQ(run("tune --time 0 2>/dev/null").exit_code, ExitCode::kUsage);
  EXPECT_EQ(run("tune --time 1e9 2>/dev/null").exit_code, ExitCode::kUsage);
  EXPECT_EQ(run("tune --dry-run --output x 2>/dev/null").exit_code, ExitCode::kUsage);
  EXPECT_EQ(run("tune --gpu no-such-gpu --dry-run 2>/dev/null").exit_code, ExitCode::kNoGl);
  EXPECT_EQ(run("tune --software --gl-version 9.0 --dry-run 2>/dev/null").exit_code, ExitCode::kNoGl);
  EXPECT_NE(run("tune --help").output.find("Examples:"), std::string::npos);
}

TEST_F(Tune, AnInterruptWritesNoProfile) {
  // Long enough that only a signal ends it. Signals before it listens are lost.
  const ProgramRun stopped =
      run("tune --software --time 600 >/dev/null 2>&1 & pid=$!; sleep 0.5; "
          "while kill -INT $pid 2>/dev/null; do sleep 0.5; done; wait $pid");
  EXPECT_EQ(stopped.exit_code, ExitCode::kInterrupted);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Tune, AProfileOfAnotherDriverIsIgnoredAndInfoPrintsTheReason) {
  pmb::Profile profile;
  profile.key = key_;
  profile.key.driver = "Mesa 0.1";
  ASSERT_TRUE(profile.save(kept()));
  const json found = info().at("profile");
  EXPECT_EQ(found.at("in_force"), false);
  EXPECT_EQ(found.at("error"), "profile_driver");
  std::ofstream(kept()) << "not JSON";
  EXPECT_EQ(info().at("profile").at("error"), "profile_corrupt");
  EXPECT_NE(run("info --software").output.find("pmb tune"), std::string::npos);
}

TEST(BufferMessages, NameTheBufferAndItsMemory) {
  const auto place = [](std::uint32_t id, const char* text) {
    return reported_placement(id, text).value_or(std::pair{std::uint32_t{0}, ReportedMemory::unknown});
  };
  EXPECT_EQ(place(131185,
                  "Buffer detailed info: Buffer object 7 (bound to GL_COPY_READ_BUFFER, usage hint is "
                  "GL_STREAM_READ) "
                  "will use VIDEO memory as the source for buffer object operations."),
            std::pair(7U, ReportedMemory::video));
  EXPECT_EQ(
      place(131185,
            "Buffer detailed info: Buffer object 12 (bound to NONE, usage hint is GL_DYNAMIC_DRAW) will use "
            "SYSTEM HEAP memory as the source for buffer object operations."),
      std::pair(12U, ReportedMemory::system));
  EXPECT_EQ(place(131185, "Buffer object 3 has been mapped in DMA CACHED memory"),
            std::pair(3U, ReportedMemory::system));
  EXPECT_EQ(place(131186,
                  "Buffer performance warning: Buffer object 4 (bound to NONE) is being copied/moved from "
                  "VIDEO memory "
                  "to HOST memory."),
            std::pair(4U, ReportedMemory::system));
  EXPECT_FALSE(reported_placement(131154, "Buffer object 4 will use VIDEO memory"));
  EXPECT_FALSE(reported_placement(131185, "Buffer object x will use VIDEO memory"));
  EXPECT_FALSE(reported_placement(131185, "Buffer object 4 will use some memory"));
  EXPECT_FALSE(reported_placement(131185, ""));
}

TEST(TuneReport, NamesTheChosenCandidateAndItsGain) {
  pmb::Calibration measured;
  measured.cells = {{.work = "upload",
                     .candidate = "slow",
                     .size_bytes = 4096,
                     .ns = 3000,
                     .runs = 5,
                     .verified = true,
                     .is_default = true},
                    {.work = "upload",
                     .candidate = "fast",
                     .size_bytes = 4096,
                     .ns = 1000,
                     .runs = 5,
                     .verified = true,
                     .chosen = true},
                    {.work = "upload", .candidate = "broken", .size_bytes = 4096}};
  measured.wrong = 1;
  const std::string text = pmb::tool::tune_text(measured);
  EXPECT_NE(text.find("fast"), std::string::npos) << text;
  EXPECT_NE(text.find("3.00"), std::string::npos) << text;
  EXPECT_NE(text.find("slow"), std::string::npos) << text;
  const json printed = json::parse(pmb::tool::tune_json(measured, "", 1.5).dump());
  EXPECT_EQ(printed.at("cells").size(), 3u);
  EXPECT_EQ(printed.at("wrong"), 1);
  EXPECT_TRUE(printed.at("file").is_null());
}

}  // namespace
