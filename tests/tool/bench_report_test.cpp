// SPDX-License-Identifier: MIT
// The reports of `pmb bench`: the shape of the JSON, and a complete page that loads no other files.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "bench/report/report.hpp"

namespace {

using namespace pmb::tool::bench;
using nlohmann::json;

Measurement way_of(const char* name, MethodKind kind, double median) {
  Measurement method;
  method.method = name;
  method.kind = kind;
  method.wall = summarize(std::vector<double>{median * 0.99, median, median * 1.01});
  method.cpu_ns = median / 2;
  method.fences = 1;
  method.cpu_bytes_copied = 4096;
  method.verified = true;
  return method;
}

std::vector<CaseResult> some_results() {
  CaseResult sized{.scenario = "upload_kept",
                   .variant = {},
                   .size_bytes = 4096,
                   .operations = 1,
                   .limit_note = "a copy",
                   .methods = {}};
  sized.methods = {way_of("buffer_data", MethodKind::traditional, 4000),
                   way_of("plan", MethodKind::plan, 1000), way_of("limit", MethodKind::limit, 500)};
  sized.methods[1].gpu_ns = 700;
  sized.methods[1].gpu_memory_bytes = 8192;
  Measurement broken;
  broken.method = "broken";
  broken.failure = pmb::tool::Failure{pmb::tool::kMismatch, "byte 3 of 9 </script> is wrong"};
  sized.methods.push_back(broken);
  compare_methods(sized, 4096);
  CaseResult frame = sized;
  frame.scenario = "frame_upload";
  frame.variant = "rgba8";
  return {sized, frame};
}

RunContext some_context() {
  return {.date = "2026-01-02T03:04:05Z",
          .command = "pmb bench",
          .cpu = "A <b>processor</b>",
          .cores = 2,
          .memory_bytes = 1 << 30,
          .kernel = "Linux",
          .vendor = "Vendor",
          .renderer = "Renderer",
          .version = "4.6",
          .software = true,
          .plans = {"sequential write: coherent"},
          .limit = "memory copy, 2 threads",
          .limit_reason = "no NVIDIA GPU"};
}

TEST(BenchJson, HasTheOuterShapeOfGoogleBenchmarkAndEveryColumn) {
  const json run = json::parse(to_json(some_context(), some_results()).dump());
  const json& context = run.at("context");
  EXPECT_EQ(context.at("date"), "2026-01-02T03:04:05Z");
  EXPECT_EQ(context.at("num_cpus"), 2);
  EXPECT_EQ(context.at("machine").at("cpu"), "A <b>processor</b>");
  EXPECT_EQ(context.at("driver").at("renderer"), "Renderer");
  EXPECT_EQ(context.at("gl_version"), "4.6");
  EXPECT_EQ(context.at("plan").size(), 1u);
  EXPECT_EQ(context.at("limit").at("name"), "memory copy, 2 threads");
  EXPECT_EQ(context.at("limit").at("by_scenario").at("upload_kept"), "a copy");
  ASSERT_EQ(run.at("benchmarks").size(), 8u);

  const json& plan = run.at("benchmarks").at(1);
  EXPECT_EQ(plan.at("name"), "upload_kept/4096/plan");
  EXPECT_EQ(plan.at("scenario"), "upload_kept");
  EXPECT_EQ(plan.at("way"), "plan");
  EXPECT_EQ(plan.at("size_bytes"), 4096);
  EXPECT_EQ(plan.at("real_time"), 1000);
  EXPECT_EQ(plan.at("time_unit"), "ns");
  EXPECT_EQ(plan.at("cpu_time"), 500);
  EXPECT_EQ(plan.at("gpu_time"), 700);
  EXPECT_NEAR(plan.at("spread").get<double>(), 20, 1e-6);
  EXPECT_NEAR(plan.at("gb_per_s").get<double>(), 4.096, 1e-9);
  EXPECT_EQ(plan.at("of_limit"), 0.5);
  EXPECT_EQ(plan.at("vs_traditional"), 4);
  EXPECT_EQ(plan.at("ranked"), true);
  EXPECT_EQ(plan.at("fences"), 1);
  EXPECT_EQ(plan.at("cpu_bytes_copied"), 4096);
  EXPECT_EQ(plan.at("gpu_memory_bytes"), 8192);
  EXPECT_EQ(plan.at("verified"), true);
  EXPECT_EQ(run.at("benchmarks").at(4).at("name"), "frame_upload/rgba8/buffer_data");

  const json& limit = run.at("benchmarks").at(2);
  EXPECT_TRUE(limit.at("of_limit").is_null());
  EXPECT_TRUE(limit.at("vs_traditional").is_null());
  EXPECT_TRUE(limit.at("gpu_time").is_null());

  const json& broken = run.at("benchmarks").at(3);
  EXPECT_EQ(broken.at("error_occurred"), true);
  EXPECT_EQ(broken.at("verified"), false);
  EXPECT_FALSE(broken.contains("real_time"));
}

TEST(BenchText, ShowsUnrankedDifferencesAsEqualAndFailures) {
  std::vector<CaseResult> results = some_results();
  EXPECT_NE(case_text(results[0]).find("4.00x"), std::string::npos);
  EXPECT_NE(case_text(results[0]).find("50%"), std::string::npos);
  EXPECT_NE(case_text(results[0]).find("byte 3 of 9"), std::string::npos);
  EXPECT_NE(summary_text(results).find("faster in 2, equal within the spread in 0, slower in 0"),
            std::string::npos);
  results[0].methods[1].wall = results[0].methods[0].wall;
  compare_methods(results[0], 4096);
  EXPECT_EQ(case_text(results[0]).find("1.00x"), std::string::npos);
  EXPECT_NE(summary_text(results).find("faster in 1, equal within the spread in 1"), std::string::npos);
  results[0].methods[1].wall = summarize(std::vector<double>{9000, 9000, 9000});
  compare_methods(results[0], 4096);
  EXPECT_NE(summary_text(results).find("slower in 1\n  upload_kept 4 KiB: 0.44x of buffer_data"),
            std::string::npos)
      << summary_text(results);
}

TEST(BenchText, SizesAndTimesHaveUnits) {
  EXPECT_EQ(size_text(64), "64 B");
  EXPECT_EQ(size_text(4096), "4 KiB");
  EXPECT_EQ(size_text(1 << 28), "256 MiB");
  EXPECT_EQ(size_text(8294400), "7.91 MiB");
  EXPECT_EQ(time_text(35.25), "35.2 ns");
  EXPECT_EQ(time_text(999.7), "1 us");
  EXPECT_EQ(time_text(1234567), "1.23 ms");
  EXPECT_EQ(time_text(2.5e9), "2.5 s");
}

/// The tags of a page outside scripts and styles, as "name" and "/name", with their attributes.
struct Tag {
  std::string name;
  std::string attributes;
};
std::vector<Tag> tags_of(const std::string& page) {
  std::vector<Tag> tags;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at)) {
    const std::size_t end = page.find('>', at);
    const std::size_t name_end = page.find_first_of(" >\n", at);
    Tag tag{page.substr(at + 1, name_end - at - 1), page.substr(name_end, end - name_end)};
    at = end;
    if (tag.name == "script" || tag.name == "style") at = page.find("</" + tag.name, end);
    tags.push_back(std::move(tag));
  }
  return tags;
}

