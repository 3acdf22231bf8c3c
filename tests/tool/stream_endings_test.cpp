// SPDX-License-Identifier: MIT
// How a stream ends on an error: exit code, message, and the output written before.

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>

#include <array>
#include <thread>

#include "common/command.hpp"
#include "stream/progress.hpp"
#include "stream_fixture.hpp"

namespace {

using namespace pmb::tool;
using namespace stream_test;

class Endings : public Stream {};

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() { close_end(0); }
  void close_write() { close_end(1); }
  int ends[2] = {-1, -1};

 private:
  void close_end(int index) {
    if (ends[index] >= 0) close(ends[index]);
    ends[index] = -1;
  }
};

Bytes read_to_end(int descriptor) {
  Bytes all;
  std::array<std::byte, 65536> piece;
  while (true) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got <= 0) return all;
    append(all, std::span(piece).first(static_cast<std::size_t>(got)));
  }
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(descriptor, bytes.data(), bytes.size());
    if (done < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

bool interrupt(pid_t child) {
  return child > 0 && kill(child, SIGINT) == 0;
}

bool says(const StreamRun& run, const std::string& text) {
  return run.errors.find(text) != std::string::npos;
}

TEST_F(Endings, AnInterruptFinishesTheBlocksInFlight) {
  signal(SIGPIPE, SIG_IGN);
  constexpr std::size_t kBlock = 4 << 20;  // More than any pipe holds.
  const Bytes input = noise(3 * kBlock);
  for (const char* path : {"direct", "staged", "traditional"}) {
    Pipe in;
    Pipe out;
    Pipe errors;
    const pid_t child = spawn_stream({"copy", "--quiet", "--block", std::to_string(kBlock), "--path", path},
                                     in.ends[0], out.ends[1], errors.ends[1]);
    for (Pipe* pipe : {&out, &errors}) pipe->close_write();
    in.close_read();
    // Once this returns, two blocks were read whole at least, and their results cannot have been written yet.
    ASSERT_TRUE(write_all(in.ends[1], input));
    ASSERT_TRUE(interrupt(child));
    const Bytes output = read_to_end(out.ends[0]);
    EXPECT_EQ(wait_for(child), kInterrupted) << path;
    EXPECT_GE(output.size(), 2 * kBlock) << path;
    EXPECT_EQ(output.size() % kBlock, 0U) << path;
    EXPECT_TRUE(std::equal(output.begin(), output.end(), input.begin())) << path;
  }
}

TEST_F(Endings, AnInterruptEndsAWaitForInput) {
  Pipe in;
  Pipe out;
  Pipe errors;
  const pid_t child = spawn_stream({"invert", "--block", "4"}, in.ends[0], out.ends[1], errors.ends[1]);
  for (Pipe* pipe : {&out, &errors}) pipe->close_write();
  ASSERT_TRUE(write_all(in.ends[1], to_bytes("abcdef")));
  std::array<std::byte, 4> block;
  ASSERT_EQ(read(out.ends[0], block.data(), block.size()), 4);
  ASSERT_TRUE(interrupt(child));
  EXPECT_TRUE(read_to_end(out.ends[0]).empty()) << "half a block is not a block";
  EXPECT_EQ(wait_for(child), kInterrupted);
}

TEST_F(Endings, AClosedOutputIsReportedWithItsByte) {
  for (const char* path : {"direct", "staged", "traditional"}) {
    Pipe out;
    out.close_read();
    const TemporaryFolder folder;
    write_file(folder.file("in"), noise(1 << 20));
    const int in = open(folder.file("in").c_str(), O_RDONLY | O_CLOEXEC);
    const int err = open(folder.file("err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const pid_t child = spawn_stream({"copy", "--block", "4096", "--path", path}, in, out.ends[1], err);
    EXPECT_EQ(wait_for(child), kOutput) << path;
    close(in);
    close(err);
    EXPECT_NE(read_text(folder.file("err")).find("output byte 0:"), std::string::npos);
  }
}

TEST_F(Endings, AClosedOutputEndsAStreamThatWaitsForInput) {
  signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe errors;
  const pid_t child = spawn_stream({"copy", "--block", "4"}, in.ends[0], out.ends[1], errors.ends[1]);
  for (Pipe* pipe : {&out, &errors}) pipe->close_write();
  out.close_read();
  ASSERT_TRUE(write_all(in.ends[1], to_bytes("abcd")));
  EXPECT_EQ(wait_for(child), kOutput);
}

TEST_F(Endings, FullDisksAreOutputErrors) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  const StreamRun run = run_stream({"copy", "--block", "4096", "-o", "/dev/full"}, noise(10000));
  EXPECT_EQ(run.exit_code, kOutput) << run.errors;
  EXPECT_EQ(run_stream({"copy", "--block", "64", "-o", "/nowhere/out"}, noise(64)).exit_code, kOutput);
}

TEST_F(Endings, ATruncatedVideoKeepsItsCompleteFrames) {
  const std::string header = "YUV4MPEG2 W8 H4 Cmono\n";
  Bytes input = to_bytes(header);
  for (std::uint32_t frame = 0; frame < 6; ++frame) {
    append(input, to_bytes("FRAME\n"));
    append(input, noise(32, frame));
  }
  const std::size_t frames_end = header.size() + 5 * 38;
  for (const std::size_t size : {frames_end + 3, frames_end + 6, frames_end + 20}) {
    const StreamRun run = run_stream({"copy"}, std::span(input).first(size));
    EXPECT_EQ(run.exit_code, kInput) << run.errors;
    EXPECT_TRUE(says(run, "byte " + std::to_string(size) + ":")) << run.errors;
    EXPECT_TRUE(says(run, "frame 5")) << run.errors;
    EXPECT_TRUE(std::ranges::equal(run.output, std::span(input).first(frames_end))) << size;
  }
}

TEST_F(Endings, FramesBeforeADamagedHeaderAreKept) {
  Bytes input = to_bytes("YUV4MPEG2 W8 H4 Cmono\nFRAME\n");
  append(input, noise(32));
  const Bytes good = input;
  append(input, to_bytes("FRAMF\n"));
  append(input, noise(32));
  const StreamRun run = run_stream({"copy"}, input);
  EXPECT_EQ(run.exit_code, kInput);
  EXPECT_TRUE(says(run, "byte " + std::to_string(good.size()) + ":")) << run.errors;
  EXPECT_TRUE(run.output == good);
}

TEST_F(Endings, UnsupportedVideoIsRefusedByName) {
  for (const std::string format : {"C420p11", "C422alpha", "C410"}) {
    const StreamRun run = run_stream({"copy"}, to_bytes("YUV4MPEG2 W8 H4 " + format + "\nFRAME\n"));
    EXPECT_EQ(run.exit_code, kInput);
    EXPECT_TRUE(says(run, format)) << run.errors;
  }
  EXPECT_EQ(run_stream({"copy"}, noise(100)).exit_code, kInput);
  EXPECT_EQ(run_stream({"copy"}).exit_code, kInput);
  EXPECT_EQ(run_stream({"copy", "-i", "/nowhere/in"}).exit_code, kInput);
  EXPECT_EQ(run_stream({"copy", "--block", "64", "-i", "/"}).exit_code, kInput);
}

TEST_F(Endings, BlocksBeyondTheContextsLimitAreReportedWithTheLimit) {
  const auto gpu = open_gpu({});
  ASSERT_TRUE(gpu);
  const std::uint64_t most = (*gpu)->context.limits().max_storage_block;
  if (most < kMaxBlockBytes) {
    const StreamRun run = run_stream({"copy", "--block", std::to_string(most + 1)}, noise(64));
    EXPECT_EQ(run.exit_code, kLimit) << run.errors;
    EXPECT_TRUE(says(run, std::to_string(most))) << run.errors;
  }
  EXPECT_EQ(run_stream({"copy", "--block", "5G"}, noise(64)).exit_code, kLimit);
}

TEST_F(Endings, TheOutputMayNotBeTheInput) {
  const TemporaryFolder folder;
  const Bytes input = noise(4096);
  write_file(folder.file("data"), input);
  const StreamRun run =
      run_stream({"invert", "--block", "64", "-i", folder.file("data"), "-o", folder.file("data")});
  EXPECT_EQ(run.exit_code, kUsage) << run.errors;
  EXPECT_TRUE(read_file(folder.file("data")) == input);
}

TEST_F(Endings, ARefusedInputLeavesTheOutputFileAlone) {
  const TemporaryFolder folder;
  const Bytes old = noise(100);
  write_file(folder.file("out"), old);
  EXPECT_EQ(run_stream({"copy", "-o", folder.file("out")}, noise(100)).exit_code, kInput);
  EXPECT_TRUE(read_file(folder.file("out")) == old);
}

TEST_F(Endings, UsageErrorsAreReportedBeforeAnythingIsRead) {
  const Arguments cases[] = {
      {},
      {"nothing-of-this-name", "--block", "64"},
      {"copy", "--block", "64", "--size", "4x4", "--pixel", "gray8"},
      {"copy", "--block", "0"},
      {"copy", "--block", "0", "--size", "4x4", "--pixel", "gray8"},
      {"copy", "--size", "4x4"},
      {"copy", "--pixel", "gray8"},
      {"copy", "--block", "64", "--out-block", "32"},
      {"copy", "--block", "64", "--uniform", "x=1"},
      {"copy", "--block", "64", "--matrix", "1"},
      {"copy", "--block", "64", "--in-flight", "0"},
      {"copy", "--block", "64", "--in-flight", "65"},
      {"copy", "--block", "64", "--path", "sideways"},
      {"convolve", "--size", "4x4", "--pixel", "gray8"},
      {"convolve", "--size", "4x4", "--pixel", "gray8", "--matrix", "1,2"},
      {"scale", "--block", "64", "--uniform", "c=1"},
      {"sobel", "--block", "64"},
      {"scale", "--size", "4x4", "--pixel", "gray8"},
      {"--print-kernel", "nothing-of-this-name"},
  };
  for (const Arguments& arguments : cases) {
    const StreamRun run = run_stream(arguments, noise(64));
    std::string line;
    for (const std::string& argument : arguments) line += argument + " ";
    EXPECT_EQ(run.exit_code, kUsage) << line << run.errors;
    EXPECT_FALSE(run.errors.empty()) << line;
    EXPECT_TRUE(run.output.empty()) << line;
  }
}

TEST_F(Endings, KernelsOnOpenGlEsAreRefusedByName) {
  const StreamRun run = run_stream({"copy", "--block", "64", "--gles"}, noise(64));
  EXPECT_EQ(run.exit_code, kUsage);
  EXPECT_TRUE(says(run, "--gles")) << run.errors;
  EXPECT_TRUE(says(run, "desktop OpenGL")) << run.errors;
}

TEST_F(Endings, TheJsonContainsTheErrorToo) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_stream({"copy", "--json", folder.file("json")}, noise(100)).exit_code, kInput);
  const auto report = nlohmann::json::parse(read_text(folder.file("json")));
  EXPECT_EQ(report.at("exit_code"), static_cast<int>(kInput));
  EXPECT_FALSE(report.at("error").get<std::string>().empty());
}

