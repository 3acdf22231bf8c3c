// SPDX-License-Identifier: MIT
// `pmb info` as a user or a script runs it: the tests run the built program and read its output and exit code.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../support/gl_needs.hpp"
#include "common/command.hpp"
#include "common/gpu_options.hpp"
#include "program_run.hpp"

namespace {

using nlohmann::json;
using pmb::tool::ExitCode;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Info : public testing::Test {
 protected:
  void SetUp() override { PMB_NEEDS_SOFTWARE_RENDERER(); }
};

TEST_F(Info, JsonMatchesTheLibrary) {
  const ProgramRun result = run_program("info --software --json");
  ASSERT_EQ(result.exit_code, ExitCode::kSuccess);
  const json info = json::parse(result.output);

  const auto gpu = pmb::tool::open_gpu({.software = true});
  ASSERT_TRUE(gpu);
  const pmb::Context& context = (*gpu)->context;
  EXPECT_EQ(info.at("gpu").at("name"), (*gpu)->headless.gpu().name);
  EXPECT_EQ(info.at("gpu").at("software"), true);
  EXPECT_EQ(info.at("driver").at("vendor"), context.driver().vendor);
  EXPECT_EQ(info.at("driver").at("renderer"), context.driver().renderer);
  EXPECT_EQ(info.at("driver").at("version"), context.driver().version);
  EXPECT_EQ(info.at("driver").at("kind"), context.driver().kind);
  EXPECT_EQ(info.at("driver").at("software"), context.driver().software);
  EXPECT_EQ(info.at("driver").at("release").size(), 3u);
  EXPECT_EQ(info.at("features").at("buffer_storage"), context.limits().buffer_storage);
  EXPECT_EQ(info.at("features").at("direct_state_access"), context.limits().direct_state_access);
  EXPECT_EQ(info.at("features").at("memory_barrier"), context.limits().memory_barrier);
  EXPECT_EQ(info.at("features").at("compute"), context.limits().compute);
  EXPECT_EQ(info.at("features").at("reset_notification"), context.limits().reset_notification);
  EXPECT_EQ(info.at("features").at("no_error"), context.limits().no_error);
  EXPECT_EQ(info.at("limits").at("gl_major"), context.limits().gl_major);
  EXPECT_EQ(info.at("limits").at("map_alignment"), context.limits().map_alignment);
  EXPECT_EQ(info.at("limits").at("max_storage_block"), context.limits().max_storage_block);
  EXPECT_EQ(info.at("limits").at("gles"), false);
  EXPECT_EQ(info.at("limits").at("max_texture_buffer_texels"), context.limits().max_texture_buffer_texels);
  EXPECT_GT(info.at("memory").at("limit_bytes").get<std::uint64_t>(), 0u);
  EXPECT_EQ(info.at("memory").at("mapped_bytes"), 0u);
}

TEST_F(Info, JsonHoldsAPlanWithItsReasonsForEveryAccess) {
  const json info = json::parse(run_program("info --software --json").output);
  std::set<std::string> accesses;
  for (const json& plan : info.at("plans")) {
    accesses.insert(plan.at("access").get<std::string>());
    EXPECT_GT(plan.at("size_bytes").get<std::uint64_t>(), 0u);
    EXPECT_GT(plan.at("gpu_reads").get<std::uint32_t>(), 0u);
    EXPECT_FALSE(plan.at("model").get<std::string>().empty());
    EXPECT_FALSE(plan.at("path").get<std::string>().empty());
    EXPECT_NE(plan.at("map_flags").get<std::string>().find("MAP_PERSISTENT"), std::string::npos);
    EXPECT_FALSE(plan.at("reasons").empty());
  }
  EXPECT_EQ(accesses, (std::set<std::string>{"sequential_write", "read", "bidirectional"}));
}

TEST_F(Info, JsonHoldsTheStepsOfTransfersInBothDirections) {
  const json transfers = json::parse(run_program("info --software --json").output).at("transfers");
  EXPECT_FALSE(transfers.at("reason").get<std::string>().empty());
  for (const char* direction : {"upload", "download"}) {
    EXPECT_EQ(transfers.at(direction).at("steps"), json::parse(R"([{"path": "traditional"}])")) << direction;
  }
  const json forced =
      json::parse(run_program("info --software --json", "PMB_PATH=staged").output).at("transfers");
  EXPECT_EQ(forced.at("upload").at("steps").at(0).at("path"), "staged");
  EXPECT_GT(forced.at("upload").at("steps").at(0).at("chunk_bytes"), 0u);
}

TEST_F(Info, AQuirkDisabledInTheEnvironmentIsShownAsDisabled) {
  const auto enabled_in = [](const ProgramRun& result) {
    const json info = json::parse(result.output);
    for (const json& quirk : info.at("quirks")) {
      if (quirk.at("id") != "software_direct") continue;
      EXPECT_EQ(quirk.at("applies"), true);
      EXPECT_FALSE(quirk.at("evidence").get<std::string>().empty());
      return quirk.at("enabled").get<bool>();
    }
    ADD_FAILURE() << "the quirk is not listed";
    return false;
  };
  EXPECT_TRUE(enabled_in(run_program("info --software --json")));
  EXPECT_FALSE(enabled_in(run_program("info --software --json", "PMB_DISABLE_QUIRKS=software_direct")));
  const ProgramRun mistyped = run_program("info --software --json 2>&1 >/dev/null",
                                          "PMB_DISABLE_QUIRKS=software_direct,sotfware_direct");
  EXPECT_NE(mistyped.output.find("sotfware_direct; did you mean software_direct?"), std::string::npos)
      << mistyped.output;
}

TEST_F(Info, TextNamesTheRendererAndEveryAccessWithinAHundredColumns) {
  const auto gpu = pmb::tool::open_gpu({.software = true});
  ASSERT_TRUE(gpu);
  const ProgramRun result = run_program("info --software");
  ASSERT_EQ(result.exit_code, ExitCode::kSuccess);
  EXPECT_NE(result.output.find((*gpu)->context.driver().renderer), std::string::npos);
  for (const char* word : {"sequential write", "bidirectional", "MAP_PERSISTENT", "software_direct",
                           "in force", "glGetBufferSubData"}) {
    EXPECT_NE(result.output.find(word), std::string::npos) << word;
  }
  for (const std::string& line : lines_of(result.output)) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
  }
}

