// SPDX-License-Identifier: MIT
// Frames read back without a stall: each is looked at when it has arrived, some frames later.
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

  std::deque<pmb::PendingReadback> under_way;
  int seen = 0;
  const auto look = [&](pmb::PendingReadback frame, const pmb::ReadView& view) {
    sample::expect(std::to_integer<int>(view.bytes()[0]) == seen % 256, "a frame is wrong or out of turn");
    ++seen;
    sample::need(frame.release());
  };

  constexpr int kFrames = 200;
  for (int number = 0; number < kFrames; ++number) {
    glClearColor(static_cast<float>(number % 256) / 255.0F, 0, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);

    // The oldest frame gives its memory back first when all of it is in use: only then is anything waited
    // for.
    if (under_way.size() == 4) {
      look(under_way.front(), sample::need(under_way.front().wait(std::chrono::seconds(5))));
      under_way.pop_front();
    }
    auto frame = sample::need(ring.acquire(kFrameBytes));
    glBindBuffer(GL_PIXEL_PACK_BUFFER, frame.buffer());
    glReadPixels(0, 0, kWidth, kHeight, GL_RGBA, GL_UNSIGNED_BYTE,
                 reinterpret_cast<void*>(frame.offset_bytes()));
    sample::need(gl.context.timeline().mark());  // arms it
    under_way.push_back(frame);

    while (!under_way.empty()) {
      auto view = under_way.front().try_view();
      if (!view) break;  // would_block: not yet
      look(under_way.front(), *view);
      under_way.pop_front();
    }
  }
  for (; !under_way.empty(); under_way.pop_front()) {
    look(under_way.front(), sample::need(under_way.front().wait(std::chrono::seconds(5))));
  }
  sample::expect(seen == kFrames, "frames are missing");
}
