// SPDX-License-Identifier: MIT
// Calls without the context that they need: none current, another one, one of the same share group, another thread. Each
// is a typed error before any GL call, and changes nothing.

#include <EGL/egl.h>
#include <EGL/eglext.h>

#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::ErrorId;
using pmb::Model;
using pmb::Status;

class WrongContext : public GlTest {
 protected:
  TestOptions test_options() const override { return {.spy = true}; }

  void SetUp() override {
    GlTest::SetUp();
    if (!context_ || HasFailure() || IsSkipped()) return;
    PMB_NEEDS_BUFFER_STORAGE();
    auto buffer = pmb::MappedBuffer::create(
        context(), {.size_bytes = 4096, .access = Access::bidirectional, .model = Model::explicit_flush});
    auto upload =
        pmb::UploadRing::create(context(), {.capacity_bytes = 4096, .model = Model::explicit_flush});
    auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096});
    auto pool =
        pmb::BlockPool::create(context(), {.block_bytes = 4096, .count = 2, .model = Model::explicit_flush});
    ASSERT_TRUE(buffer && upload && readback && pool);
    buffer_ = std::move(*buffer);
    upload_ = std::move(*upload);
    readback_ = std::move(*readback);
    pool_ = std::move(*pool);
    source_ = plain_buffer(4096);
    slice_ = upload_.acquire(64).value();
    block_ = pool_.acquire().value();
    pending_ = readback_.request(source_, 0, 64).value();
    ticket_ = mark();
    // A ticket for the wrong context, not polled yet.
    ASSERT_FALSE(ticket_.passed());
  }

  void TearDown() override {
    // In the right context everything still works.
    if (context_ && eglGetCurrentContext() != headless_->native_context()) {
      ASSERT_TRUE(headless_->make_current());
    }
    if (context_ && !HasFailure() && !IsSkipped()) {
      EXPECT_TRUE(slice_.fill(std::byte{1}));
      EXPECT_TRUE(upload_.publish(slice_, 64));
      EXPECT_TRUE(pool_.publish(block_, 64));
      const pmb::Ticket last = mark();
      EXPECT_TRUE(upload_.retire(last));
      EXPECT_TRUE(pool_.retire(block_, last));
      EXPECT_TRUE(pending_.wait(kPatience));
      EXPECT_TRUE(pending_.release());
      EXPECT_TRUE(last.wait(kPatience));
      EXPECT_TRUE(buffer_.destroy());
    }
    pool_ = {};
    readback_ = {};
    upload_ = {};
    buffer_ = {};
    GlTest::TearDown();
  }

  // Every call that needs GL fails with `id`, and none reaches GL.
  void expect_every_call_refused(ErrorId id) {
    Bytes bytes(64);
    const auto expect = [&](const char* call, const auto& result) {
      ASSERT_FALSE(result) << call;
      EXPECT_EQ(result.error().id, id) << call << ": " << result.error().message();
      EXPECT_EQ(result.error().status, Status::wrong_context) << call;
    };
    GlSpy::clear();
    expect("MappedBuffer::create", pmb::MappedBuffer::create(context(), {.size_bytes = 64}));
    expect("MappedBuffer::adopt",
           pmb::MappedBuffer::adopt(context(), {.buffer = source_, .pointer = &bytes, .size_bytes = 64}));
    expect("MappedBuffer::write", buffer_.write(0, bytes));
    expect("MappedBuffer::flush", buffer_.flush(0, 64));
    expect("MappedBuffer::read", buffer_.read(0, bytes, ticket_));
    expect("MappedBuffer::destroy", buffer_.destroy());
    expect("UploadRing::create", pmb::UploadRing::create(context(), {.capacity_bytes = 64}));
    expect("UploadRing::create_on", pmb::UploadRing::create_on(context(), pmb::MappedBuffer()));
    expect("UploadRing::publish", upload_.publish(slice_, 64));
    expect("ReadbackRing::create", pmb::ReadbackRing::create(context(), {.capacity_bytes = 64}));
    expect("ReadbackRing::request", readback_.request(source_, 0, 64));
    expect("PendingReadback::try_view", pending_.try_view());
    expect("PendingReadback::wait", pending_.wait(std::chrono::seconds(0)));
    expect("BlockPool::create", pmb::BlockPool::create(context(), {.block_bytes = 64, .count = 1}));
    expect("BlockPool::publish", pool_.publish(block_, 64));
    expect("Timeline::mark", timeline().mark());
    expect("Timeline::poll", timeline().poll());
    if (id == ErrorId::wrong_thread) {
      expect("UploadRing::acquire", upload_.acquire(64));
      expect("UploadRing::retire", upload_.retire(ticket_));
      expect("PendingReadback::release", pending_.release());
      expect("BlockPool::acquire", pool_.acquire());
      // On any other thread a wait sleeps until the owner polls.
      EXPECT_EQ(status_of(ticket_.wait(std::chrono::seconds(0))), Status::timed_out);
      EXPECT_EQ(status_of(pmb::wait_any({&ticket_, 1}, std::chrono::seconds(0))), Status::timed_out);
    } else {
      expect("Ticket::wait", ticket_.wait(std::chrono::seconds(0)));
      expect("wait_any", pmb::wait_any({&ticket_, 1}, std::chrono::seconds(0)));
    }
    expect("Timeline::flush", timeline().flush());
    expect("Ticket::wait_on_gpu", ticket_.wait_on_gpu(context()));
    expect("upload", pmb::upload(context(), source_, 0, bytes));
    expect("download", pmb::download(context(), source_, 0, bytes));
    EXPECT_EQ(GlSpy::names(), "");
    EXPECT_TRUE(buffer_.is_mapped());
    EXPECT_TRUE(slice_.is_live());
    EXPECT_TRUE(block_.is_live());
    EXPECT_TRUE(pending_.is_live());
    const auto reports = take_reports();
    EXPECT_FALSE(reports.empty());
    for (const RecordedReport& report : reports) EXPECT_EQ(report.report.id, id);
  }

  pmb::MappedBuffer buffer_;
  pmb::UploadRing upload_;
  pmb::ReadbackRing readback_;
  pmb::BlockPool pool_;
  GLuint source_ = 0;
  pmb::Slice slice_;
  pmb::Block block_;
  pmb::PendingReadback pending_;
  pmb::Ticket ticket_;
};

