// SPDX-License-Identifier: MIT
// Frames per second from a framebuffer to the CPU, and on to a pipe: FrameGrabber beside glReadPixels into system memory,
// two pixel buffers by hand, pixel buffers that a thread writes to a pipe, and the bus. Methods take turns, in bursts.
//
//   bench_frames [--seconds S] [--burst FRAMES] [--processes N] >results.json        (a table goes to stderr)
//
// Every byte of an untimed burst is verified, behind pipes by the process that reads. Of timed frames, the number and a pixel
// of each row are verified. Afterwards N processes (default 8) grab 1,000 small frames each, all at once.
// frames/moderngl_read.py adds moderngl's fbo.read() to the results.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <vector>

#include "frames/comparison.hpp"
#include "frames/many_processes.hpp"
#include "frames/scene.hpp"
#include "gpu.hpp"
#include "report.hpp"

namespace {

using bench::FrameShape;
using bench::take;

/// Exits with 0 if every frame that comes is right.
int verify_standard_input(const FrameShape& shape) {
  const bench::FrameCheck check(shape);
  std::vector<std::byte> frame(shape.bytes());
  for (std::uint64_t number = 0;; ++number) {
    std::size_t got = 0;
    while (got < frame.size()) {
      const ssize_t count = read(0, frame.data() + got, frame.size() - got);
      if (count <= 0) return got == 0 ? 0 : 1;
      got += static_cast<std::size_t>(count);
    }
    check(number, frame, true);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--verify") == 0) {
    const auto number = [&](int at) { return static_cast<std::uint32_t>(std::atoi(argv[at])); };
    return verify_standard_input(
        {.width = number(2), .height = number(3), .components = number(4), .bottom_up = number(5) != 0});
  }
  if (argc == 2 && std::strcmp(argv[1], "--worker") == 0) return bench::grab_small_frames();
  double seconds = 32;
  std::uint32_t burst = 60;
  std::uint32_t processes = 8;
  const auto whole = [](std::uint32_t& target) {
    return [&target](const char* value) { target = static_cast<std::uint32_t>(std::atoi(value)); };
  };
  if (!bench::read_options(argc, argv, "bench_frames [--seconds S] [--burst FRAMES] [--processes N]",
                           {{"--seconds", [&](const char* value) { seconds = std::atof(value); }},
                            {"--burst", whole(burst)},
                            {"--processes", whole(processes)}})) {
    return 1;
  }
  std::signal(SIGPIPE, SIG_IGN);
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  bench::Report report(argv[0]);
  report.context()["driver"] = context.driver().renderer + ", " + context.driver().version;
  bench::Comparison comparison(gl, context, "/proc/self/exe", burst, report);
  struct Case {
    const char* name;
    FrameShape shape;
  };
  const Case cases[] = {{"1080p RGBA8", {.width = 1920, .height = 1080}},
                        {"1080p RGB8", {.width = 1920, .height = 1080, .components = 3}},
                        {"4K RGBA8", {.width = 3840, .height = 2160}},
                        {"4K RGB8", {.width = 3840, .height = 2160, .components = 3}}};
  for (const Case& one : cases) comparison.run(one.name, one.shape, seconds * 1e9 / std::size(cases));
  const bool all_ended = processes == 0 || bench::run_processes("/proc/self/exe", processes, report);
  report.print();
  return all_ended ? 0 : 1;
}
