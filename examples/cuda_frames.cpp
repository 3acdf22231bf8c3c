// SPDX-License-Identifier: MIT
// GL renders, a CUDA kernel works on the pixels in place, and the CPU reads them: one memory, no copy.
#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda_device.hpp"

namespace {

constexpr int kSide = 256;
constexpr std::uint64_t kFrameBytes = std::uint64_t{kSide} * kSide * 4;
constexpr int kFrames = 30;
constexpr std::size_t kLatency = 2;

/// A clear colour that differs from frame to frame, and the word that its pixels are.
std::uint32_t render(int frame) {
  const auto level = static_cast<std::uint32_t>(frame * 8);
  glClearColor(static_cast<float>(level) / 255.0F, 0, 0, 0);
  glClear(GL_COLOR_BUFFER_BIT);
  return level;
}

}  // namespace

int main() {
  sample::Gl gl;
  const pmb::Cuda cuda = sample::open_cuda(gl);
  const sample::CudaDevice device(cuda);
  sample::bind_target(kSide, kSide);
  auto ring = sample::need(
      pmb::ReadbackRing::create(gl.context, {.capacity_bytes = 4 * kFrameBytes, .label = "frames"}));
  // Pins the ring now, not in the first frame.
  sample::need(cuda.pointer(ring.mapped_buffer()));

  std::vector<pmb::PendingReadback> pending;
  std::vector<std::uint32_t> expected;
  for (int frame = 0; frame < kFrames; ++frame) {
    expected.push_back(render(frame));
    const auto pixels = sample::need(ring.acquire(kFrameBytes));
    glBindBuffer(GL_PIXEL_PACK_BUFFER, pixels.buffer());
    glReadPixels(0, 0, kSide, kSide, GL_RGBA, GL_UNSIGNED_BYTE,
                 reinterpret_cast<void*>(pixels.offset_bytes()));
    glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    sample::need(cuda.order(device.stream()));  // the kernel is after glReadPixels
    device.add(sample::need(cuda.pointer(pixels)), 0x01020304, kFrameBytes);
    sample::need(cuda.order(device.stream()));  // the mark is after the kernel
    sample::need(gl.context.timeline().mark());
    pending.push_back(pixels);

    if (pending.size() <= kLatency) continue;
    const std::size_t oldest = pending.size() - 1 - kLatency;
    const auto view = sample::need(pending[oldest].wait(std::chrono::seconds(5)));
    for (std::uint64_t at = 0; at < kFrameBytes; at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, view.bytes().data() + at, sizeof word);
      sample::expect(word == expected[oldest] + 0x01020304, "a pixel is wrong");
    }
    sample::need(pending[oldest].release());
  }
  for (const pmb::PendingReadback& last : pending)
    if (last.is_live()) sample::need(last.release());
}
