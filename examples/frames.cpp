// SPDX-License-Identifier: MIT
// Rendered frames go to a pipe, as a recorder or an encoder takes them: in order, from the top down, with no stall.
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "setup.hpp"

namespace {

constexpr std::uint32_t kWidth = 320;
constexpr std::uint32_t kHeight = 180;
constexpr int kFrames = 120;

/// Stands for an encoder: the first byte of each frame is its number.
int read_frames(int pipe) {
  std::vector<unsigned char> frame(std::size_t{kWidth} * kHeight * 3);
  for (int number = 0; number < kFrames; ++number) {
    for (std::size_t got = 0; got < frame.size();) {
      const ssize_t count = read(pipe, frame.data() + got, frame.size() - got);
      if (count <= 0) return 1;
      got += static_cast<std::size_t>(count);
    }
    if (frame[0] != number) return 1;
  }
  return 0;
}

void draw(int number) {
  glClearColor(static_cast<float>(number) / 255.0F, 0.5F, 0, 1);
  glClear(GL_COLOR_BUFFER_BIT);
}

}  // namespace

int main() {
  int ends[2] = {};
  sample::expect(pipe(ends) == 0, "no pipe");
  const pid_t encoder = fork();
  if (encoder == 0) {
    close(ends[1]);
    _exit(read_frames(ends[0]));
  }
  close(ends[0]);
  const int pipe = ends[1];

  sample::Gl gl;
  pmb::Context& context = gl.context;
  sample::bind_target(kWidth, kHeight);

  auto grabber = sample::need(pmb::FrameGrabber::create(context, {.layout = pmb::TexelLayout::rgb8()}));
  for (int number = 0; number < kFrames; ++number) {
    draw(number);
    sample::need(grabber.grab({.width = kWidth, .height = kHeight}));
    while (auto frame = grabber.next(2)) sample::need(frame->write_to(pipe));
  }
  while (auto frame = grabber.next(0)) sample::need(frame->write_to(pipe));

  close(pipe);
  int status = 1;
  waitpid(encoder, &status, 0);
  sample::expect(status == 0, "the encoder got wrong frames");
  sample::expect(grabber.stats().grabbed == kFrames && grabber.stats().dropped == 0, "frames are missing");
}
