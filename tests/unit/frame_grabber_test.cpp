// SPDX-License-Identifier: MIT
// Frames on the fake, where a missing fence or barrier changes bytes: in order, none lost, each of its own size, in both
// orders of rows, whatever the program does with them.
#include <pmb/frame_grabber.hpp>

#include <algorithm>
#include <thread>
#include <vector>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Frame;
using pmb::PixelRectangle;
using pmb::TexelLayout;

/// Rows in reverse.
Bytes upside_down(const Bytes& bytes, std::size_t rows) {
  Bytes flipped;
  const std::size_t row = bytes.size() / rows;
  for (std::size_t y = rows; y-- > 0;) {
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(y * row);
    flipped.insert(flipped.end(), from, from + static_cast<std::ptrdiff_t>(row));
  }
  return flipped;
}

class FrameGrabber : public PmbPathTest {
 protected:
  static constexpr std::uint32_t kWidth = 20;
  static constexpr std::uint32_t kHeight = 10;

  void SetUp() override { open_with(options_of(GetParam().edit, GetParam().model)); }
  void open_with(pmb::Options options) {
    FakeConfig config = config_of(GetParam().edit);
    // For the tests' own textures.
    if (GetParam().edit == Edit::oldest) config.extensions.emplace_back("GL_ARB_texture_storage");
    start(config, std::move(options));
  }
  void TearDown() override {
    if (fake_ && !leaks_expected_) {
      EXPECT_EQ(fake_->live_framebuffers(), framebuffers_) << "framebuffers left behind";
      EXPECT_EQ(fake_->live_renderbuffers(), 0U) << "renderbuffers left behind";
      EXPECT_EQ(fake_->live_programs(), programs_) << "programs left behind";
      EXPECT_EQ(fake_->live_samplers(), programs_) << "samplers left behind";
    }
    PmbPathTest::TearDown();
  }

  /// A shader turns frames over: GL reports the target of a texture.
  bool flips_by_shader() const { return context_->limits().direct_state_access; }
  bool gles() const { return context_->limits().gles; }
  pmb::FrameGrabber make(const pmb::FrameGrabberOptions& options = {}) {
    return take(pmb::FrameGrabber::create(*context_, options));
  }

  /// A texture that is bound for reading and drawing.
  GLuint make_target(GLenum internal_format = GL_RGBA8, std::uint32_t width = kWidth,
                     std::uint32_t height = kHeight, GLenum point = GL_COLOR_ATTACHMENT0) {
    GLuint texture = 0;
    gl_.GenTextures(1, &texture);
    gl_.BindTexture(GL_TEXTURE_2D, texture);
    gl_.TexStorage2D(GL_TEXTURE_2D, 1, internal_format, static_cast<GLsizei>(width),
                     static_cast<GLsizei>(height));
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    GLuint framebuffer = 0;
    gl_.GenFramebuffers(1, &framebuffer);
    ++framebuffers_;
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, point, GL_TEXTURE_2D, texture, 0);
    return texture;
  }

  /// A renderbuffer that is bound for reading and drawing. The test deletes it.
  GLuint make_renderbuffer(GLsizei width, GLsizei height) {
    GLuint names[2] = {};
    gl_.GenFramebuffers(1, names);
    gl_.GenRenderbuffers(1, names + 1);
    ++framebuffers_;
    gl_.BindRenderbuffer(GL_RENDERBUFFER, names[1]);
    gl_.RenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, names[0]);
    gl_.FramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, names[1]);
    return names[1];
  }

  /// Stands for drawing: a command that replaces the pixels.
  Bytes draw(GLuint texture, std::uint64_t seed, std::uint32_t width = kWidth,
             std::uint32_t height = kHeight) {
    Bytes pixels = pattern(std::size_t{width} * height * 4, seed);
    gl_.BindTexture(GL_TEXTURE_2D, texture);
    gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, static_cast<GLsizei>(width), static_cast<GLsizei>(height),
                      GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    return pixels;
  }

  /// Gives every binding of a dispatch to the program.
  void occupy_dispatch_state() {
    const char* const text = "#version 430";
    gl_.UseProgram(gl_.CreateShaderProgramv(GL_COMPUTE_SHADER, 1, &text));
    ++programs_;
    gl_.ActiveTexture(GL_TEXTURE3);
    GLuint name = 0;
    gl_.GenSamplers(1, &name);
    gl_.BindSampler(3, name);
    gl_.GenTextures(1, &name);
    gl_.BindTexture(GL_TEXTURE_2D, name);
    gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, plain_buffer(1024), 256, 512);
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, plain_buffer(1024));
  }

  static constexpr PixelRectangle kAll = {.width = kWidth, .height = kHeight};
  std::size_t framebuffers_ = 0;
  std::size_t programs_ = 0;  ///< Of the test, and as many samplers.
};
INSTANTIATE_TEST_SUITE_P(Paths, FrameGrabber, every_path(), path_name);

