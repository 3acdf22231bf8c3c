// SPDX-License-Identifier: MIT
// Several contexts on a real driver: uploads in one and use in another, each on a different thread; waits for tickets on
// the GPU and by threads without a context; claims of a context.

#include <EGL/egl.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "../support/value_queue.hpp"
#include "gl_fixture.hpp"
#include "gl_scene.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::Ticket;

// A second pair of contexts loads data that the fixture's contexts use; both share objects.
class SeveralContexts : public GlTest {
 protected:
  TestOptions test_options() const override { return {.options = {.share_group = 1}, .spy = true}; }

  void SetUp() override {
    GlTest::SetUp();
    if (!context_ || HasFailure() || IsSkipped()) return;
    auto loader = make_headless({.share_with = &*headless_});
    ASSERT_TRUE(loader) << loader.error().message();
    loader_headless_ = std::move(*loader);
  }

  void TearDown() override {
    loader_headless_.reset();
    GlTest::TearDown();
  }

  // Makes the loader's GL context current on this thread, with a pmb context on it.
  pmb::Context open_loader(std::uint64_t share_group = 1) {
    EXPECT_TRUE(loader_headless_->make_current());
    pmb::Options options;
    options.share_group = share_group;
    pmb::HeadlessOptions made;
    apply_configuration(made, options);
    auto context = pmb::Context::from_current(pmb::HeadlessContext::loader(), options);
    EXPECT_TRUE(context) << context.error().message();
    return std::move(context).value();
  }

  std::optional<pmb::HeadlessContext> loader_headless_;
};

TEST_F(SeveralContexts, TheServerWaitUsesTheFenceOfTheTicket) {
  // The spy records the fixture's context, which is the loader here, too.
  std::vector<Ticket> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(mark());
  ASSERT_TRUE(loader_headless_->make_current());
  pmb::Options options;
  options.share_group = 1;
  auto render = pmb::Context::from_current(&GlSpy::load, options);
  ASSERT_TRUE(render) << render.error().message();
  GlSpy::clear();
  const auto refused = tickets[1].wait_on_gpu(*render);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, ErrorId::fence_not_flushed);
  EXPECT_EQ(GlSpy::names(), "");

  ASSERT_TRUE(headless_->make_current());
  ASSERT_TRUE(timeline().flush());
  EXPECT_EQ(GlSpy::names(), "glFlush");
  ASSERT_TRUE(loader_headless_->make_current());
  ASSERT_TRUE(tickets[1].wait_on_gpu(*render));
  ASSERT_EQ(GlSpy::names(), "glFlush glIsSync glWaitSync");
  const auto waited_for = GlSpy::calls().back().arguments;
  EXPECT_EQ(waited_for[1], 0) << "the flags";
  EXPECT_EQ(waited_for[2], static_cast<std::int64_t>(GL_TIMEOUT_IGNORED));
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR));
  render = tl::unexpected(pmb::Error());

  ASSERT_TRUE(headless_->make_current());
  GlSpy::clear();
  wait(tickets[2]);
  std::vector<std::int64_t> fences;
  for (const SpiedCall& call : GlSpy::calls()) {
    if (call.name == "glDeleteSync") fences.push_back(call.arguments[0]);
  }
  ASSERT_EQ(fences.size(), 3u);
  EXPECT_EQ(waited_for[0], fences[1]);
  EXPECT_TRUE(tickets[1].wait_on_gpu(context())) << "its own context needs no call";
  expect_reports({});
}

