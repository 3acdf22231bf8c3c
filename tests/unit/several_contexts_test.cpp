// SPDX-License-Identifier: MIT
// Several contexts: GPU waits for another context's tickets, share groups, and the rule for slices that
// another context uses.
#include "pmb_fixture.hpp"
#include "support/timeline_facts.hpp"

namespace {

using namespace pmb_test;
using pmb::Ticket;
using strict_gl::GpuRead;

/// The fixture's context uploads, `render_` uses; both fakes share and both contexts declare it.
class SeveralContexts : public PmbTest {
 protected:
  static constexpr std::uint64_t kGroup = 7;

  void SetUp() override { start_sharing(kGroup, kGroup); }

  void start_sharing(std::uint64_t loader_group, std::uint64_t render_group, bool really = true) {
    end_render();
    pmb::Options loader;
    loader.share_group = loader_group;
    start({}, validating(std::move(loader)));
    render_fake_.emplace(FakeConfig{}, really ? &*fake_ : nullptr);
    render_fake_->make_current();
    pmb::Options render;
    render.share_group = render_group;
    render_.emplace(take(open(validating(std::move(render)))));
    render_fake_->clear_log();
    fake_->make_current();
  }

  void end_render() {
    if (!render_fake_) return;
    render_fake_->make_current();
    render_.reset();
    strict_gl::expect_clean(*render_fake_);
    render_fake_.reset();
    fake_->make_current();
  }

  void TearDown() override {
    end_render();
    PmbTest::TearDown();
  }

  /// Runs `work` with the render context current.
  template <class Work>
  auto in_render(const Work& work) {
    render_fake_->make_current();
    struct Back {
      FakeGl& fake;
      ~Back() { fake.make_current(); }
    } back{*fake_};
    return work();
  }

  pmb::Result<void> wait_in_render(Ticket ticket) {
    return in_render([&] { return ticket.wait_on_gpu(*render_); });
  }

  /// The bytes that a draw of the render context reads from a buffer that it binds; a wait there runs the draw.
  Bytes drawn_in_render(GLuint buffer) {
    return in_render([&] {
      gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer);
      const auto read = render_fake_->shader_read(buffer, 0, 64);
      gl_.BindBuffer(GL_COPY_READ_BUFFER, 0);
      take(take(render_->timeline().mark()).wait(1s));
      return read->bytes();
    });
  }

  std::optional<FakeGl> render_fake_;
  std::optional<pmb::Context> render_;
};

TEST_F(SeveralContexts, UploadsAreVisibleAfterFlushServerWaitAndBinding) {
  const Bytes image = pattern(64, 1);
  const GLuint texture = plain_buffer(64, pattern(64, 2).data());
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = put(ring, image);
  fake_->shader_copy(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()), texture, 0, 64);
  const Ticket uploaded = mark();
  take(ring.retire(uploaded));
  take(timeline().flush());
  EXPECT_EQ(drawn_in_render(texture), pattern(64, 2)) << "without the wait it shows the old image";
  take(wait_in_render(uploaded));
  EXPECT_EQ(drawn_in_render(texture), image);
}

TEST_F(SeveralContexts, EachServerWaitRunsExactlyTheWorkBeforeItsTicket) {
  const GLuint buffer = plain_buffer(64);
  std::vector<std::shared_ptr<GpuRead>> reads;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 9; ++i) {
    reads.push_back(fake_->shader_read(buffer, 0, 64));
    tickets.push_back(mark());
  }
  take(timeline().flush());
  for (const std::size_t asked : {2U, 3U, 7U}) {
    take(wait_in_render(tickets[asked]));
    in_render([&] { take(take(render_->timeline().mark()).wait(1s)); });
    for (std::size_t i = 0; i < reads.size(); ++i) {
      EXPECT_EQ(reads[i]->executed(), i <= asked) << asked << " " << i;
    }
  }
  EXPECT_EQ(render_fake_->calls("glWaitSync"), 3U) << "one a ticket";
}

TEST_F(SeveralContexts, UnflushedTicketsAreRefusedByName) {
  const Ticket ticket = mark();
  const auto refused = wait_in_render(ticket);
  EXPECT_EQ(id_of(refused), ErrorId::fence_not_flushed);
  EXPECT_EQ(refused.error().numbers[0], ticket.serial());
  EXPECT_NE(refused.error().message().find("timeline.flush()"), std::string::npos);
  EXPECT_EQ(reports_of(ErrorId::fence_not_flushed), 1U);
  EXPECT_EQ(render_fake_->total_calls(), 0U);
  take(timeline().flush());
  EXPECT_EQ(fake_->calls("glFlush"), 1U);
  take(wait_in_render(ticket));
  take(timeline().flush());
  EXPECT_EQ(fake_->calls("glFlush"), 1U) << "nothing was marked since";
  const Ticket later = mark();
  EXPECT_EQ(id_of(wait_in_render(later)), ErrorId::fence_not_flushed);
  take(wait_in_render(ticket));
  take(ticket.wait(1s));
  take(wait_in_render(later));
  EXPECT_EQ(fake_->calls("glFlush"), 2U) << "the wait flushed, too";
}

