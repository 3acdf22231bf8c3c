// SPDX-License-Identifier: MIT
// Every built-in on every format that it accepts, byte for byte against the CPU reference.

#include <gtest/gtest.h>

#include <array>

#include "common/command.hpp"
#include "stream/y4m.hpp"
#include "stream_fixture.hpp"

namespace {

using namespace pmb::tool;
using namespace stream_test;

enum class Data {
  raw,
  gray8,
  rgba8,
  rgba32f,
  video420,
  video422,
  video444,
  video_mono,
  video411,
  video440,
  video_alpha,
  video420p10,
  video422p12,
  video444p16,
  video_mono9
};

constexpr Data kAllData[] = {Data::raw,         Data::gray8,       Data::rgba8,       Data::rgba32f,
                             Data::video420,    Data::video422,    Data::video444,    Data::video_mono,
                             Data::video411,    Data::video440,    Data::video_alpha, Data::video420p10,
                             Data::video422p12, Data::video444p16, Data::video_mono9};

std::string name_of(Data data) {
  constexpr const char* kNames[] = {"raw",        "gray8",       "rgba8",       "rgba32f",     "video420",
                                    "video422",   "video444",    "videomono",   "video411",    "video440",
                                    "videoalpha", "video420p10", "video422p12", "video444p16", "videomono9"};
  return kNames[static_cast<int>(data)];
}

bool is_video(Data data) {
  return data >= Data::video420;
}

struct Case {
  Builtin builtin;
  Data data;
};

PixelFormat format_of(Data data) {
  return is_video(data) ? PixelFormat::yuv8 : static_cast<PixelFormat>(static_cast<int>(data));
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const BuiltinKernel& kernel : builtin_kernels()) {
    for (const Data data : kAllData) {
      if (check_format(kernel, format_of(data))) cases.push_back({kernel.id, data});
    }
  }
  return cases;
}

const BuiltinKernel& kernel_of(Builtin builtin) {
  for (const BuiltinKernel& kernel : builtin_kernels()) {
    if (kernel.id == builtin) return kernel;
  }
  throw std::logic_error("every built-in is in the table");
}

struct Size {
  std::uint32_t width;
  std::uint32_t height;
};

/// One input with its command line and the expected output.
struct Job {
  Arguments arguments;
  Bytes input;
  Bytes expected;
};

Job make_job(const Case& what, Size size) {
  Job job;
  BuiltinParameters parameters;
  job.arguments = {std::string(kernel_of(what.builtin).name), "--quiet"};
  if (what.builtin == Builtin::scale) {
    parameters.a = -2.5F;
    parameters.b = 1000;
    for (const char* argument : {"--uniform", "a=-2.5", "--uniform", "b=1000"})
      job.arguments.emplace_back(argument);
  }
  if (what.builtin == Builtin::convolve) {
    parameters.convolution = *parse_convolution("1,2,0.5;-2,4,2;1,2,1", 7, 3);
    for (const char* argument : {"--matrix", "1,2,0.5;-2,4,2;1,2,1", "--divisor", "7", "--bias", "3"}) {
      job.arguments.emplace_back(argument);
    }
  }
  if (is_video(what.data)) {
    constexpr const char* kColours[] = {"420jpeg",  "422",    "444",    "mono",   "411",  "440",
                                        "444alpha", "420p10", "422p12", "444p16", "mono9"};
    const std::string header =
        "YUV4MPEG2 W" + std::to_string(size.width) + " H" + std::to_string(size.height) + " F25:1 Ip C" +
        kColours[static_cast<int>(what.data) - static_cast<int>(Data::video420)] + "\n";
    const FrameLayout layout = parse_y4m_header(header)->layout;
    job.input = job.expected = to_bytes(header);
    for (std::uint32_t frame = 0; frame < 5; ++frame) {
      const Bytes head = to_bytes(frame % 2 == 0 ? "FRAME\n" : "FRAME Ip\n");
      const Bytes pixels = noise(layout.bytes, frame + 1);
      append(job.input, head);
      append(job.input, pixels);
      append(job.expected, head);
      append(job.expected, expected_blocks(what.builtin, layout, parameters, pixels));
    }
    return job;
  }
  FrameLayout layout;
  if (what.data == Data::raw) {
    layout = *raw_layout(std::uint64_t{size.width} * size.height);
    job.arguments.insert(job.arguments.end(), {"--block", std::to_string(layout.bytes)});
  } else {
    layout = *packed_layout(format_of(what.data), size.width, size.height);
    job.arguments.insert(job.arguments.end(),
                         {"--size", std::to_string(size.width) + "x" + std::to_string(size.height), "--pixel",
                          name_of(what.data)});
  }
  // The last block is partial, and not a whole word.
  job.input = noise(layout.bytes * 4 + layout.bytes / 2 + 1);
  job.expected = expected_blocks(what.builtin, layout, parameters, job.input);
  return job;
}

class Builtins : public Stream, public testing::WithParamInterface<Case> {};