// In each frame the loader copies from its ring into a buffer; the renderer waits on the GPU, binds the buffer and reads
// it.
TEST_F(SeveralContexts, ALoaderThreadUploadsAndARenderThreadUses) {
  constexpr std::uint32_t kFrames = 60;
  constexpr std::size_t kBytes = 200'000;
  struct Frame {
    GLuint buffer = 0;
    Ticket uploaded;
  };
  test_support::ValueQueue<Frame> frames;
  std::thread loader([&] {
    pmb::Context context = open_loader();
    const GladGLContext gl = load_gl();
    auto ring = pmb::UploadRing::create(context, {.capacity_bytes = 3 * 256 * 1024});
    ASSERT_TRUE(ring) << ring.error().message();
    for (std::uint32_t number = 0; number < kFrames; ++number) {
      Frame frame;
      gl.GenBuffers(1, &frame.buffer);
      gl.BindBuffer(GL_COPY_WRITE_BUFFER, frame.buffer);
      gl.BufferData(GL_COPY_WRITE_BUFFER, kBytes, nullptr, GL_STATIC_DRAW);
      const auto slice = ring->acquire(kBytes);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->copy_from(pattern(kBytes, number)));
      ASSERT_TRUE(ring->publish(*slice, kBytes));
      // Binds both again: on some paths a publish uses these two bindings.
      gl.BindBuffer(GL_COPY_READ_BUFFER, slice->buffer());
      gl.BindBuffer(GL_COPY_WRITE_BUFFER, frame.buffer);
      gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                           static_cast<GLintptr>(slice->offset_bytes()), 0, kBytes);
      frame.uploaded = context.timeline().mark().value();
      ASSERT_TRUE(ring->retire(frame.uploaded));
      ASSERT_TRUE(context.timeline().flush());
      frames.push(frame);
    }
    ASSERT_TRUE(context.timeline().mark().value().wait(kPatience));
    EXPECT_EQ(gl.GetError(), static_cast<GLenum>(GL_NO_ERROR));
    *ring = {};
    { const pmb::Context ended = std::move(context); }
    ASSERT_TRUE(loader_headless_->release_current());
  });
  for (std::uint32_t number = 0; number < kFrames; ++number) {
    const Frame frame = frames.pop();
    const auto ordered = frame.uploaded.wait_on_gpu(context());
    // The loader may have finished and ended by now.
    if (!ordered) {
      EXPECT_EQ(ordered.error().id, ErrorId::stale_ticket) << ordered.error().message();
    }
    ASSERT_EQ(first_difference(contents(frame.buffer, 0, kBytes), pattern(kBytes, number)), -1) << number;
    gl_.DeleteBuffers(1, &frame.buffer);
  }
  loader.join();
}

// The renderer draws directly from slices of the loader, and tickets of both contexts retire them. A software renderer
// runs the contexts of a group one after the other, so only the strict fake and hardware show that both are needed.
TEST_F(SeveralContexts, SlicesReadByAnotherContextAreRetiredWithItsTickets) {
  PMB_NEEDS_FRAGMENT_STORAGE();
  constexpr int kRows = 24;
  const SlowRows scene(gl_, kRows, 5'000);
  pmb::Context loader = open_loader();
  auto ring = pmb::UploadRing::create(loader, {.capacity_bytes = 2 * SlowRows::kBytes});
  ASSERT_TRUE(ring) << ring.error().message();
  for (int row = 0; row < kRows; ++row) {
    const std::vector<std::uint32_t> words(SlowRows::kWords, static_cast<std::uint32_t>(row) + 1);
    const auto slice = ring->acquire(SlowRows::kBytes);
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_TRUE(slice->copy_from(std::as_bytes(std::span(words))));
    ASSERT_TRUE(ring->publish(*slice, SlowRows::kBytes));
    const Ticket published = loader.timeline().mark().value();
    ASSERT_TRUE(loader.timeline().flush());
    ASSERT_TRUE(headless_->make_current());
    ASSERT_TRUE(published.wait_on_gpu(context()));
    scene.draw(slice->buffer(), slice->offset_bytes(), row);
    const Ticket drawn = mark();
    ASSERT_TRUE(timeline().flush());
    ASSERT_TRUE(loader_headless_->make_current());
    ASSERT_TRUE(drawn.wait_on_gpu(loader));
    ASSERT_TRUE(ring->retire(*slice, loader.timeline().mark().value()));
  }
  *ring = {};
  { const pmb::Context ended = std::move(loader); }
  ASSERT_TRUE(headless_->make_current());
  const auto pixels = scene.pixels();
  int wrong = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) wrong += pixels[i] == i / SlowRows::kWidth + 1 ? 0 : 1;
  EXPECT_EQ(wrong, 0);
}