TEST_P(FrameGrabber, EachFormatArrivesInBothOrdersOfRows) {
  struct Format {
    GLenum internal_format;
    TexelLayout layout;
    std::size_t texel_bytes;
    bool on_es;
    bool can_blit;  // the fake blits without conversion
  };
  for (const Format& format : {Format{GL_R8, TexelLayout::r8(), 1, false, false},
                               Format{GL_RGB8, TexelLayout::rgb8(), 3, false, false},
                               Format{GL_RGBA8, TexelLayout::rgba8(), 4, true, true},
                               Format{GL_RGBA16F, TexelLayout::rgba16f(), 8, false, true},
                               Format{GL_RGBA32F, TexelLayout::rgba32f(), 16, true, true},
                               Format{GL_DEPTH_COMPONENT32F, TexelLayout::depth32f(), 4, false, true}}) {
    if (gles() && !format.on_es) continue;
    SCOPED_TRACE(format.internal_format);
    const bool depth = format.internal_format == GL_DEPTH_COMPONENT32F;
    const GLuint texture = make_target(format.internal_format, kWidth, kHeight,
                                       depth ? GL_DEPTH_ATTACHMENT : GL_COLOR_ATTACHMENT0);
    const Bytes pixels = pattern(kWidth * kHeight * format.texel_bytes, format.internal_format);
    fake_->set_texels(texture, 0, pixels);
    for (const bool bottom_up : {true, false}) {
      if (!bottom_up && !format.can_blit && !flips_by_shader()) continue;
      auto grabber = make({.layout = format.layout, .bottom_up = bottom_up});
      take(grabber.grab(kAll));
      const Frame frame = take(grabber.next(0));
      EXPECT_TRUE(copy(frame.bytes()) == (bottom_up ? pixels : upside_down(pixels, kHeight))) << bottom_up;
      EXPECT_EQ(frame.width(), kWidth);
      EXPECT_EQ(frame.height(), kHeight);
    }
  }
}

TEST_P(FrameGrabber, FramesArriveInOrderAndNoneIsLost) {
  for (const bool bottom_up : {true, false}) {
    const GLuint texture = make_target();
    auto grabber = make({.bottom_up = bottom_up});
    std::vector<Bytes> drawn;
    std::size_t seen = 0;
    const auto look = [&](const Frame& frame) {
      EXPECT_EQ(frame.number(), seen);
      EXPECT_TRUE(copy(frame.bytes()) == (bottom_up ? drawn[seen] : upside_down(drawn[seen], kHeight)))
          << seen;
      ++seen;
    };
    for (std::uint64_t number = 0; number < 40; ++number) {
      drawn.push_back(draw(texture, number));
      take(grabber.grab(kAll));
      while (auto frame = grabber.next(2)) look(*frame);
      EXPECT_LE(grabber.stats().in_flight, 2U);
    }
    while (auto frame = grabber.next(0)) look(*frame);
    EXPECT_EQ(seen, 40U);
    EXPECT_EQ(grabber.stats().grabbed, 40U);
    EXPECT_EQ(grabber.stats().dropped, 0U);
    EXPECT_EQ(grabber.stats().held, 0U);
  }
}

