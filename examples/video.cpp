// SPDX-License-Identifier: MIT
// Video: a decoder writes the three planes of a frame into shared memory, and three textures take them from there. The
// result is read back some frames later.
#include <cstring>
#include <deque>
#include <span>
#include <vector>

#include "setup.hpp"

namespace {

constexpr std::uint32_t kWidth = 320;
constexpr std::uint32_t kHeight = 180;
constexpr std::uint64_t kStride = 384;  // the decoder pads its rows
constexpr std::uint64_t kLuma = kStride * kHeight;
constexpr std::uint64_t kFrameBytes = kLuma + 2 * (kStride / 2 * (kHeight / 2));

/// Stands in for a decoder.
void decode_into(std::span<std::byte> frame, int number) {
  std::memset(frame.data(), number % 256, frame.size());
}

GLuint make_plane(std::uint32_t width, std::uint32_t height) {
  GLuint name = 0;
  glGenTextures(1, &name);
  glBindTexture(GL_TEXTURE_2D, name);
  glTexStorage2D(GL_TEXTURE_2D, 1, GL_R8, static_cast<GLsizei>(width), static_cast<GLsizei>(height));
  return name;
}

}  // namespace

int main() {
  sample::Gl gl;
  pmb::Context& context = gl.context;
  const GLuint luma = make_plane(kWidth, kHeight);
  const GLuint chroma[] = {make_plane(kWidth / 2, kHeight / 2), make_plane(kWidth / 2, kHeight / 2)};
  auto ring = sample::need(pmb::UploadRing::create(context, {.capacity_bytes = 4 * kFrameBytes + 4096}));
  auto readback = sample::need(pmb::ReadbackRing::create(context, {.capacity_bytes = 4 * kFrameBytes}));
  std::deque<pmb::PendingReadback> in_flight;

  const pmb::TextureRegion luma_region = {
      .texture = luma, .target = GL_TEXTURE_2D, .width = kWidth, .height = kHeight};
  const pmb::TexelLayout luma_layout = {
      .format = GL_RED, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = kStride};

  for (int number = 0; number < 100; ++number) {
    auto frame = sample::need(ring.acquire(kFrameBytes));
    decode_into(frame.raw_bytes(), number);
    sample::need(ring.publish(frame, kFrameBytes));

    sample::need(pmb::upload_texture(context, luma_region, luma_layout, frame));
    pmb::TextureRegion region = {.target = GL_TEXTURE_2D, .width = kWidth / 2, .height = kHeight / 2};
    pmb::TexelLayout layout = {
        .format = GL_RED, .type = GL_UNSIGNED_BYTE, .offset_bytes = kLuma, .row_stride_bytes = kStride / 2};
    for (const GLuint plane : chroma) {
      region.texture = plane;
      sample::need(pmb::upload_texture(context, region, layout, frame));
      layout.offset_bytes += layout.row_stride_bytes * region.height;
    }
    // … draw with the three textures …
    if (in_flight.size() == 3) {
      auto view = sample::need(in_flight.front().wait(std::chrono::seconds(5)));
      sample::expect(std::to_integer<int>(view.bytes()[0]) == (number - 3) % 256, "a frame is wrong");
      sample::need(in_flight.front().release());
      in_flight.pop_front();
    }
    in_flight.push_back(sample::need(pmb::read_texture(context, luma_region, luma_layout, readback)));
    sample::need(ring.retire(sample::need(context.timeline().mark())));
  }
  for (const pmb::PendingReadback& last : in_flight) sample::need(last.release());

  // Planes in system memory go up in one call, with one fence.
  const std::vector<std::byte> picture(kFrameBytes, std::byte{7});
  const pmb::TextureUpload planes[] = {
      {luma_region, luma_layout, picture},
      {{.texture = chroma[0], .target = GL_TEXTURE_2D, .width = kWidth / 2, .height = kHeight / 2},
       {.format = GL_RED, .type = GL_UNSIGNED_BYTE, .offset_bytes = kLuma, .row_stride_bytes = kStride / 2},
       picture},
  };
  const pmb::Ticket taken = sample::need(pmb::upload_textures(context, planes));
  sample::need(taken.wait(std::chrono::seconds(5)));
  sample::expect(taken.passed(), "the planes were not taken");
}
