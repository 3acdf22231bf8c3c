// SPDX-License-Identifier: MIT
// An audit of every public call: it changes no GL state except the COPY_READ and COPY_WRITE bindings, and pending errors
// of the caller stay.

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include <pmb/tune/calibrate.hpp>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"
#include "gl_state.hpp"

namespace gl_test {
namespace {

using pmb::Access;

enum class Kind { creating, working };

class GoodGuest : public EveryVariant {
 protected:
  TestOptions test_options() const override {
    TestOptions wanted = EveryVariant::test_options();
    wanted.options.share_group = 1;
    return wanted;
  }

  // Runs one call and compares the state before and after. The callers check the results.
  using Audit = std::function<void(const char* name, Kind kind, const std::function<void()>& call)>;

  // Every public call at least once.
  void run_every_call(const Audit& audit) {
    std::optional<pmb::Context> second;
    audit("Context::from_current", Kind::creating, [&] {
      // Its errors go aside in its own account.
      auto made = pmb::Context::from_current(pmb::HeadlessContext::loader());
      ASSERT_TRUE(made);
      own_caller_error_ = made->take_caller_error();
      second = std::move(*made);
    });
    audit("Context::~Context", Kind::working, [&] { second.reset(); });

    run_timeline(audit);
    if (context().limits().buffer_storage) run_buffers(audit);
    run_rings(audit);
    run_pool(audit);
    run_transfers(audit);
  }

  void run_timeline(const Audit& audit) {
    pmb::Ticket ticket;
    audit("Timeline::mark", Kind::working, [&] { ticket = take(timeline().mark()); });
    audit("Timeline::poll", Kind::working, [&] { EXPECT_TRUE(timeline().poll()); });
    audit("Timeline::flush", Kind::working, [&] { EXPECT_TRUE(timeline().flush()); });
    audit("Timeline::wait", Kind::working, [&] { EXPECT_TRUE(ticket.wait(kPatience)); });
    audit("Timeline::wait_any", Kind::working,
          [&] { EXPECT_TRUE(pmb::wait_any(std::span(&ticket, 1), kPatience)); });
    audit("Ticket::wait", Kind::working, [&] { EXPECT_TRUE(ticket.wait(kPatience)); });
    audit("Context::claim_thread", Kind::working, [&] { EXPECT_TRUE(context().claim_thread()); });
    run_wait_on_gpu(audit);
    const GLsync sync = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    audit("Timeline::adopt", Kind::working, [&] { ticket = take(timeline().adopt(sync)); });
    audit("Timeline::wait for an adopted fence", Kind::working, [&] { EXPECT_TRUE(ticket.wait(kPatience)); });
  }

  // The audit covers the context that waits; the ticket is of another context.
  void run_wait_on_gpu(const Audit& audit) {
    auto headless = make_headless({.no_error = GetParam().no_error, .share_with = &*headless_});
    ASSERT_TRUE(headless && headless->make_current());
    pmb::HeadlessOptions made;
    pmb::Options options = context().options();
    apply_configuration(made, options);
    auto other = pmb::Context::from_current(pmb::HeadlessContext::loader(), options);
    ASSERT_TRUE(other) << other.error().message();
    const auto ticket = other->timeline().mark();
    ASSERT_TRUE(ticket && other->timeline().flush());
    ASSERT_TRUE(headless_->make_current());
    audit("Ticket::wait_on_gpu", Kind::working, [&] { EXPECT_TRUE(ticket->wait_on_gpu(context())); });
    ASSERT_TRUE(headless->make_current());
    other = tl::unexpected(pmb::Error());
    ASSERT_TRUE(headless_->make_current());
  }

  void run_buffers(const Audit& audit) {
    std::optional<pmb::MappedBuffer> buffer;
    audit("MappedBuffer::create", Kind::creating, [&] {
      buffer = take(pmb::MappedBuffer::create(
          context(), {.size_bytes = 4096, .access = Access::bidirectional, .label = "audited"}));
    });
    Bytes bytes = pattern(1000, 1);
    audit("MappedBuffer::write", Kind::working, [&] { EXPECT_TRUE(buffer->write(8, bytes)); });
    audit("MappedBuffer::flush", Kind::working, [&] { EXPECT_TRUE(buffer->flush(8, 1000)); });
    const pmb::Ticket ticket = mark();
    wait(ticket);
    audit("MappedBuffer::read", Kind::working, [&] { EXPECT_TRUE(buffer->read(0, bytes, ticket)); });

    const GLuint own = plain_buffer(0);
    constexpr GLbitfield kFlags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, 4096, nullptr, kFlags);
    void* const pointer = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, 4096, kFlags);
    std::optional<pmb::MappedBuffer> adopted;
    // Validation makes a buffer beside it.
    audit("MappedBuffer::adopt", GetParam().validate ? Kind::creating : Kind::working, [&] {
      adopted =
          take(pmb::MappedBuffer::adopt(context(), {.buffer = own, .pointer = pointer, .size_bytes = 4096}));
    });
    audit("MappedBuffer::adopt, again", Kind::working, [&] {
      EXPECT_FALSE(
          pmb::MappedBuffer::adopt(context(), {.buffer = own, .pointer = pointer, .size_bytes = 4096}));
    });
    audit("MappedBuffer::~MappedBuffer of an adopted one", Kind::working, [&] { adopted.reset(); });
    audit("MappedBuffer::destroy", Kind::working, [&] { EXPECT_TRUE(buffer->destroy()); });
  }