TEST_P(FrameGrabber, NextWaitsOnlyBeyondTheLatency) {
  const GLuint texture = make_target();
  auto grabber = make();
  EXPECT_EQ(id_of(grabber.next(0)), ErrorId::no_frame);
  fake_->set_polls_until_done(1000);
  for (std::uint64_t number = 0; number < 3; ++number) {
    draw(texture, number);
    take(grabber.grab(kAll));
  }
  EXPECT_EQ(id_of(grabber.next(3)), ErrorId::not_passed_yet);
  EXPECT_EQ(grabber.stats().waits, 0U);
  EXPECT_EQ(take(grabber.next(2)).number(), 0U);
  EXPECT_EQ(grabber.stats().waits, 1U);
  EXPECT_EQ(grabber.stats().in_flight, 2U);
}

TEST_P(FrameGrabber, AGrabStartsItsCopyAtOnce) {
  make_target();
  auto grabber = make();
  take(grabber.grab(kAll));
  fake_->clear_log();
  take(grabber.grab(kAll));
  EXPECT_EQ(fake_->calls("glFenceSync"), 1U);
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
}

TEST_P(FrameGrabber, AFullGrabberDropsTheNewestAndCountsIt) {
  const GLuint texture = make_target();
  auto grabber = make({.bottom_up = true, .frames = 2});
  const Bytes first = draw(texture, 0);
  take(grabber.grab(kAll));
  take(grabber.grab(kAll));
  draw(texture, 1);
  // No wait would help: this thread must take a frame first.
  EXPECT_EQ(id_of(grabber.try_grab(kAll)), ErrorId::frames_not_taken);
  EXPECT_EQ(id_of(grabber.grab(kAll)), ErrorId::frames_not_taken);
  EXPECT_EQ(grabber.stats().dropped, 2U);
  for (std::uint64_t number = 0; number < 2; ++number) {
    const Frame frame = take(grabber.next(0));
    EXPECT_EQ(frame.number(), number);
    EXPECT_TRUE(copy(frame.bytes()) == first);
  }
  const Bytes last = draw(texture, 2);
  take(grabber.try_grab(kAll));
  const Frame frame = take(grabber.next(0));
  EXPECT_EQ(frame.number(), 4U) << "a gap shows the dropped frames";
  EXPECT_TRUE(copy(frame.bytes()) == last);
}

TEST_P(FrameGrabber, AHeldFrameKeepsItsBytesWhileOthersGoOn) {
  const GLuint texture = make_target();
  auto grabber = make({.frames = 3});
  const Bytes kept_pixels = upside_down(draw(texture, 100), kHeight);
  take(grabber.grab(kAll));
  const Frame kept = take(grabber.next(0));
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Bytes pixels = draw(texture, number);
    take(grabber.grab(kAll));
    const Frame frame = take(grabber.next(0));
    EXPECT_TRUE(copy(frame.bytes()) == upside_down(pixels, kHeight)) << number;
    EXPECT_EQ(grabber.stats().held, 2U);
  }
  EXPECT_TRUE(copy(kept.bytes()) == kept_pixels);
}

TEST_P(FrameGrabber, EachFrameHasTheSizeOfItsGrab) {
  struct Size {
    std::uint32_t width, height;
  };
  const Size sizes[] = {{20, 10}, {64, 48}, {8, 8}, {65, 49}, {200, 150}, {1, 1}, {20, 10}};
  auto grabber = make({.frames = 8});
  const std::size_t before = fake_->live_buffers();
  std::vector<Bytes> drawn;
  for (const Size& size : sizes) {
    const GLuint texture = make_target(GL_RGBA8, size.width, size.height);
    drawn.push_back(upside_down(draw(texture, drawn.size(), size.width, size.height), size.height));
    take(grabber.grab({.width = size.width, .height = size.height}));
  }
  // The oldest frame is held while the older memory goes.
  const Frame first = take(grabber.next(0));
  for (std::size_t i = 1; i < std::size(sizes); ++i) {
    const Frame frame = take(grabber.next(0));
    EXPECT_EQ(frame.width(), sizes[i].width);
    EXPECT_EQ(frame.height(), sizes[i].height);
    EXPECT_TRUE(copy(frame.bytes()) == drawn[i]) << i;
  }
  take(grabber.grab({.width = 20, .height = 10}));
  EXPECT_TRUE(copy(first.bytes()) == drawn[0]);
  EXPECT_EQ(fake_->live_buffers() - before, 2 * 8U)
      << "only the memory of the held frame and the newest remain";
}