TEST_F(Info, TheGpuListMatchesTheLibrary) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus);
  const ProgramRun as_json = run_program("info --list-gpus --json");
  ASSERT_EQ(as_json.exit_code, ExitCode::kSuccess);
  const json listed = json::parse(as_json.output).at("gpus");
  ASSERT_EQ(listed.size(), gpus->size());
  for (std::size_t i = 0; i < gpus->size(); ++i) {
    EXPECT_EQ(listed[i].at("index"), (*gpus)[i].index);
    EXPECT_EQ(listed[i].at("name"), (*gpus)[i].name);
    EXPECT_EQ(listed[i].at("driver"), (*gpus)[i].driver);
    EXPECT_EQ(listed[i].at("device_path"), (*gpus)[i].device_path);
    EXPECT_EQ(listed[i].at("software"), (*gpus)[i].software);
  }

  const ProgramRun as_text = run_program("info --list-gpus");
  ASSERT_EQ(as_text.exit_code, ExitCode::kSuccess);
  const std::vector<std::string> lines = lines_of(as_text.output);
  ASSERT_EQ(lines.size(), gpus->size() + 1);
  for (std::size_t i = 0; i < gpus->size(); ++i) {
    EXPECT_NE(lines[i + 1].find((*gpus)[i].name), std::string::npos);
  }
}

