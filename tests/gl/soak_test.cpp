// SPDX-License-Identifier: MIT
// Many frames on a real driver, without validation, through an upload ring, a readback ring, a texture feeder and a frame grabber:
// every byte arrives, and fences, GL objects, descriptors and memory stay flat.
#include <pmb/frame_grabber.hpp>
#include <pmb/texture_feeder.hpp>

#include <deque>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "../support/soak.hpp"
#include "gl_fixture.hpp"
#include "gl_spy.hpp"
#include "texture_scene.hpp"

namespace gl_test {
namespace {

class Soak : public GlTest {
 protected:
  // Neither divides the other, so that a slice starts at many offsets of its ring.
  static constexpr std::size_t kBytes = 5000;
  static constexpr std::uint64_t kRing = 64 << 10;
  static constexpr std::size_t kFramesInFlight = 2;
  static constexpr std::uint32_t kSide = 24;
  static constexpr std::size_t kImage = std::size_t{kSide} * kSide * 4;

  // The spy counts fences: GL cannot list them.
  TestOptions test_options() const override { return {.validate = false, .spy = true}; }

  void SetUp() override {
    GlTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    GlSpy::clear();
    gl_.GenTextures(1, &texture_);
    gl_.BindTexture(GL_TEXTURE_2D, texture_);
    gl_.TexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, kSide, kSide, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
    framebuffer_.emplace(gl_, texture_);
    vram_ = plain_buffer(kBytes);
    auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = kRing});
    auto readbacks = pmb::ReadbackRing::create(context(), {.capacity_bytes = kRing});
    // An image takes two frames.
    auto feeder = pmb::TextureFeeder::create(context(), {.bytes_per_feed = kImage / 2});
    auto grabber = pmb::FrameGrabber::create(context(), {.frames = 3});
    ASSERT_TRUE(ring && readbacks && feeder && grabber);
    ring_ = std::move(*ring);
    readbacks_ = std::move(*readbacks);
    feeder_ = std::move(*feeder);
    grabber_ = std::move(*grabber);
  }
  void TearDown() override {
    grabber_ = {};
    feeder_ = {};
    readbacks_ = {};
    ring_ = {};
    framebuffer_.reset();
    GlTest::TearDown();
  }