TEST_P(FrameGrabber, AFrameIsReleasedOnAnyThread) {
  const GLuint texture = make_target();
  auto grabber = make({.frames = 1});
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Bytes pixels = draw(texture, number);
    // Waits for the thread that holds the only memory.
    take(grabber.grab(kAll));
    std::thread([frame = take(grabber.next(0)), pixels] {
      EXPECT_TRUE(copy(frame.bytes()) == upside_down(pixels, kHeight));
    }).detach();
  }
  take(grabber.grab(kAll));
  EXPECT_EQ(grabber.stats().dropped, 0U);
}

TEST_P(FrameGrabber, AGrabWaitsForAReleaseNoLongerThanItsTimeout) {
  const GLuint texture = make_target();
  auto grabber = make({.frames = 1, .timeout = 1ms});
  take(grabber.grab(kAll));
  Frame held = take(grabber.next(0));
  const std::uint64_t waits = grabber.stats().waits;
  EXPECT_EQ(id_of(grabber.try_grab(kAll)), ErrorId::pool_exhausted);
  EXPECT_EQ(grabber.stats().waits, waits);
  EXPECT_EQ(id_of(grabber.grab(kAll)), ErrorId::frames_not_released);
  EXPECT_EQ(grabber.stats().waits, waits + 1);
  const pmb::TextureRegion region = {
      .texture = texture, .target = GL_TEXTURE_2D, .width = kWidth, .height = kHeight};
  EXPECT_EQ(id_of(grabber.try_grab_texture(region)), ErrorId::pool_exhausted);
  EXPECT_EQ(id_of(grabber.grab_texture(region)), ErrorId::frames_not_released);
  EXPECT_EQ(grabber.stats().waits, waits + 2);
  EXPECT_EQ(grabber.stats().dropped, 4U);
  held.release();
  take(grabber.grab(kAll));
}

TEST_P(FrameGrabber, AReleasedFrameHasNoBytes) {
  make_target();
  auto grabber = make();
  take(grabber.grab(kAll));
  Frame frame = take(grabber.next(0));
  Frame moved = std::move(frame);
  EXPECT_TRUE(frame.bytes().empty());  // NOLINT: a moved-from frame is inert
  EXPECT_FALSE(moved.bytes().empty());
  moved.release();
  moved.release();
  EXPECT_TRUE(moved.bytes().empty());
  EXPECT_EQ(id_of(moved.write_to(1)), ErrorId::stale_slice);
  EXPECT_EQ(grabber.stats().held, 0U);
}

TEST_P(FrameGrabber, AFrameIsInertAfterItsGrabberAndItsContext) {
  make_target();
  auto grabber = make({.frames = 2});
  take(grabber.grab(kAll));
  take(grabber.grab(kAll));
  const Frame frame = take(grabber.next(0));
  grabber = {};  // with a frame in flight
  EXPECT_TRUE(frame.bytes().empty());
  auto other = make();
  take(other.grab(kAll));
  const Frame last = take(other.next(0));
  context_.reset();
  EXPECT_TRUE(last.bytes().empty());
  EXPECT_EQ(status_of(other.grab(kAll)), Status::wrong_context);
  EXPECT_EQ(status_of(other.next(0)), Status::wrong_context);
  leaks_expected_ = true;  // GL objects that no context can delete any more
  fake_->clear_violations();
}

