// SPDX-License-Identifier: MIT
// Texels that GL copies directly between its images and the caller's memory: where a ring would only add a copy, and
// where pixel-store state can express their layout.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::TexelLayout;
using pmb::TextureRegion;

constexpr TexelLayout kRgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};

class ClientTexels : public PmbTest {
 protected:
  void SetUp() override { start_software({}); }

  /// On a software renderer.
  void start_software(pmb::Options options) {
    FakeConfig config;
    config.renderer = "llvmpipe (LLVM 15.0.6, 256 bits)";
    start(config, std::move(options));
    texture_ = make(GL_RGBA8);
  }

  GLuint make(GLenum internal_format) {
    GLuint name = 0;
    gl_.GenTextures(1, &name);
    gl_.BindTexture(GL_TEXTURE_2D, name);
    gl_.TexStorage2D(GL_TEXTURE_2D, 1, internal_format, 8, 4);
    return name;
  }
  TextureRegion region() const {
    return {.texture = texture_, .target = GL_TEXTURE_2D, .width = 8, .height = 4};
  }
  /// The number of pmb's buffers, which only rings need.
  std::size_t rings() const { return fake_->live_buffers() - own_buffers_.size(); }

  GLuint texture_ = 0;
};

TEST_F(ClientTexels, UploadsTakeOneCallAndNoRing) {
  Bytes source = pattern(128, 1);
  const pmb::Ticket ticket = take(pmb::upload_texture(*context_, region(), kRgba, source));
  // It is free on return.
  std::fill(source.begin(), source.end(), std::byte{0});
  EXPECT_FALSE(ticket.passed());
  take(ticket.wait(1s));
  EXPECT_EQ(fake_->texels(texture_, 0), pattern(128, 1));
  EXPECT_EQ(fake_->calls("glTextureSubImage2D"), 1U);
  EXPECT_EQ(rings(), 0U);
}

TEST_F(ClientTexels, ReadsTakeOneCallAndNoRing) {
  fake_->set_texels(texture_, 0, pattern(128, 2));
  Bytes found(128);
  take(pmb::read_texture(*context_, region(), kRgba, found));
  EXPECT_EQ(found, pattern(128, 2));
  EXPECT_EQ(fake_->calls("glGetTextureSubImage"), 1U);
  GLuint framebuffer = 0;
  gl_.GenFramebuffers(1, &framebuffer);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture_, 0);
  fake_->set_texels(texture_, 0, pattern(128, 3));
  take(pmb::read_pixels(*context_, {.width = 8, .height = 4}, kRgba, found));
  EXPECT_EQ(found, pattern(128, 3));
  EXPECT_EQ(fake_->calls("glReadPixels"), 1U);
  EXPECT_EQ(rings(), 0U);
}

TEST_F(ClientTexels, ForcedPathsUseRingsExceptTheTraditionalOne) {
  for (const pmb::Path path :
       {pmb::Path::direct, pmb::Path::staged, pmb::Path::orphaned, pmb::Path::traditional}) {
    SCOPED_TRACE(to_string(path));
    pmb::Options options;
    options.path = path;
    start_software(options);
    take(pmb::upload_texture(*context_, region(), kRgba, pattern(128, 4)));
    EXPECT_EQ(rings(), path == pmb::Path::traditional ? 0U : 1U);
    Bytes found(128);
    take(pmb::read_texture(*context_, region(), kRgba, found));
    EXPECT_EQ(found, pattern(128, 4));
    EXPECT_EQ(rings(), path == pmb::Path::traditional ? 0U : 2U);
  }
}

TEST_F(ClientTexels, HardwareUsesRings) {
  start();
  texture_ = make(GL_RGBA8);
  take(pmb::upload_texture(*context_, region(), kRgba, pattern(128, 4)));
  EXPECT_EQ(rings(), 1U);
}

// Pixel-store state can express only strides of whole texels, and drivers load floats only at aligned addresses.
TEST_F(ClientTexels, LayoutsThatGlCannotExpressGoThroughARing) {
  TexelLayout odd = kRgba;
  odd.row_stride_bytes = 35;
  const Bytes source = pattern(3 * 35 + 32, 5);
  take(pmb::upload_texture(*context_, region(), odd, source));
  EXPECT_EQ(rings(), 1U);
  EXPECT_EQ(fake_->calls("glTextureSubImage2D"), 1U) << "not a call a row";
  Bytes found(source.size());
  take(pmb::read_texture(*context_, region(), odd, found));
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_EQ(copy(std::span(found).subspan(row * 35, 32)), copy(std::span(source).subspan(row * 35, 32)));
  }
  EXPECT_EQ(rings(), 2U);

  start_software({});
  texture_ = make(GL_R32F);
  const TexelLayout floats = {.format = GL_RED, .type = GL_FLOAT};
  alignas(4) std::array<std::byte, 132> memory;
  const std::span misaligned = std::span(memory).subspan(2, 128);
  std::ranges::copy(pattern(128, 6), misaligned.begin());
  take(pmb::upload_texture(*context_, region(), floats, misaligned));
  EXPECT_EQ(rings(), 1U);
  std::ranges::fill(misaligned, std::byte{0});
  take(pmb::read_texture(*context_, region(), floats, misaligned));
  EXPECT_EQ(copy(misaligned), pattern(128, 6));
  EXPECT_EQ(rings(), 2U);
}

// Both kinds in one call, behind one fence.
TEST_F(ClientTexels, ClientAndRingTransfersShareOneFence) {
  TexelLayout odd = kRgba;
  odd.row_stride_bytes = 35;
  const GLuint other = make(GL_RGBA8);
  TextureRegion second = region();
  second.texture = other;
  const Bytes straight = pattern(128, 7);
  const Bytes crooked = pattern(3 * 35 + 32, 8);
  const pmb::TextureUpload uploads[] = {{region(), kRgba, straight}, {second, odd, crooked}};
  const pmb::Ticket ticket = take(pmb::upload_textures(*context_, uploads));
  EXPECT_EQ(fake_->calls("glFenceSync"), 1U);
  take(ticket.wait(1s));
  EXPECT_EQ(fake_->texels(texture_, 0), straight);
  const Bytes texels = fake_->texels(other, 0);
  EXPECT_EQ(copy(std::span(texels).first(32)), copy(std::span(crooked).first(32)));
}

// The raw GL call has no timeout.
TEST_F(ClientTexels, ReadsFollowABoundedWait) {
  pmb::Options options;
  options.timeout = 1ms;
  start_software(options);
  Bytes found = filled(128, 0x5C);
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region(), kRgba, found)), ErrorId::wait_timed_out);
  EXPECT_EQ(fake_->calls("glGetTextureSubImage"), 0U);
  EXPECT_EQ(found, filled(128, 0x5C));
  fake_->clear_script();
  take(pmb::read_texture(*context_, region(), kRgba, found));
}

TEST_F(ClientTexels, ALostContextFailsTheRead) {
  leaks_expected_ = true;
  Bytes found(128);
  fake_->script("glGetTextureSubImage", 1, strict_gl::lose_the_context());
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region(), kRgba, found)), ErrorId::context_lost);
}

}  // namespace