  void run_rings(const Audit& audit) {
    std::optional<pmb::UploadRing> upload;
    audit("UploadRing::create", Kind::creating, [&] {
      upload = take(pmb::UploadRing::create(context(), {.capacity_bytes = 4096, .label = "audited"}));
    });
    pmb::Slice slice;
    for (int lap = 0; lap < 3; ++lap) {
      audit("UploadRing::acquire", Kind::working, [&] { slice = take(upload->acquire(2048)); });
      EXPECT_TRUE(slice.fill(std::byte{1}));
      audit("UploadRing::publish", Kind::working, [&] { EXPECT_TRUE(upload->publish(slice, 2048)); });
      const pmb::Ticket ticket = mark();
      audit("UploadRing::retire", Kind::working, [&] { EXPECT_TRUE(upload->retire(ticket)); });
    }
    // On a GPU the ring is still in use.
    wait_for_gpu();
    audit("UploadRing::try_acquire", Kind::working, [&] { slice = take(upload->try_acquire(64)); });
    audit("UploadRing::cancel", Kind::working, [&] { EXPECT_TRUE(upload->cancel(slice)); });
    const pmb::Slice slices[] = {take(upload->acquire(64)), take(upload->acquire(100))};
    audit("UploadRing::publish of many", Kind::working, [&] { EXPECT_TRUE(upload->publish(slices)); });
    pmb::Arena arena;
    audit("UploadRing::lend", Kind::working, [&] { arena = take(upload->lend(512)); });
    EXPECT_TRUE(arena.take(100));
    audit("UploadRing::publish of an arena", Kind::working, [&] { slice = take(upload->publish(arena)); });
    const pmb::Ticket behind = mark();
    audit("UploadRing::retire of one", Kind::working, [&] { EXPECT_TRUE(upload->retire(slice, behind)); });
    audit("UploadRing::retire of the rest", Kind::working, [&] { EXPECT_TRUE(upload->retire(behind)); });
    wait(behind);
    audit("UploadRing::cancel of an arena", Kind::working, [&] {
      const auto lent = upload->lend(64);
      EXPECT_TRUE(lent && upload->cancel(*lent));
    });
    audit("UploadRing::acquire, too large", Kind::working, [&] { EXPECT_FALSE(upload->acquire(5000)); });
    audit("UploadRing::stats", Kind::working, [&] { EXPECT_EQ(upload->stats().live_slices, 0u); });
    audit("UploadRing::~UploadRing", Kind::working, [&] { upload.reset(); });

    const GLuint source = shader_written_buffer();
    std::optional<pmb::ReadbackRing> readback;
    audit("ReadbackRing::create", Kind::creating, [&] {
      readback = take(pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096, .label = "audited"}));
    });
    pmb::PendingReadback pending;
    audit("ReadbackRing::request", Kind::working,
          [&] { pending = take(readback->request(source, 0, 4000)); });
    audit("ReadbackRing::request, full", Kind::working,
          [&] { EXPECT_FALSE(readback->request(source, 0, 4000)); });
    if (GetParam().validate) expect_reports({pmb::ErrorId::ring_full_unreleased});
    audit("ReadbackRing::request, no buffer", Kind::working,
          [&] { EXPECT_FALSE(readback->request(987654, 0, 40)); });
    mark();
    audit("PendingReadback::try_view", Kind::working, [&] { static_cast<void>(pending.try_view()); });
    audit("PendingReadback::wait", Kind::working, [&] { EXPECT_TRUE(pending.wait(kPatience)); });
    audit("PendingReadback::release", Kind::working, [&] { EXPECT_TRUE(pending.release()); });
    audit("ReadbackRing::acquire", Kind::working, [&] { pending = take(readback->acquire(64)); });
    mark();
    EXPECT_TRUE(pending.release());
    audit("ReadbackRing::~ReadbackRing", Kind::working, [&] { readback.reset(); });
  }

  void run_pool(const Audit& audit) {
    std::optional<pmb::BlockPool> pool;
    audit("BlockPool::create", Kind::creating, [&] {
      pool = take(pmb::BlockPool::create(context(), {.block_bytes = 512, .count = 2, .label = "audited"}));
    });
    pmb::Block block;
    for (int round = 0; round < 3; ++round) {
      audit("BlockPool::acquire", Kind::working, [&] { block = take(pool->acquire()); });
      audit("BlockPool::publish", Kind::working, [&] { EXPECT_TRUE(pool->publish(block, 512)); });
      const pmb::Ticket ticket = mark();
      if (round == 1) {
        audit("BlockPool::wait_view", Kind::working,
              [&] { EXPECT_TRUE(pool->wait_view(block, ticket, kPatience)); });
        audit("BlockPool::release", Kind::working, [&] { EXPECT_TRUE(pool->release(block)); });
      } else {
        audit("BlockPool::try_view", Kind::working,
              [&] { static_cast<void>(pool->try_view(block, ticket)); });
        audit("BlockPool::retire", Kind::working, [&] { EXPECT_TRUE(pool->retire(block, ticket)); });
      }
    }
    audit("BlockPool::~BlockPool", Kind::working, [&] { pool.reset(); });
  }

  void run_transfers(const Audit& audit) {
    const GLuint target = shader_written_buffer();
    Bytes bytes = pattern(4000, 2);
    // The rings that transfers go through are made by the first, where they go through rings.
    Kind first = configuration().is_private() ? Kind::working : Kind::creating;
    // A quirk sends transfers of buffers without promises through rings too.
    if (has_quirk("nvidia_update_order")) first = Kind::creating;
    audit("upload, the first", first, [&] { EXPECT_TRUE(pmb::upload(context(), target, 0, bytes)); });
    audit("upload", Kind::working, [&] { EXPECT_TRUE(pmb::upload(context(), target, 0, bytes)); });
    audit("upload, past the end", Kind::working,
          [&] { EXPECT_FALSE(pmb::upload(context(), target, 4000, bytes)); });
    audit("download, the first", first, [&] { EXPECT_TRUE(pmb::download(context(), target, 0, bytes)); });
    audit("download", Kind::working, [&] { EXPECT_TRUE(pmb::download(context(), target, 0, bytes)); });
    audit("calibrate", Kind::creating, [&] {
      EXPECT_TRUE(
          pmb::calibrate(context(), {.budget = std::chrono::milliseconds(100), .largest_bytes = 4096}));
    });
  }

  // A buffer of 4096 bytes; made with the bindings that pmb may change too.
  GLuint shader_written_buffer() { return plain_buffer(4096); }

  template <class T>
  static T take(pmb::Result<T> result) {
    EXPECT_TRUE(result) << result.error().message();
    return std::move(result).value();
  }

  std::uint32_t own_caller_error_ = 0;
};