TEST(BenchPage, EveryTagIsClosedInOrder) {
  const std::set<std::string> kVoid = {"!DOCTYPE", "meta", "br"};
  std::vector<std::string> open;
  for (const Tag& tag : tags_of(to_html(to_json(some_context(), some_results())))) {
    if (kVoid.count(tag.name) > 0) continue;
    if (tag.name.front() != '/') {
      open.push_back(tag.name);
    } else {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(tag.name, "/" + open.back());
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(BenchPage, LoadsNoExternalFiles) {
  const std::string page = to_html(to_json(some_context(), some_results()));
  for (const Tag& tag : tags_of(page)) {
    EXPECT_EQ(tag.attributes.find("src="), std::string::npos) << tag.name;
    EXPECT_EQ(tag.attributes.find("href="), std::string::npos) << tag.name;
    EXPECT_NE(tag.name, "link");
  }
  for (const char* method : {"fetch(", "XMLHttpRequest", "import(", "@import", "url("}) {
    EXPECT_EQ(page.find(method), std::string::npos) << method;
  }
}

TEST(BenchPage, ContainsTheWholeRunTheLibraryAndItsLicence) {
  const json run = to_json(some_context(), some_results());
  const std::string page = to_html(run);
  const std::string begin = "<script id=\"run\" type=\"application/json\">\n";
  const std::size_t at = page.find(begin);
  ASSERT_NE(at, std::string::npos);
  const std::size_t end = page.find("</script>", at);
  // Data that looks like the end of the script stays data.
  EXPECT_EQ(json::parse(page.substr(at + begin.size(), end - at - begin.size())), run);
  EXPECT_NE(page.find("Chart.js v"), std::string::npos);
  EXPECT_NE(page.find("Released under the MIT License"), std::string::npos);
  for (const char* place : {"{{style}}", "{{library}}", "{{run}}", "{{looks}}", "{{script}}"}) {
    EXPECT_EQ(page.find(place), std::string::npos) << place;
  }
}

/// Two scenarios with more methods of each kind than any run has, in opposite orders.
json run_of_many_methods() {
  CaseResult one{
      .scenario = "upload_kept",
      .variant = {},
      .size_bytes = 4096,
      .operations = 1,
      .limit_note = {},
      .methods = {way_of("plan", MethodKind::plan, 1000), way_of("limit", MethodKind::limit, 500)}};
  for (const MethodKind kind : {MethodKind::traditional, MethodKind::forced, MethodKind::reference}) {
    for (int i = 0; i < 40; ++i) {
      const std::string name = std::string(to_string(kind)) + std::to_string(i);
      one.methods.push_back(way_of(name.c_str(), kind, 1000));
    }
  }
  compare_methods(one, 4096);
  CaseResult other = one;
  other.scenario = "download";
  std::reverse(other.methods.begin(), other.methods.end());
  return to_json(some_context(), {one, other});
}

TEST(BenchPage, EachMethodHasOneColourThatNoOtherHas) {
  const json run = run_of_many_methods();
  const json looks = method_looks(run);
  EXPECT_NE(to_html(run).find("<script id=\"looks\" type=\"application/json\">\n" + looks.dump() + "\n"),
            std::string::npos);
  EXPECT_EQ(looks.size(), 122u);
  std::set<std::string> colours;
  for (const json& entry : run.at("benchmarks")) {
    ASSERT_TRUE(looks.contains(entry.at("way"))) << entry;
    colours.insert(looks.at(entry.at("way").get<std::string>()).at("colour"));
  }
  EXPECT_EQ(colours.size(), looks.size());
}

TEST(BenchPage, MethodsThatFollowEachOtherHaveDifferentMarkers) {
  const json run = run_of_many_methods();
  const json looks = method_looks(run);
  std::string last;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const json& look = looks.at(run.at("benchmarks").at(i).at("way").get<std::string>());
    EXPECT_NE(look.at("marker"), last);
    last = look.at("marker");
  }
}

/// The declarations of the page's style for a selector.
std::string rule_of(const std::string& selector) {
  const std::string page = to_html(to_json(some_context(), some_results()));
  const std::size_t at = page.find("\n" + selector + " {");
  return at == std::string::npos ? std::string() : page.substr(at, page.find('}', at) - at);
}

TEST(BenchPage, PlotsFollowTheWidthOfThePage) {
  // A grid gives an item at least the width of its content, unless the item says otherwise.
  EXPECT_NE(rule_of("figure").find("min-width: 0"), std::string::npos);
  // Chart.js measures the parent of its canvas, which therefore has a size of its own.
  EXPECT_NE(rule_of(".plot").find("position: relative; height: "), std::string::npos);
  const std::string page = to_html(to_json(some_context(), some_results()));
  const std::string script = page.substr(page.rfind("<script>"));
  EXPECT_NE(script.find("maintainAspectRatio = false"), std::string::npos);
  EXPECT_EQ(script.find("responsive"), std::string::npos) << "the default is true";
}

TEST(BenchPage, LongNamesWrapAndLongSpreadsAreCutOff) {
  for (const char* names : {".bars", ".lines button"}) {
    EXPECT_NE(rule_of(names).find("overflow-wrap: anywhere"), std::string::npos) << names;
  }
  EXPECT_NE(rule_of(".track").find("overflow: hidden"), std::string::npos);
  EXPECT_NE(rule_of(".spread").find("position: absolute"), std::string::npos);
}

}  // namespace