TEST_F(SeveralContexts, ATicketThatHasPassedNeedsNoGlCall) {
  const Ticket ticket = mark();
  take(ticket.wait(1s));
  take(wait_in_render(ticket));
  EXPECT_EQ(render_fake_->total_calls(), 0U);
}

TEST_F(SeveralContexts, OwnTicketsAreInOrderAnyway) {
  const Ticket ticket = mark();
  fake_->clear_log();
  take(ticket.wait_on_gpu(*context_));
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_F(SeveralContexts, AWaitForAMergedTicketUsesTheFenceThatProvesIt) {
  const GLuint buffer = plain_buffer(64);
  fake_->set_polls_until_done(1000);
  for (std::size_t i = 1; i < pmb::Timeline::kMaxFences; ++i) mark();
  const auto read = fake_->shader_read(buffer, 0, 64);
  const Ticket merged = mark();
  take(timeline().flush());
  const auto behind = fake_->shader_read(buffer, 0, 64);
  static_cast<void>(mark());
  EXPECT_EQ(pmb::test::live_fences(*context_), pmb::Timeline::kMaxFences);
  EXPECT_EQ(id_of(wait_in_render(merged)), ErrorId::fence_not_flushed)
      << "its fence is gone, and the one that proves it now was not flushed";
  take(timeline().flush());
  take(wait_in_render(merged));
  in_render([&] { take(take(render_->timeline().mark()).wait(1s)); });
  EXPECT_TRUE(read->executed());
  EXPECT_TRUE(behind->executed()) << "later, never earlier";
}

TEST_F(SeveralContexts, AdoptedFencesAreWaitedForAsWell) {
  FakeGl third({}, &*fake_);
  third.make_current();
  const GLuint buffer = plain_buffer(64, pattern(64, 1).data());
  third.server_write(buffer, 0, pattern(64, 2));
  const GLsync theirs = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  gl_.Flush();
  fake_->make_current();
  take(timeline().adopt(theirs));
  const Ticket own = mark();
  take(timeline().flush());
  take(wait_in_render(own));
  EXPECT_EQ(render_fake_->calls("glWaitSync"), 2U);
  EXPECT_EQ(drawn_in_render(buffer), pattern(64, 2));
}

TEST_F(SeveralContexts, TicketsOfOtherShareGroupsAreRefusedBeforeGl) {
  for (const auto& [loader, render] : {std::pair{1, 2}, std::pair{0, 0}, std::pair{1, 0}, std::pair{0, 1}}) {
    reports_.clear();
    start_sharing(static_cast<std::uint64_t>(loader), static_cast<std::uint64_t>(render));
    const Ticket ticket = mark();
    take(timeline().flush());
    fake_->clear_log();
    EXPECT_EQ(id_of(wait_in_render(ticket)), ErrorId::other_share_group) << loader << " " << render;
    take(ticket.wait(1s));
    fake_->clear_log();
    const auto refused = wait_in_render(ticket);
    EXPECT_EQ(id_of(refused), ErrorId::other_share_group) << "passed or not";
    EXPECT_EQ(refused.error().numbers[0], static_cast<std::uint64_t>(loader));
    EXPECT_EQ(refused.error().numbers[1], static_cast<std::uint64_t>(render));
    EXPECT_EQ(fake_->total_calls() + render_fake_->total_calls(), 0U);
    EXPECT_EQ(reports_of(ErrorId::other_share_group), 2U);
  }
}

TEST_F(SeveralContexts, AFalseShareGroupIsDetected) {
  start_sharing(kGroup, kGroup, false);
  const Ticket ticket = mark();
  take(timeline().flush());
  EXPECT_EQ(id_of(wait_in_render(ticket)), ErrorId::nothing_shared);
  EXPECT_EQ(render_fake_->calls("glWaitSync"), 0U);
  EXPECT_EQ(render_fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
}

TEST_F(SeveralContexts, TicketsOfEndedTimelinesAreRefusedWithTheReason) {
  EXPECT_EQ(id_of(wait_in_render(Ticket())), ErrorId::stale_ticket);
  const Ticket failed = mark();
  fake_->script("glClientWaitSync", 1, strict_gl::wait_failed());
  EXPECT_EQ(id_of(timeline().poll()), ErrorId::wait_failed);
  EXPECT_EQ(id_of(wait_in_render(failed)), ErrorId::wait_failed);
  context_.reset();
  EXPECT_EQ(id_of(wait_in_render(failed)), ErrorId::wait_failed);
  pmb::Options options;
  options.share_group = kGroup;
  context_.emplace(take(open(options)));
  const Ticket gone = mark();
  take(timeline().flush());
  context_.reset();
  EXPECT_EQ(id_of(wait_in_render(gone)), ErrorId::stale_ticket);
  EXPECT_EQ(id_of(wait_in_render(failed)), ErrorId::stale_ticket) << "nobody knows any more";
  EXPECT_EQ(render_fake_->calls("glWaitSync"), 0U);
}

TEST_F(SeveralContexts, ALostContextIsNamedOnEitherSide) {
  leaks_expected_ = true;
  const Ticket ticket = mark();
  take(timeline().flush());
  render_fake_->lose_context();
  EXPECT_EQ(id_of(wait_in_render(ticket)), ErrorId::context_lost);
  EXPECT_TRUE(render_->lost());
  EXPECT_FALSE(context_->lost());
  start_sharing(kGroup, kGroup);
  const Ticket lost = mark();
  take(timeline().flush());
  fake_->lose_context();
  EXPECT_EQ(id_of(timeline().poll()), ErrorId::context_lost);
  EXPECT_EQ(id_of(wait_in_render(lost)), ErrorId::context_lost);
  EXPECT_FALSE(render_->lost());
}

TEST_F(SeveralContexts, TheWaitingContextMustBeCurrent) {
  const Ticket ticket = mark();
  take(timeline().flush());
  fake_->clear_log();
  EXPECT_EQ(id_of(ticket.wait_on_gpu(*render_)), ErrorId::other_context_current);
  std::thread([&] { EXPECT_EQ(id_of(ticket.wait_on_gpu(*render_)), ErrorId::wrong_thread); }).join();
  EXPECT_EQ(fake_->total_calls() + render_fake_->total_calls(), 0U);
  EXPECT_EQ(reports_of(ErrorId::other_context_current), 1U);
  EXPECT_EQ(reports_of(ErrorId::wrong_thread), 1U);
}

/// One slice of `kSlice` bytes circulates between the loader's ring and the render context's draws.
class SharedRing : public SeveralContexts {
 protected:
  static constexpr std::uint64_t kSlice = 64;

  void SetUp() override {
    SeveralContexts::SetUp();
    ring_ = take(pmb::UploadRing::create(*context_, {.capacity_bytes = kSlice}));
  }
  void TearDown() override {
    ring_ = {};
    SeveralContexts::TearDown();
  }

  /// A draw of the render context that reads the slice, and the ticket that follows it.
  std::pair<std::shared_ptr<GpuRead>, Ticket> draw_in_render(const pmb::Slice& slice) {
    const Ticket published = mark();
    take(timeline().flush());
    return in_render([&] {
      take(published.wait_on_gpu(*render_));
      gl_.BindBuffer(GL_COPY_READ_BUFFER, slice.buffer());
      const auto read =
          render_fake_->shader_read(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()), kSlice);
      const Ticket drawn = take(render_->timeline().mark());
      take(render_->timeline().flush());
      return std::pair{read, drawn};
    });
  }

  pmb::UploadRing ring_;
};

TEST_F(SharedRing, SlicesReadElsewhereAreReusedAfterAMarkThatFollowsTheTicket) {
  std::vector<std::pair<std::shared_ptr<GpuRead>, Bytes>> draws;
  for (std::uint64_t frame = 0; frame < 8; ++frame) {
    const Bytes bytes = pattern(kSlice, frame);
    const pmb::Slice slice = put(ring_, bytes);
    const auto [read, drawn] = draw_in_render(slice);
    take(drawn.wait_on_gpu(*context_));
    take(ring_.retire(slice, mark()));
    draws.emplace_back(read, bytes);
  }
  take(mark().wait(1s));
  for (const auto& [read, bytes] : draws) EXPECT_EQ(read->bytes(), bytes);
}

/// The reason for the rule: the scene fails without it.
TEST_F(SharedRing, AMarkNotOrderedAfterTheOtherTicketProvesNothing) {
  const pmb::Slice first = put(ring_, pattern(kSlice, 1));
  const auto [read, drawn] = draw_in_render(first);
  take(ring_.retire(first, mark()));
  put(ring_, pattern(kSlice, 2));
  in_render([&] { take(drawn.wait(1s)); });
  EXPECT_NE(read->bytes(), pattern(kSlice, 1));
}

}  // namespace