  void frame(std::uint32_t number) {
    // Up into VRAM, and down again.
    Bytes sent = pattern(kBytes, number);
    const auto slice = ring_.acquire(kBytes);
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_TRUE(slice->copy_from(sent) && ring_.publish(*slice, kBytes));
    gl_.BindBuffer(GL_COPY_READ_BUFFER, slice->buffer());
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, vram_);
    gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                          static_cast<GLintptr>(slice->offset_bytes()), 0, kBytes);
    const auto pending = readbacks_.request(vram_, 0, kBytes);
    ASSERT_TRUE(pending) << pending.error().message();
    ASSERT_TRUE(ring_.retire(mark()));
    returning_.emplace_back(*pending, std::move(sent));
    if (returning_.size() > kFramesInFlight) expect_oldest_return();

    if (feeder_.queued_bytes() == 0) {
      images_.push_back(pattern(kImage, ~number));
      const auto queued =
          feeder_.queue({{.texture = texture_, .target = GL_TEXTURE_2D, .width = kSide, .height = kSide},
                         pmb::TexelLayout::rgba8(),
                         images_.back()});
      ASSERT_TRUE(queued) << queued.error().message();
    }
    const auto fed = feeder_.feed();
    ASSERT_TRUE(fed) << fed.error().message();
    if (feeder_.queued_bytes() > 0) return;
    const auto grabbed = grabber_.grab({.width = kSide, .height = kSide});
    ASSERT_TRUE(grabbed) << grabbed.error().message();
    ++images_fed_;
    if (images_.size() > kFramesInFlight) expect_oldest_image();
  }
  void expect_oldest_return() {
    auto& [pending, sent] = returning_.front();
    const auto view = pending.wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    ASSERT_EQ(first_difference(view->bytes(), sent), -1);
    ASSERT_TRUE(pending.release());
    returning_.pop_front();
  }
  void expect_oldest_image() {
    const auto image = grabber_.next(0);
    ASSERT_TRUE(image) << image.error().message();
    ASSERT_EQ(first_difference(image->bytes(), upside_down(images_.front(), kSide)), -1);
    images_.pop_front();
  }

  // Returns once nothing is in flight.
  void settle() {
    while (!returning_.empty() && !HasFailure()) expect_oldest_return();
    while (grabber_.stats().in_flight > 0 && !HasFailure()) expect_oldest_image();
    EXPECT_TRUE(ring_.drain());
    EXPECT_TRUE(readbacks_.drain());
    wait_for_gpu();
    count_fences();
  }
  void count_fences() {
    fences_ += static_cast<std::int64_t>(GlSpy::count("glFenceSync"));
    fences_ -= static_cast<std::int64_t>(GlSpy::count("glDeleteSync"));
    GlSpy::clear();
  }
  // What must be the same after any number of frames.
  using Held = std::vector<std::pair<std::string_view, std::int64_t>>;
  Held held() {
    namespace fs = std::filesystem;
    return {{"fences", fences_},
            {"buffers", live_names(gl_.GenBuffers, gl_.DeleteBuffers, gl_.IsBuffer)},
            {"textures", live_names(gl_.GenTextures, gl_.DeleteTextures, gl_.IsTexture)},
            {"framebuffers", live_names(gl_.GenFramebuffers, gl_.DeleteFramebuffers, gl_.IsFramebuffer)},
            {"renderbuffers", live_names(gl_.GenRenderbuffers, gl_.DeleteRenderbuffers, gl_.IsRenderbuffer)},
            {"descriptors", std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator())},
            {"bytes of the upload ring", static_cast<std::int64_t>(ring_.stats().held_bytes)},
            {"bytes of the readback ring", static_cast<std::int64_t>(readbacks_.stats().held_bytes)},
            {"slices", static_cast<std::int64_t>(ring_.stats().live_slices)},
            {"readbacks", static_cast<std::int64_t>(readbacks_.stats().live_slices)},
            {"frames", grabber_.stats().in_flight + grabber_.stats().held}};
  }
  // Drivers count names up or give the lowest free one, so that few are far above a new one.
  template <class Generate, class Delete, class IsName>
  static std::int64_t live_names(Generate generate, Delete destroy, IsName is_name) {
    constexpr GLuint kAbove = 4096;
    GLuint next = 0;
    generate(1, &next);
    destroy(1, &next);
    std::int64_t live = 0;
    for (GLuint name = 1; name <= next + kAbove; ++name) live += is_name(name) == GL_TRUE ? 1 : 0;
    return live;
  }

  pmb::UploadRing ring_;
  pmb::ReadbackRing readbacks_;
  pmb::TextureFeeder feeder_;
  pmb::FrameGrabber grabber_;
  GLuint texture_ = 0;
  std::optional<BoundFramebuffer> framebuffer_;
  GLuint vram_ = 0;
  std::deque<std::pair<pmb::PendingReadback, Bytes>> returning_;
  std::deque<Bytes> images_;  // queued, or grabbed and not compared
  std::uint64_t images_fed_ = 0;
  std::int64_t fences_ = 0;
};

TEST_F(Soak, NothingGrowsOverManyFrames) {
  constexpr std::uint32_t kParts = 4;
  const auto frames = static_cast<std::uint32_t>(test_support::soak_frames(4'000)) / kParts * kParts;
  std::uint32_t number = 0;
  const auto run_to = [&](std::uint32_t end) {
    for (; number < end && !HasFailure(); ++number) {
      frame(number);
      count_fences();
    }
    settle();
  };
  test_support::ResidentMemory memory;
  std::optional<Held> before;
  for (std::uint32_t part = 1; part <= kParts && !HasFailure(); ++part) {
    run_to(frames / kParts * part);
    memory.end_part();
    const Held now = held();
    EXPECT_EQ(now, before.value_or(now)) << number << " frames";
    before = now;
  }
  // Parts after a failure did not run.
  if (HasFailure()) return;
#if !PMB_TEST_ADDRESS_SANITIZER  // its quarantine keeps freed memory
  EXPECT_LE(memory.growth_of_each_part(), 4) << "pages";
#endif
  EXPECT_EQ(ring_.stats().acquired, frames);
  EXPECT_EQ(readbacks_.stats().acquired, frames);
  EXPECT_EQ(ring_.stats().growths, 0u);
  EXPECT_EQ(grabber_.stats().grabbed, images_fed_);
  EXPECT_EQ(grabber_.stats().dropped, 0u);
  EXPECT_EQ(images_fed_, frames / 2);
}

}  // namespace
}  // namespace gl_test