TEST_F(SeveralContexts, OtherAndFalseShareGroupsAreRefused) {
  const Ticket ticket = mark();
  ASSERT_TRUE(timeline().flush());
  for (const std::uint64_t group : {std::uint64_t{0}, std::uint64_t{2}}) {
    const pmb::Context undeclared = open_loader(group);
    const auto refused = ticket.wait_on_gpu(const_cast<pmb::Context&>(undeclared));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::other_share_group);
  }
  loader_headless_ = make_headless().value();
  pmb::Context alone = open_loader();
  const auto refused = ticket.wait_on_gpu(alone);
  // Some drivers (NVIDIA) know the fences of every group of the process, so a false declaration is not noticed there.
  const GLsync fence = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  ASSERT_TRUE(headless_->make_current());
  const bool told = gl_.IsSync(fence) == GL_FALSE;
  ASSERT_TRUE(loader_headless_->make_current());
  gl_.DeleteSync(fence);
  ASSERT_EQ(refused.has_value(), !told);
  if (told) {
    EXPECT_EQ(refused.error().id, ErrorId::nothing_shared);
  }
  EXPECT_EQ(load_gl().GetError(), static_cast<GLenum>(GL_NO_ERROR));
  { const pmb::Context ended = std::move(alone); }
  ASSERT_TRUE(headless_->make_current());
  wait(ticket);
}

TEST_F(SeveralContexts, AThreadWithoutAContextWaitsForAFrame) {
  const GLuint source = plain_buffer(4096, pattern(4096, 5).data());
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096});
  ASSERT_TRUE(ring) << ring.error().message();
  const auto pending = ring->request(source, 0, 4096);
  ASSERT_TRUE(pending) << pending.error().message();
  const Ticket ticket = mark();
  std::atomic<bool> done = false;
  std::thread worker([&] {
    EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
    const auto answer = ticket.wait(kPatience);
    EXPECT_TRUE(answer) << answer.error().message();
    done = true;
  });
  while (!done) {
    ASSERT_TRUE(timeline().poll());
    std::this_thread::yield();
  }
  worker.join();
  const auto view = pending->try_view();
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(first_difference(view->bytes(), pattern(4096, 5)), -1);
  EXPECT_TRUE(pending->release());
}

TEST_F(SeveralContexts, AContextIsClaimedByAnotherThreadAndBack) {
  const GLuint target = plain_buffer(64);
  ASSERT_TRUE(pmb::upload(context(), target, 0, pattern(64, 1)));
  ASSERT_TRUE(headless_->release_current());
  std::thread([&] {
    ASSERT_TRUE(headless_->make_current());
    GlSpy::clear();
    ASSERT_TRUE(context().claim_thread());
    EXPECT_EQ(GlSpy::names(), "");
    EXPECT_EQ(first_difference(contents(target, 0, 64), pattern(64, 1)), -1);
    ASSERT_TRUE(pmb::upload(context(), target, 0, pattern(64, 2)));
    ASSERT_TRUE(headless_->release_current());
  }).join();
  ASSERT_TRUE(headless_->make_current());
  const auto lost_it = timeline().mark();
  ASSERT_FALSE(lost_it);
  EXPECT_EQ(lost_it.error().id, ErrorId::wrong_thread);
  expect_reports({pmb::ErrorId::wrong_thread});
  ASSERT_TRUE(context().claim_thread());
  Bytes bytes(64);
  ASSERT_TRUE(pmb::download(context(), target, 0, bytes));
  EXPECT_EQ(first_difference(bytes, pattern(64, 2)), -1);
}

}  // namespace
}  // namespace gl_test