TEST_P(FrameGrabber, AMissingOrIllegalSourceIsRefusedAndTakesNoMemory) {
  auto grabber = make({.frames = 1});
  gl_.BindFramebuffer(GL_FRAMEBUFFER, 0);
  EXPECT_EQ(id_of(grabber.grab(kAll)), ErrorId::framebuffer_unreadable);
  EXPECT_EQ(id_of(grabber.grab({.width = 4, .height = 0})), ErrorId::zero_size);
  make_target();
  EXPECT_EQ(id_of(grabber.grab({.x = INT32_MAX, .width = 20, .height = 10})), ErrorId::region_outside);
  EXPECT_EQ(id_of(grabber.grab({.width = 20, .height = 20000})), ErrorId::region_outside);
  EXPECT_EQ(id_of(pmb::FrameGrabber::create(*context_, {.frames = 0})), ErrorId::zero_size);
  EXPECT_EQ(id_of(pmb::FrameGrabber::create(*context_, {.layout = {.format = GL_RGBA}})),
            ErrorId::unknown_texels);
  EXPECT_EQ(grabber.stats().grabbed + grabber.stats().dropped, 0U);
  for (int i = 0; i < 3; ++i) {
    take(grabber.grab(kAll));
    take(grabber.next(0));
  }
}

TEST_P(FrameGrabber, StateOfTheProgramStays) {
  const GLuint texture = make_target();
  GLuint own[2] = {};
  gl_.GenFramebuffers(1, own);
  gl_.GenRenderbuffers(1, own + 1);
  ++framebuffers_;
  gl_.BindFramebuffer(GL_DRAW_FRAMEBUFFER, own[0]);
  gl_.BindRenderbuffer(GL_RENDERBUFFER, own[1]);
  gl_.Enable(GL_SCISSOR_TEST);
  if (!gles()) gl_.Enable(GL_FRAMEBUFFER_SRGB);
  const Bytes pixels = draw(texture, 3);
  if (flips_by_shader()) occupy_dispatch_state();
  auto before = fake_->state_snapshot();
  {
    auto grabber = make();
    take(grabber.grab(kAll));
    take(grabber.grab({.width = 7, .height = 5}));
    EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == upside_down(pixels, kHeight));
  }
  auto after = fake_->state_snapshot();
  for (auto* snapshot : {&before, &after}) {
    snapshot->values.erase("GL_COPY_READ_BUFFER");
    snapshot->values.erase("GL_COPY_WRITE_BUFFER");
  }
  EXPECT_EQ(before, after) << before.diff(after);
  gl_.DeleteRenderbuffers(1, own + 1);
}

// What a frame costs beside its copy: no blit where a shader writes it, and one program for all frames.
TEST_P(FrameGrabber, AShaderTurnsFramesOverWhereGlReportsTargets) {
  const GLuint texture = make_target();
  auto grabber = make();
  for (std::uint64_t number = 0; number < 5; ++number) {
    const Bytes pixels = draw(texture, number);
    take(grabber.grab({.x = 3, .y = 2, .width = 9, .height = 7}));
    take(grabber.next(0));
  }
  EXPECT_EQ(fake_->calls("glDispatchCompute"), flips_by_shader() ? 5U : 0U);
  EXPECT_EQ(fake_->calls("glCreateShaderProgramv"), flips_by_shader() ? 1U : 0U);
  EXPECT_EQ(fake_->calls("glBlitFramebuffer"), flips_by_shader() ? 0U : 5U);
}

TEST_P(FrameGrabber, APartOfTheFramebufferIsAFrame) {
  const GLuint texture = make_target();
  const Bytes pixels = draw(texture, 9);
  auto grabber = make();
  take(grabber.grab({.x = 3, .y = 2, .width = 9, .height = 7}));
  Bytes expected;
  for (std::size_t y = 8; y >= 2; --y) {
    const auto row = pixels.begin() + static_cast<std::ptrdiff_t>((y * kWidth + 3) * 4);
    expected.insert(expected.end(), row, row + 9 * 4);
  }
  EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == expected);
}

TEST_P(FrameGrabber, AFrameOfAnyNumberOfBytesIsWhole) {
  if (!flips_by_shader()) GTEST_SKIP() << "the fake does not blit this format";
  const GLuint texture = make_target(GL_R8);
  const Bytes pixels = pattern(kWidth * kHeight, 6);
  fake_->set_texels(texture, 0, pixels);
  auto grabber = make({.layout = TexelLayout::r8()});
  take(grabber.grab({.width = kWidth, .height = 1}));
  take(grabber.grab({.width = 7, .height = 5}));
  take(grabber.next(0));
  Bytes expected;
  for (std::size_t y = 5; y-- > 0;) {
    const auto row = pixels.begin() + static_cast<std::ptrdiff_t>(y * kWidth);
    expected.insert(expected.end(), row, row + 7);
  }
  EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == expected);
}