// A path moves bytes and knows neither kernel nor format, so the paths take turns.
TEST_P(Builtins, MatchTheReferenceAtEverySize) {
  constexpr std::array kPaths = {"direct", "staged", "traditional"};
  auto turn = static_cast<std::size_t>(GetParam().data);
  for (const Size size : {Size{5, 3}, Size{63, 17}, Size{64, 16}}) {
    const Job job = make_job(GetParam(), size);
    const char* path = kPaths[turn++ % kPaths.size()];
    Arguments arguments = job.arguments;
    arguments.insert(arguments.end(), {"--path", path});
    const StreamRun run = run_stream(arguments, job.input);
    EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
    EXPECT_TRUE(run.output == job.expected) << path << ", " << size.width << "x" << size.height;
  }
}

std::string name_of_case(const testing::TestParamInfo<Case>& tested) {
  return std::string(kernel_of(tested.param.builtin).name) + "_" + name_of(tested.param.data);
}

INSTANTIATE_TEST_SUITE_P(All, Builtins, testing::ValuesIn(all_cases()), name_of_case);

class StreamPaths : public Stream {};

TEST_F(StreamPaths, CheckAndVerifyAgreeWithEveryPathAndModel) {
  const Job job = make_job({Builtin::sobel, Data::video420}, {63, 17});
  for (const char* path : {"auto", "direct", "staged", "traditional"}) {
    for (const char* model : {"PMB_MODEL=coherent", "PMB_MODEL=explicit_flush"}) {
      const TemporaryFolder folder;
      Arguments arguments = job.arguments;
      arguments.insert(arguments.end(),
                       {"--path", path, "--check", "--verify", "--json", folder.file("json")});
      const StreamRun run = run_stream(arguments, job.input, {model});
      ASSERT_EQ(run.exit_code, kSuccess) << run.errors;
      EXPECT_TRUE(run.output == job.expected) << path << " " << model;
      const auto report = nlohmann::json::parse(read_text(folder.file("json")));
      EXPECT_EQ(report.at("checked_blocks"), 5);
      EXPECT_EQ(report.at("verified_blocks"), 5);
    }
  }
}

TEST_F(StreamPaths, AnyNumberOfBlocksInFlightGivesTheSameBytes) {
  const Job job = make_job({Builtin::invert, Data::raw}, {63, 17});
  for (const char* in_flight : {"1", "2", "64"}) {
    for (const char* path : {"direct", "staged", "traditional"}) {
      Arguments arguments = job.arguments;
      arguments.insert(arguments.end(), {"--path", path, "--in-flight", in_flight});
      const StreamRun run = run_stream(arguments, job.input);
      EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
      EXPECT_TRUE(run.output == job.expected) << path << ", " << in_flight;
    }
  }
}

TEST_F(StreamPaths, TheSummaryCountsBlocksBytesAndCopies) {
  const Bytes input = noise(10000);
  for (const std::string path : {"direct", "staged", "traditional"}) {
    const TemporaryFolder folder;
    const StreamRun run = run_stream(
        {"copy", "--quiet", "--block", "4096", "--path", path, "--json", folder.file("json")}, input);
    ASSERT_EQ(run.exit_code, kSuccess) << run.errors;
    EXPECT_EQ(run.errors, "") << "--quiet";
    const auto report = nlohmann::json::parse(read_text(folder.file("json")));
    EXPECT_EQ(report.at("kernel"), "copy");
    EXPECT_EQ(report.at("path"), path);
    EXPECT_EQ(report.at("blocks"), 3);
    EXPECT_EQ(report.at("bytes_in"), 10000);
    EXPECT_EQ(report.at("bytes_out"), 10000);
    EXPECT_EQ(report.at("in_flight"), 3);
    EXPECT_EQ(report.at("cpu_bytes_copied_per_block"), path == "traditional" ? 8192 : 0);
    EXPECT_EQ(report.at("fences"), path == "traditional" ? 0 : 3);
    EXPECT_EQ(report.at("exit_code"), 0);
    EXPECT_GT(report.at("peak_rss_bytes").get<std::uint64_t>(), 0U);
    EXPECT_FALSE(report.at("renderer").get<std::string>().empty());
  }
}

TEST_F(StreamPaths, FilesAreReadAndWrittenByName) {
  const TemporaryFolder folder;
  const Bytes input = noise(70001);
  write_file(folder.file("in"), input);
  write_file(folder.file("out"), noise(200000));
  const StreamRun run =
      run_stream({"copy", "-q", "--block", "64K", "-i", folder.file("in"), "-o", folder.file("out")});
  EXPECT_EQ(run.exit_code, kSuccess) << run.errors;
  EXPECT_TRUE(read_file(folder.file("out")) == input) << "what the file held before must be gone";
}

TEST_F(StreamPaths, PipesOnBothSidesCarryEveryByte) {
  const TemporaryFolder folder;
  write_file(folder.file("in"), noise(3'000'001));
  const std::string command = "cat '" + folder.file("in") +
                              "' | '" PMB_PROGRAM "' stream copy -q --block 1000003 | cmp - '" +
                              folder.file("in") + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(StreamPaths, EmptyInputsGiveEmptyOutputs) {
  const StreamRun raw = run_stream({"copy", "--block", "4096"});
  EXPECT_EQ(raw.exit_code, kSuccess) << raw.errors;
  EXPECT_TRUE(raw.output.empty());
  const Bytes header = to_bytes("YUV4MPEG2 W4 H4 C420jpeg\n");
  const StreamRun video = run_stream({"copy"}, header);
  EXPECT_EQ(video.exit_code, kSuccess) << video.errors;
  EXPECT_TRUE(video.output == header);
}

}  // namespace