TEST_F(WrongContext, NoCurrentContextIsReported) {
  ASSERT_TRUE(headless_->release_current());
  const auto none = pmb::Context::from_current(pmb::HeadlessContext::loader());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, ErrorId::no_current_context);
  expect_every_call_refused(ErrorId::no_current_context);
}

TEST_F(WrongContext, AnotherCurrentContextIsReported) {
  auto other = make_headless();
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->make_current());
  expect_every_call_refused(ErrorId::other_context_current);
  // It can have a pmb context itself.
  auto own = pmb::Context::from_current(pmb::HeadlessContext::loader());
  ASSERT_TRUE(own);
  EXPECT_TRUE(pmb::MappedBuffer::create(*own, {.size_bytes = 64}));
}

// A context that shares buffers is still another context: the fences of this one do not cover its commands.
TEST_F(WrongContext, AContextOfTheSameShareGroupIsReportedToo) {
  auto shared = make_headless({.share_with = &*headless_});
  ASSERT_TRUE(shared) << shared.error().message();
  ASSERT_TRUE(shared->make_current());
  EXPECT_TRUE(gl_.IsBuffer(source_)) << "the contexts share nothing";
  expect_every_call_refused(ErrorId::other_context_current);
  ASSERT_TRUE(headless_->make_current());
}

TEST_F(WrongContext, AnotherThreadIsReportedWhateverIsCurrentThere) {
  std::thread([&] { expect_every_call_refused(ErrorId::wrong_thread); }).join();
  ASSERT_TRUE(headless_->release_current());
  // Even if the context is current there: the state of pmb belongs to the thread that made it.
  std::thread([&] {
    ASSERT_TRUE(headless_->make_current());
    expect_every_call_refused(ErrorId::wrong_thread);
    ASSERT_TRUE(headless_->release_current());
  }).join();
}

TEST_F(WrongContext, TicketsOfAnotherContextAreForeign) {
  auto other = make_headless();
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->make_current());
  auto own = pmb::Context::from_current(pmb::HeadlessContext::loader());
  ASSERT_TRUE(own);
  const auto foreign = own->timeline().mark();
  ASSERT_TRUE(foreign);
  ASSERT_TRUE(headless_->make_current());

  Bytes bytes(16);
  const auto expect = [&](const char* call, const auto& result) {
    ASSERT_FALSE(result) << call;
    EXPECT_EQ(result.error().id, ErrorId::foreign_ticket) << call;
    EXPECT_EQ(result.error().status, Status::refused) << call;
  };
  ASSERT_TRUE(upload_.publish(slice_, 64));
  ASSERT_TRUE(pool_.publish(block_, 64));
  GlSpy::clear();
  expect("read", buffer_.read(0, bytes, *foreign));
  expect("retire a slice", upload_.retire(slice_, *foreign));
  expect("retire all", upload_.retire(*foreign));
  expect("retire a block", pool_.retire(block_, *foreign));
  expect("view a block", pool_.wait_view(block_, *foreign, kPatience));
  EXPECT_EQ(GlSpy::names(), "");
  EXPECT_TRUE(slice_.is_live());
  for (const RecordedReport& report : take_reports()) {
    EXPECT_EQ(report.report.id, pmb::ErrorId::foreign_ticket);
  }
  const pmb::Ticket right = mark();
  ASSERT_TRUE(upload_.retire(right));
  ASSERT_TRUE(pool_.retire(block_, right));
  slice_ = upload_.acquire(64).value();
  block_ = pool_.acquire().value();
  ASSERT_TRUE(other->make_current());
  own = tl::unexpected(pmb::Error());
}

TEST_F(WrongContext, ALoaderThatReturnsNullIsReported) {
  const auto nothing = [](const char*) -> void* { return nullptr; };
  const auto context = pmb::Context::from_current(nothing);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().id, ErrorId::loader_failed);
  EXPECT_EQ(context.error().status, Status::unsupported);
}

// As the loaders of GLFW and SDL2 do without a context.
TEST_F(WrongContext, ALoaderThatReturnsNullWithoutAContextIsNotBlamed) {
  ASSERT_TRUE(headless_->release_current());
  const auto nothing = [](const char*) -> void* { return nullptr; };
  const auto context = pmb::Context::from_current(nothing);
  ASSERT_TRUE(headless_->make_current());
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().id, ErrorId::no_current_context);
}

}  // namespace
}  // namespace gl_test