TEST_P(FrameGrabber, AFrameLargerThanARowOfTheGridIsWhole) {
  constexpr std::uint32_t kSide = 300;  // 90,000 words
  const GLuint texture = make_target(GL_RGBA8, kSide, kSide);
  const Bytes pixels = draw(texture, 4, kSide, kSide);
  auto grabber = make();
  take(grabber.grab({.width = kSide, .height = kSide}));
  EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == upside_down(pixels, kSide));
}

TEST_P(FrameGrabber, AFramebufferOfARenderbufferIsBlitted) {
  const GLuint renderbuffer = make_renderbuffer(kWidth, kHeight);
  {
    auto grabber = make();
    take(grabber.grab(kAll));
    EXPECT_EQ(take(grabber.next(0)).bytes().size(), kWidth * kHeight * 4U);
  }
  EXPECT_EQ(fake_->calls("glDispatchCompute"), 0U);
  EXPECT_EQ(fake_->calls("glBlitFramebuffer"), 1U);
  gl_.DeleteRenderbuffers(1, &renderbuffer);
}

// From OpenGL 4.1 on each viewport has its own scissor test, and a call without an index sets all of them.
TEST_P(FrameGrabber, ABlitTouchesTheScissorTestOfTheFirstViewportAlone) {
  const GLuint renderbuffer = make_renderbuffer(kWidth, kHeight);
  gl_.Enable(GL_SCISSOR_TEST);
  fake_->clear_log();
  take(make().grab(kAll));
  EXPECT_EQ(fake_->calls("glBlitFramebuffer"), 1U);
  const bool has_viewports = !gles() && gl_.VERSION_4_1;
  EXPECT_EQ(fake_->calls("glDisablei"), has_viewports ? 1U : 0U);
  EXPECT_EQ(fake_->calls("glEnablei"), has_viewports ? 1U : 0U);
  EXPECT_EQ(fake_->calls("glDisable"), has_viewports ? 0U : 1U);
  EXPECT_EQ(fake_->calls("glEnable"), has_viewports ? 0U : 1U);
  gl_.DeleteRenderbuffers(1, &renderbuffer);
}

TEST_P(FrameGrabber, AFrameTooLargeForItsFlippedCopyNamesItsLongerSide) {
  const GLuint renderbuffer = make_renderbuffer(16385, 2);
  const auto grabbed = make().grab({.width = 16385, .height = 2});
  EXPECT_EQ(id_of(grabbed), ErrorId::region_outside);
  EXPECT_EQ(grabbed.error().numbers[0], 16385U);
  EXPECT_EQ(grabbed.error().numbers[2], 16384U);
  gl_.DeleteRenderbuffers(1, &renderbuffer);
}

TEST_P(FrameGrabber, AShaderThatDoesNotLinkIsBuiltOnce) {
  const GLuint texture = make_target();
  auto grabber = make();
  fake_->script("glGetProgramiv", 1, strict_gl::return_zero());
  for (std::uint64_t number = 0; number < 3; ++number) {
    const Bytes pixels = draw(texture, number);
    take(grabber.grab(kAll));
    EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == upside_down(pixels, kHeight));
  }
  EXPECT_EQ(fake_->calls("glCreateShaderProgramv"), flips_by_shader() ? 1U : 0U);
  EXPECT_EQ(fake_->calls("glDispatchCompute"), 0U);
  EXPECT_EQ(fake_->calls("glBlitFramebuffer"), 3U);
}

TEST_P(FrameGrabber, ShaderStoresBeforeTheGrabAreInTheFrame) {
  if (!context_->limits().memory_barrier) GTEST_SKIP() << "no shader stores here";
  const GLuint texture = make_target();
  for (const bool bottom_up : {true, false}) {
    auto grabber = make({.bottom_up = bottom_up});
    draw(texture, 1);
    const Bytes stored = pattern(kWidth * kHeight * 4, 2);
    fake_->image_store(texture, 0, 0, stored);
    take(grabber.grab(kAll));
    EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == (bottom_up ? stored : upside_down(stored, kHeight)));
  }
}

