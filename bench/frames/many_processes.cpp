// SPDX-License-Identifier: MIT
#include "frames/many_processes.hpp"

#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <pmb/headless.hpp>
#include <pmb/tune/measure.hpp>
#include <thread>
#include <vector>

#include "frames/method.hpp"
#include "frames/process.hpp"
#include "gpu.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kFramesOfEach = 1000;

}  // namespace

int grab_small_frames() {
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  const FrameShape shape = {.width = 256, .height = 144, .components = 4, .bottom_up = false};
  const FrameScene scene(gl, shape.width, shape.height);
  const FrameCheck check(shape);
  std::uint64_t seen = 0;
  const auto grabber = make_grabber({gl, context, shape,
                                     [&](std::uint64_t number, auto bytes) {
                                       if (number != seen++) stop("a frame is missing");
                                       check(number, bytes, true);
                                     }},
                                    -1, false);
  for (std::uint64_t number = 0; number < kFramesOfEach; ++number) {
    scene.draw(number);
    grabber->take_frame(number);
  }
  grabber->finish();
  return seen == kFramesOfEach ? 0 : 1;
}

bool run_processes(const std::string& program, std::uint32_t count, Report& report) {
  constexpr double kPatience = 120e9;
  std::vector<pid_t> running;
  const double begin = pmb::tune::now_ns();
  for (std::uint32_t i = 0; i < count; ++i) running.push_back(start({program, "--worker"}, -1));
  std::uint32_t failed = 0;
  while (!running.empty() && pmb::tune::now_ns() - begin < kPatience) {
    std::erase_if(running, [&](pid_t process) {
      int status = 0;
      if (waitpid(process, &status, WNOHANG) != process) return false;
      failed += status != 0 ? 1 : 0;
      return true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const double ns = pmb::tune::now_ns() - begin;
  for (const pid_t process : running) {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  report.context()["processes"] = {{"count", count},
                                   {"frames_of_each", kFramesOfEach},
                                   {"hung", running.size()},
                                   {"failed", failed},
                                   {"seconds_in_all", ns / 1e9}};
  std::fprintf(stderr, "%u processes, %llu frames of 256 by 144 each: %.2f s in all, %zu hung, %u failed\n",
               count, static_cast<unsigned long long>(kFramesOfEach), ns / 1e9, running.size(), failed);
  return running.empty() && failed == 0;
}

}  // namespace bench
