// SPDX-License-Identifier: MIT
// Many frames with an upload ring, a readback ring and a frame grabber: fences, buffers, handles and memory stay flat.
#include <pmb/frame_grabber.hpp>

#include "pmb_fixture.hpp"
#include "support/address_sanitizer.hpp"
#include "support/soak.hpp"

namespace {

using namespace pmb_test;

class Soak : public PmbPathTest {};
INSTANTIATE_TEST_SUITE_P(Paths, Soak,
                         testing::Values(PathCase{Edit::by_name, Model::coherent},
                                         PathCase{Edit::by_name, Model::explicit_flush},
                                         PathCase{Edit::traditional, Model::explicit_flush}),
                         path_name);

TEST_P(Soak, NothingGrowsOverManyFrames) {
  constexpr std::uint32_t kSide = 4;
  FakeConfig config = config_of(GetParam().edit);
  config.max_logged_calls = 0;
  start(config, options_of(GetParam().edit, GetParam().model));
  GLuint names[2] = {};
  gl_.GenTextures(1, &names[0]);
  gl_.BindTexture(GL_TEXTURE_2D, names[0]);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kSide, kSide);
  gl_.GenFramebuffers(1, &names[1]);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, names[1]);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, names[0], 0);
  const Bytes pixels = pattern(kSide * kSide * 4, 1);
  gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, kSide, kSide, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
  Bytes from_the_top;
  for (std::size_t row = kSide; row > 0; --row) {
    const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>((row - 1) * kSide * 4);
    from_the_top.insert(from_the_top.end(), begin, begin + kSide * 4);
  }
  const GLuint source = plain_buffer(256, pattern(256, 2).data());

  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 2048}));
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 1024}));
  auto grabber = take(pmb::FrameGrabber::create(*context_, {.frames = 3}));
  std::uint64_t wrong = 0;
  const auto frame = [&](std::uint64_t number) {
    const Bytes bytes = pattern(256, number);
    const pmb::Slice slice = put(ring, bytes);
    const auto read = draw(slice);
    const auto pending = take(readback.request(source, 0, 256));
    take(grabber.grab({.width = kSide, .height = kSide}));
    take(ring.retire(mark()));
    wrong += copy(take(pending.wait(1s)).bytes()) == pattern(256, 2) ? 0 : 1;
    take(pending.release());
    wrong += read->bytes() == bytes ? 0 : 1;
    if (number >= 2) wrong += copy(take(grabber.next(1)).bytes()) == from_the_top ? 0 : 1;
  };

  constexpr std::uint64_t kParts = 4;
  const std::uint64_t frames = test_support::soak_frames(8'000) / kParts * kParts;
  std::uint64_t number = 0;
  test_support::ResidentMemory memory;
  const auto run_to = [&](std::uint64_t end) {
    for (; number < end; ++number) frame(number);
    memory.end_part();
  };
  run_to(frames / kParts);
  const std::size_t buffers = fake_->live_buffers();
  const std::size_t syncs = fake_->live_syncs();
  for (std::uint64_t part = 2; part <= kParts; ++part) run_to(frames / kParts * part);
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(fake_->live_buffers(), buffers);
  EXPECT_LE(fake_->live_syncs(), syncs + 2);
  EXPECT_EQ(grabber.stats().grabbed, frames);
  EXPECT_EQ(grabber.stats().dropped, 0U);
#if !PMB_TEST_ADDRESS_SANITIZER  // its quarantine keeps freed memory
  EXPECT_LE(memory.growth_of_each_part(), 4) << "pages";
#endif
  grabber = {};
  gl_.DeleteFramebuffers(1, &names[1]);
}

}  // namespace