TEST_F(Info, GpuIsChosenByIndexAndByName) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus);
  const pmb::GpuInfo& last = gpus->back();
  const ProgramRun by_index = run_program("info --json --gpu " + std::to_string(last.index));
  ASSERT_EQ(by_index.exit_code, ExitCode::kSuccess);
  EXPECT_EQ(json::parse(by_index.output).at("gpu").at("index"), last.index);
  const ProgramRun by_name = run_program("info --json --software --gpu '" + last.name.substr(0, 4) + "'");
  ASSERT_EQ(by_name.exit_code, ExitCode::kSuccess);
  EXPECT_EQ(json::parse(by_name.output).at("gpu").at("name"), last.name);
}

TEST_F(Info, UnknownGpuIsOneSentenceOnStandardErrorAndExitCodeFour) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus);
  // A number is an index, even if a GPU's name contains it.
  for (const std::string& gpu : {std::string("'no such thing'"), std::to_string(gpus->size())}) {
    const ProgramRun errors = run_program("info --gpu " + gpu + kOnlyErrors);
    EXPECT_EQ(errors.exit_code, ExitCode::kNoGl);
    ASSERT_EQ(lines_of(errors.output).size(), 1u) << errors.output;
    EXPECT_NE(errors.output.find("--list-gpus"), std::string::npos);
    EXPECT_EQ(run_program("info --json --gpu " + gpu + " 2>/dev/null").output, "");
  }
}

TEST_F(Info, AMachineWithoutDriversIsExitCodeFour) {
  for (const char* arguments : {"info", "info --list-gpus"}) {
    const ProgramRun errors =
        run_program(arguments + kOnlyErrors, "__EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent.json");
    EXPECT_EQ(errors.exit_code, ExitCode::kNoGl);
    EXPECT_EQ(lines_of(errors.output).size(), 1u) << errors.output;
  }
}

TEST_F(Info, UnwritableOutputIsExitCodeThree) {
  EXPECT_EQ(run_program("info --software 2>/dev/null >/dev/full").exit_code, ExitCode::kOutput);
}

TEST_F(Info, UnknownOptionIsExitCodeOne) {
  EXPECT_EQ(run_program("info --no-such-option 2>/dev/null").exit_code, ExitCode::kUsage);
}

TEST_F(Info, OpenGlEsIsShownWithItsPlans) {
  const ProgramRun result = run_program("info --software --gles --json");
  ASSERT_EQ(result.exit_code, ExitCode::kSuccess);
  const json info = json::parse(result.output);
  EXPECT_EQ(info.at("limits").at("gles"), true);
  EXPECT_EQ(info.at("limits").at("gl_major"), 3);
  EXPECT_NE(info.at("driver").at("version").get<std::string>().find("OpenGL ES"), std::string::npos);
  EXPECT_FALSE(info.at("plans").empty());
  EXPECT_NE(run_program("info --software --gles").output.find("OpenGL ES"), std::string::npos);

  // Without the extension every plan is the fallback, which has no flags.
  const ProgramRun without =
      run_program("info --software --gles --json", "MESA_EXTENSION_OVERRIDE=-GL_EXT_buffer_storage");
  ASSERT_EQ(without.exit_code, ExitCode::kSuccess);
  const json fallback = json::parse(without.output);
  EXPECT_FALSE(fallback.at("plans").empty());
  for (const json& plan : fallback.at("plans")) EXPECT_EQ(plan.at("path"), "traditional");
}

TEST_F(Info, TheRequestedVersionIsTheMinimum) {
  EXPECT_EQ(run_program("info --software --gl-version 3.2 >/dev/null").exit_code, ExitCode::kSuccess);
  const ProgramRun errors = run_program("info --software --gl-version 9.0" + kOnlyErrors);
  EXPECT_EQ(errors.exit_code, ExitCode::kNoGl);
  EXPECT_EQ(lines_of(errors.output).size(), 1u) << errors.output;
  for (const char* text : {"4", "4.", ".3", "4.3.1", "four", "-4.3", "0.1", "''"}) {
    const ProgramRun usage = run_program(std::string("info --gl-version ") + text + kOnlyErrors);
    EXPECT_EQ(usage.exit_code, ExitCode::kUsage) << text;
    EXPECT_NE(usage.output.find("--gl-version"), std::string::npos) << usage.output;
  }
}

}  // namespace