TEST_P(GoodGuest, NoCallChangesStateBeyondTheCopyBindings) {
  occupy_state(gl_);
  int calls = 0;
  run_every_call([&](const char* name, Kind, const std::function<void()>& call) {
    const GlState before = capture_state(gl_);
    call();
    EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR)) << name;
    EXPECT_EQ(changes(before, capture_state(gl_)), "") << name;
    ++calls;
  });
  EXPECT_GT(calls, context().limits().buffer_storage ? 40 : 30);
  // The audit does notice a change.
  const GlState before = capture_state(gl_);
  gl_.BindBuffer(GL_ARRAY_BUFFER, 0);
  EXPECT_NE(changes(before, capture_state(gl_)), "");
}

// The hot path does not call glGetError, so pending errors stay. A creating call must call it, and reports errors that
// were pending before as those of the caller.
TEST_P(GoodGuest, PendingErrorsOfTheCallerStayPending) {
  if (GetParam().no_error) return;  // no errors there
  run_every_call([&](const char* name, Kind kind, const std::function<void()>& call) {
    gl_.Enable(0xFFFF);
    own_caller_error_ = 0;
    call();
    const GLenum pending = gl_.GetError();
    const std::uint32_t noted = own_caller_error_ != 0 ? own_caller_error_ : context().take_caller_error();
    if (kind == Kind::creating) {
      EXPECT_EQ(noted, static_cast<std::uint32_t>(GL_INVALID_ENUM)) << name;
      EXPECT_EQ(pending, static_cast<GLenum>(GL_NO_ERROR)) << name << ": one error twice";
    } else {
      EXPECT_EQ(pending, static_cast<GLenum>(GL_INVALID_ENUM)) << name;
      EXPECT_EQ(noted, 0u) << name;
    }
    EXPECT_EQ(context().take_caller_error(), 0u) << name;
    EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR)) << name;
  });
}

PMB_EVERY_VARIANT(GoodGuest);

// A failed creation is reported as pmb's; an error that was pending before it as the caller's.
TEST_F(GlTest, AFailedCreationKeepsBothErrorsApart) {
  open({.headless = {.software = true}});
  if (!context_) return;
  PMB_NEEDS_BUFFER_STORAGE();
  const std::uint64_t four_gib = std::uint64_t{4} << 30;
  if (context().driver().renderer.find("llvmpipe") == std::string::npos ||
      context().memory_limit_bytes() < four_gib)
    return;
  gl_.Enable(0xFFFF);
  const auto buffer = pmb::MappedBuffer::create(context(), {.size_bytes = four_gib});
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().gl_error, static_cast<GLenum>(GL_OUT_OF_MEMORY));
  EXPECT_EQ(context().take_caller_error(), static_cast<std::uint32_t>(GL_INVALID_ENUM));
  EXPECT_EQ(context().take_caller_error(), 0u);
}

}  // namespace
}  // namespace gl_test
