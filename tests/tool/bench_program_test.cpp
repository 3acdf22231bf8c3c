// SPDX-License-Identifier: MIT
// `pmb bench` as a user or a script runs it: output and exit codes of the built program.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/scenarios/scenario.hpp"
#include "common/command.hpp"
#include "program_run.hpp"
#include "stream_fixture.hpp"

namespace {

using nlohmann::json;
using pmb::tool::ExitCode;

/// `arguments` may redirect.
ProgramRun run(const std::string& arguments) {
  return run_program("bench " + arguments);
}

class Bench : public stream_test::Stream {
 protected:
  void SetUp() override {
    PMB_NEEDS_SOFTWARE_RENDERER();
    Stream::SetUp();
  }
};

/// Each scenario, small and with one turn.
class BenchScenario : public Bench, public testing::WithParamInterface<const pmb::tool::bench::Scenario*> {};

TEST_P(BenchScenario, VerifiesEveryByteOfEveryMethod) {
  const auto result = run(std::string("--software --quick --repeat 1 --json - --scenario ") +
                          GetParam()->name + (GetParam()->sized ? " --size 64 --size 1M" : ""));
  EXPECT_EQ(result.exit_code, ExitCode::kSuccess);
  const json benchmarks = json::parse(result.output).at("benchmarks");
  std::map<std::string, std::set<std::string>> kinds;  // By case.
  for (const json& entry : benchmarks) {
    EXPECT_EQ(entry.at("scenario"), GetParam()->name);
    EXPECT_EQ(entry.at("verified"), true) << entry;
    EXPECT_GT(entry.at("real_time"), 0) << entry;
    EXPECT_GT(entry.at("gb_per_s"), 0) << entry;
    kinds[entry.at("variant").get<std::string>() + "/" + entry.at("size_bytes").dump()].insert(
        entry.at("kind"));
  }
  EXPECT_FALSE(kinds.empty());
  for (const auto& [place, seen] : kinds) {
    EXPECT_TRUE(seen.count("traditional") == 1 && seen.count("plan") == 1 && seen.count("forced") == 1)
        << place;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, BenchScenario, testing::ValuesIn([] {
                           std::vector<const pmb::tool::bench::Scenario*> all;
                           for (const auto& scenario : pmb::tool::bench::all_scenarios())
                             all.push_back(&scenario);
                           return all;
                         }()),
                         [](const auto& test) { return std::string(test.param->name); });

TEST_F(Bench, ListNamesEveryScenario) {
  const auto result = run("--list");
  EXPECT_EQ(result.exit_code, ExitCode::kSuccess);
  for (const auto& scenario : pmb::tool::bench::all_scenarios()) {
    EXPECT_NE(result.output.find(scenario.name), std::string::npos);
  }
}

TEST_F(Bench, UnknownScenariosAndMethodsAreExitCodeOneWithOneSentence) {
  for (const char* arguments :
       {"--software --scenario no_such", "--software --quick --method no_such", "--software --size 100",
        "--software --size 32", "--software --scenario duplex --size 64", "--software --repeat 0",
        "--software --time -1"}) {
    EXPECT_EQ(run(std::string(arguments) + " 2>/dev/null").exit_code, ExitCode::kUsage) << arguments;
  }
  const auto errors = run("--software --scenario no_such 2>&1 >/dev/null");
  EXPECT_EQ(std::count(errors.output.begin(), errors.output.end(), '\n'), 1) << errors.output;
  EXPECT_NE(errors.output.find("no_such"), std::string::npos);
}

TEST_F(Bench, MeasuresOnlyTheNamedMethods) {
  const auto result = run(
      "--software --repeat 1 --scenario upload_kept --size 4K --method 'buffer_*' --method plan --json -");
  std::set<std::string> methods;
  const json benchmarks = json::parse(result.output).at("benchmarks");
  for (const json& entry : benchmarks) methods.insert(entry.at("way"));
  EXPECT_EQ(methods, (std::set<std::string>{"buffer_data", "buffer_sub_data", "plan", "limit"}));
}

TEST_F(Bench, RepeatSetsTheNumberOfTurns) {
  const auto result = run("--software --repeat 7 --scenario download --size 4K --method plan --json -");
  const json benchmarks = json::parse(result.output).at("benchmarks");
  EXPECT_EQ(benchmarks.size(), 2u);
  for (const json& entry : benchmarks) EXPECT_EQ(entry.at("repetitions"), 7);
}

TEST_F(Bench, TableFilesAndPageShowTheSameRun) {
  const stream_test::TemporaryFolder folder;
  const auto result = run("--software --repeat 2 --scenario upload_kept --size 4K --json '" +
                          folder.file("run.json") + "' --html '" + folder.file("run.html") + "'");
  EXPECT_EQ(result.exit_code, ExitCode::kSuccess);
  EXPECT_NE(result.output.find("upload_kept, 4 KiB each"), std::string::npos);
  EXPECT_NE(result.output.find("plan against the best traditional method"), std::string::npos);
  const json run_json = json::parse(stream_test::read_text(folder.file("run.json")));
  EXPECT_FALSE(run_json.at("context").at("limit").at("reason").get<std::string>().empty());
  EXPECT_FALSE(run_json.at("context").at("plan").empty());
  EXPECT_NE(stream_test::read_text(folder.file("run.html")).find("upload_kept/4096/plan"), std::string::npos);
}

TEST_F(Bench, UnwritableFilesAreExitCodeThree) {
  const std::string small = "--software --repeat 1 --scenario upload_kept --size 64 --method plan ";
  EXPECT_EQ(run(small + "--json /nonexistent/run.json >/dev/null 2>&1").exit_code, ExitCode::kOutput);
  EXPECT_EQ(run(small + "--html /nonexistent/run.html >/dev/null 2>&1").exit_code, ExitCode::kOutput);
  if (access("/dev/full", W_OK) == 0) {
    EXPECT_EQ(run(small + ">/dev/full 2>/dev/null").exit_code, ExitCode::kOutput);
  }
}

TEST_F(Bench, AnInterruptReportsTheFiguresSoFarAndIsExitCode130) {
  const stream_test::TemporaryFolder folder;
  const std::string file = folder.file("run.json");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    std::freopen(folder.file("out").c_str(), "w", stdout);
    std::freopen("/dev/null", "w", stderr);
    execl(PMB_PROGRAM, PMB_PROGRAM, "bench", "--software", "--scenario", "upload_kept", "--time", "600",
          "--json", file.c_str(), nullptr);
    _exit(127);
  }
  // The first case is printed at its end.
  while (stream_test::read_text(folder.file("out")).empty()) {
    ASSERT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "it ended without a signal";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), ExitCode::kInterrupted);
  const json run_json = json::parse(stream_test::read_text(file));
  EXPECT_EQ(run_json.at("context").at("interrupted"), true);
  EXPECT_FALSE(run_json.at("benchmarks").empty());
}

}  // namespace
