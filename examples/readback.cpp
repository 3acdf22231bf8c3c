// SPDX-License-Identifier: MIT
// Frames are read back without a stall: each is viewed once it has arrived, some frames later.
#include <deque>

#include "setup.hpp"

namespace {

constexpr int kWidth = 256;
constexpr int kHeight = 128;
constexpr std::uint64_t kFrameBytes = std::uint64_t{kWidth} * kHeight * 4;

}  // namespace

int main() {
  sample::Gl gl;
  sample::bind_target(kWidth, kHeight);
  auto ring = sample::need(
      pmb::ReadbackRing::create(gl.context, {.capacity_bytes = 4 * kFrameBytes, .label = "frames"}));

  std::deque<pmb::PendingReadback> in_flight;
  int seen = 0;
  const auto look = [&](pmb::PendingReadback frame, const pmb::ReadView& view) {
    sample::expect(std::to_integer<int>(view.bytes()[0]) == seen % 256, "a frame is wrong or out of order");
    ++seen;
    sample::need(frame.release());
  };

  constexpr int kFrames = 200;
  for (int number = 0; number < kFrames; ++number) {
    glClearColor(static_cast<float>(number % 256) / 255.0F, 0, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);

    // Waits only while all four frames are in use: the oldest must release its memory first.
    if (in_flight.size() == 4) {
      look(in_flight.front(), sample::need(in_flight.front().wait(std::chrono::seconds(5))));
      in_flight.pop_front();
    }
    auto frame = sample::need(ring.acquire(kFrameBytes));
    glBindBuffer(GL_PIXEL_PACK_BUFFER, frame.buffer());
    glReadPixels(0, 0, kWidth, kHeight, GL_RGBA, GL_UNSIGNED_BYTE,
                 reinterpret_cast<void*>(frame.offset_bytes()));
    sample::need(gl.context.timeline().mark());  // arms it
    in_flight.push_back(frame);

    while (!in_flight.empty()) {
      auto view = in_flight.front().try_view();
      if (!view) break;  // would_block: not yet
      look(in_flight.front(), *view);
      in_flight.pop_front();
    }
  }
  for (; !in_flight.empty(); in_flight.pop_front()) {
    look(in_flight.front(), sample::need(in_flight.front().wait(std::chrono::seconds(5))));
  }
  sample::expect(seen == kFrames, "frames are missing");
}