TEST_P(FrameGrabber, AnImageOfATextureIsAFrame) {
  GLuint texture = 0;
  gl_.GenTextures(1, &texture);
  gl_.BindTexture(GL_TEXTURE_2D_ARRAY, texture);
  gl_.TexStorage3D(GL_TEXTURE_2D_ARRAY, 1, GL_RGBA8, kWidth, kHeight, 3);
  gl_.BindTexture(GL_TEXTURE_2D_ARRAY, 0);
  const Bytes pixels = pattern(kWidth * kHeight * 4 * 3, 5);
  fake_->set_texels(texture, 0, pixels);
  constexpr std::size_t kImage = kWidth * kHeight * 4;
  const Bytes layer(pixels.begin() + kImage, pixels.begin() + 2 * kImage);
  const pmb::TextureRegion region = {
      .texture = texture, .target = GL_TEXTURE_2D_ARRAY, .z = 1, .width = kWidth, .height = kHeight};
  for (const bool bottom_up : {true, false}) {
    auto grabber = make({.bottom_up = bottom_up});
    take(grabber.grab_texture(region));
    take(grabber.try_grab_texture(region));
    for (int i = 0; i < 2; ++i) {
      const Frame frame = take(grabber.next(0));
      EXPECT_TRUE(copy(frame.bytes()) == (bottom_up ? layer : upside_down(layer, kHeight))) << bottom_up;
      EXPECT_EQ(frame.height(), kHeight);
    }
    pmb::TextureRegion deep = region;
    deep.depth = 2;
    EXPECT_EQ(id_of(grabber.grab_texture(deep)), ErrorId::not_one_image);
  }
}

TEST_P(FrameGrabber, AFailedFenceLosesNoMemory) {
  make_target();
  auto grabber = make({.frames = 1});
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(status_of(grabber.grab(kAll)), Status::fence_failed);
  EXPECT_EQ(grabber.stats().in_flight, 0U);
  take(grabber.grab(kAll));
  take(grabber.next(0));
}

TEST_P(FrameGrabber, NoRoomForTheFlippedCopyIsAnError) {
  make_target();
  auto grabber = make({.frames = 1});
  fake_->script("glCreateShaderProgramv", 1, strict_gl::return_zero());
  fake_->script("glRenderbufferStorage", 1, strict_gl::fail_with(GL_OUT_OF_MEMORY));
  EXPECT_EQ(id_of(grabber.grab(kAll)), ErrorId::no_room_to_flip);
  take(grabber.grab(kAll));
}

TEST_P(FrameGrabber, ALostContextEndsEveryFrame) {
  if (!context_->limits().reset_notification) GTEST_SKIP() << "GL does not report a loss here";
  make_target();
  auto grabber = make();
  take(grabber.grab(kAll));
  const Frame held = take(grabber.next(0));
  take(grabber.grab(kAll));
  leaks_expected_ = true;
  fake_->lose_context();
  EXPECT_EQ(status_of(grabber.next(0)), Status::context_lost);
  EXPECT_EQ(status_of(grabber.next(0)), Status::context_lost);
  EXPECT_EQ(status_of(grabber.grab(kAll)), Status::context_lost);
  EXPECT_TRUE(held.bytes().empty());
}

TEST_P(FrameGrabber, ValidationReportsAFrameThatOutlivesItsGrabber) {
  open_with(validating(options_of(GetParam().edit, GetParam().model)));
  framebuffers_ = 0;
  make_target();
  auto grabber = make({.label = "frames"});
  take(grabber.grab(kAll));
  const Frame frame = take(grabber.next(0));
  EXPECT_FALSE(frame.bytes().empty());
  grabber = {};
  EXPECT_EQ(reports_of(ErrorId::destroyed_with_live_slices), 1U);
  EXPECT_EQ(reports_.back().label, "frames");
}

}  // namespace
