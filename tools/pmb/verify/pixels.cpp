// SPDX-License-Identifier: MIT
// Pixels are read into mapped memory, frame by frame, with and without a draw framebuffer.

#include <chrono>
#include <cstring>

#include "verify/checks.hpp"
#include "verify/texels.hpp"

namespace pmb::tool::verify {
namespace {

constexpr GLsizei kFrameWidth = 1024;
constexpr GLsizei kFrameHeight = 256;
constexpr std::size_t kFrameBytes = std::size_t{kFrameWidth} * kFrameHeight * sizeof(std::uint32_t);

std::vector<std::uint32_t> frame_of(std::uint32_t number) {
  std::vector<std::uint32_t> pixels(kFrameBytes / sizeof(std::uint32_t));
  for (std::uint32_t i = 0; i < pixels.size(); ++i) pixels[i] = number * 0x01010101U + i;
  return pixels;
}

// Reads a frame and returns the milliseconds until it has arrived.
double read_frame(const Gpu& gpu, const Image& image, const Mapped& mapped, std::uint32_t number,
                  GLenum target) {
  const std::vector<std::uint32_t> pixels = frame_of(number);
  image.upload(0, kFrameHeight, 0, pixels.data());
  finish(gpu);
  const auto start = std::chrono::steady_clock::now();
  image.read(0, kFrameHeight, mapped.name(), nullptr, target);
  finish(gpu);
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  require_no_error(gpu, "glReadPixels into a mapped buffer");
  if (std::memcmp(mapped.pointer(), pixels.data(), kFrameBytes) != 0)
    fail_check("the pixels of frame {} are not those of the image", number);
  return taken.count();
}

}  // namespace

std::string frames_arrive(const Gpu& gpu) {
  constexpr std::uint32_t kFrames = 8;
  const Mapped mapped(gpu, kCoherentRead, kFrameBytes);
  const Image image(gpu, kFrameWidth, kFrameHeight);
  double ms = 0;
  for (std::uint32_t i = 0; i < kFrames; ++i) ms += read_frame(gpu, image, mapped, i, GL_FRAMEBUFFER);
  return fmt::format("{} frames of {} × {} pixels arrived, {:.2f} ms each", kFrames, kFrameWidth,
                     kFrameHeight, ms / kFrames);
}

std::string no_draw_framebuffer(const Gpu& gpu) {
  const Mapped mapped(gpu, kCoherentRead, kFrameBytes);
  const Image image(gpu, kFrameWidth, kFrameHeight);
  const double with = read_frame(gpu, image, mapped, 1, GL_FRAMEBUFFER);
  const double without = read_frame(gpu, image, mapped, 2, GL_READ_FRAMEBUFFER);
  return fmt::format("{} × {} pixels took {:.2f} ms without a draw framebuffer, and {:.2f} ms with one",
                     kFrameWidth, kFrameHeight, without, with);
}

}  // namespace pmb::tool::verify