/// Copies 10 blocks of 4096 bytes with stderr on a terminal of that size, and returns what it showed.
void copy_on_terminal(const struct winsize* size, std::string& text) {
  const TemporaryFolder folder;
  write_file(folder.file("in"), noise(10 * 4096));
  int terminal = -1;
  int far_end = -1;
  ASSERT_EQ(openpty(&terminal, &far_end, nullptr, nullptr, size), 0);
  for (const int descriptor : {terminal, far_end}) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  const int in = open(folder.file("in").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t child = spawn_stream({"copy", "--block", "4096"}, in, out, far_end);
  close(far_end);
  const Bytes shown = read_to_end(terminal);
  EXPECT_EQ(wait_for(child), kSuccess);
  for (const int descriptor : {terminal, in, out}) close(descriptor);
  text.assign(reinterpret_cast<const char*>(shown.data()), shown.size());
}

TEST_F(Endings, ProgressIsShownOnTerminalsOnly) {
  std::string text;
  ASSERT_NO_FATAL_FAILURE(copy_on_terminal(nullptr, text));
  EXPECT_NE(text.find("/10 blocks"), std::string::npos) << text;

  const StreamRun piped = run_stream({"copy", "--block", "4096"}, noise(10 * 4096));
  EXPECT_EQ(piped.errors.find('\r'), std::string::npos) << piped.errors;
  EXPECT_TRUE(says(piped, "10 blocks")) << "the summary";
}

TEST_F(Endings, ProgressFitsTheTerminal) {
  const struct winsize narrow = {.ws_row = 24, .ws_col = 20, .ws_xpixel = 0, .ws_ypixel = 0};
  std::string text;
  ASSERT_NO_FATAL_FAILURE(copy_on_terminal(&narrow, text));
  const std::size_t end = text.find("\x1b[K");
  ASSERT_NE(end, std::string::npos) << text;
  const std::size_t start = text.rfind('\r', end) + 1;
  EXPECT_GT(end - start, 5U) << text;
  EXPECT_LT(end - start, 20U) << text;
}

TEST(StreamWithoutGl, EndsWithItsOwnExitCode) {
  const StreamRun run =
      run_stream({"copy", "--block", "64"}, noise(64), {"__EGL_VENDOR_LIBRARY_FILENAMES=/dev/null"});
  EXPECT_EQ(run.exit_code, kNoGl) << run.errors;
  EXPECT_NE(run.errors.find("pmb stream: "), std::string::npos);
  EXPECT_TRUE(run.output.empty());
}

TEST(StreamWithoutGl, ListsTheBuiltins) {
  const StreamRun run = run_stream({"--list"}, {}, {"__EGL_VENDOR_LIBRARY_FILENAMES=/dev/null"});
  EXPECT_EQ(run.exit_code, kSuccess);
  const std::string text(reinterpret_cast<const char*>(run.output.data()), run.output.size());
  for (const BuiltinKernel& kernel : builtin_kernels()) {
    EXPECT_NE(text.find(std::string(kernel.name) + ":"), std::string::npos) << kernel.name;
  }
}

TEST(ProgressLine, ShowsShareRateAndTimeLeftWhereTheSizeIsKnown) {
  EXPECT_EQ(progress_line("frame", 25, 50'000'000, 5, 100),
            " 25%  25/100 frames  5.0/s  0.010 GB/s  0:15 left");
  EXPECT_EQ(progress_line("block", 100, 50'000'000, 5, 100), "100%  100/100 blocks  20.0/s  0.010 GB/s");
  EXPECT_EQ(progress_line("block", 3, 6'000'000, 2, std::nullopt), "3 blocks  1.5/s  0.003 GB/s");
}

}  // namespace
