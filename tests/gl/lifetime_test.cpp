// SPDX-License-Identifier: MIT
// Objects that are used after their end, moved, and destroyed in every order: they are inert, misuse is reported, and no
// GL call is made without a context.

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"
#include "support/live_mappings.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::BlockPool;
using pmb::ErrorId;
using pmb::MappedBuffer;
using pmb::ReadbackRing;
using pmb::Status;
using pmb::UploadRing;

class Lifetime : public GlTest {
 protected:
  TestOptions test_options() const override { return {.spy = true}; }

  MappedBuffer make_buffer() {
    auto buffer = MappedBuffer::create(
        context(), {.size_bytes = 1 << 20, .access = Access::bidirectional, .label = "short-lived"});
    EXPECT_TRUE(buffer) << buffer.error().message();
    return buffer ? std::move(*buffer) : MappedBuffer();
  }
  UploadRing make_upload() {
    auto ring = UploadRing::create(context(), {.capacity_bytes = 4096, .label = "upload"});
    EXPECT_TRUE(ring);
    return ring ? std::move(*ring) : UploadRing();
  }
  ReadbackRing make_readback() {
    auto ring = ReadbackRing::create(context(), {.capacity_bytes = 4096, .label = "readback"});
    EXPECT_TRUE(ring);
    return ring ? std::move(*ring) : ReadbackRing();
  }
  BlockPool make_pool() {
    auto pool = BlockPool::create(context(), {.block_bytes = 4096, .count = 2, .label = "pool"});
    EXPECT_TRUE(pool);
    return pool ? std::move(*pool) : BlockPool();
  }

  void expect_inert(MappedBuffer& buffer) {
    EXPECT_FALSE(buffer.is_mapped());
    EXPECT_EQ(buffer.buffer(), 0u);
    EXPECT_EQ(buffer.size_bytes(), 0u);
    EXPECT_TRUE(buffer.raw_bytes().empty());
    Bytes bytes(4);
    const auto written = buffer.write(0, bytes);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().id, ErrorId::not_mapped);
    const auto flushed = buffer.flush(0, 4);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().id, ErrorId::not_mapped);
    const auto read = buffer.read(0, bytes, pmb::Ticket());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id, ErrorId::not_mapped);
    const auto destroyed = buffer.destroy();
    ASSERT_FALSE(destroyed);
    EXPECT_EQ(destroyed.error().id, ErrorId::not_mapped);
    EXPECT_EQ(destroyed.error().status, Status::stale_handle);
  }
  static void expect_inert(const pmb::Slice& slice) {
    EXPECT_FALSE(slice.is_live());
    EXPECT_TRUE(slice.raw_bytes().empty());
    EXPECT_EQ(slice.buffer(), 0u);
    EXPECT_EQ(slice.offset_bytes(), 0u);
    EXPECT_EQ(slice.size_bytes(), 0u);
    EXPECT_FALSE(slice.fill(std::byte{1}));
    EXPECT_FALSE(slice.store(0, 1));
  }
  template <class Result>
  static void expect_stale(const Result& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, Status::stale_handle) << result.error().message();
  }
  // Errors of calls on objects whose context is gone; they may name the context or the object.
  template <class Result>
  static void expect_gone(const Result& result) {
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().id == ErrorId::context_gone || result.error().status == Status::stale_handle)
        << result.error().message();
  }
};

TEST_F(Lifetime, ABufferUsedAfterUnmapIsInertAndReported) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto buffer = make_buffer();
  ASSERT_FALSE(buffer.raw_bytes().empty());
  ASSERT_TRUE(buffer.destroy());
  GlSpy::clear();
  expect_inert(buffer);
  EXPECT_EQ(GlSpy::names(), "");
  const auto reports = take_reports();
  ASSERT_EQ(reports.size(), 4u);
  for (const RecordedReport& report : reports) {
    EXPECT_EQ(report.report.id, ErrorId::not_mapped);
    EXPECT_EQ(report.label, "short-lived");
  }
}

#if PMB_TEST_ADDRESS_SANITIZER

// The span itself cannot be made inert. A software renderer uses heap memory, so the sanitizer finds the access.
TEST(LifetimeDeathTest, ASpanKeptAfterUnmapIsCaughtByTheAddressSanitizer) {
  PMB_NEEDS_SOFTWARE_RENDERER();
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        ChildFixture<GlTest> child;
        child.open({.headless = {.software = true}});
        if (!child.is_open()) finish_child();
        auto buffer = MappedBuffer::create(child.context(), {.size_bytes = 1 << 20});
        volatile std::byte* const kept = buffer->raw_bytes().data();
        buffer = MappedBuffer();
        child.gl().Finish();
        kept[100] = std::byte{1};
      },
      "use-after-free");
}

#endif

TEST_F(Lifetime, MovedBuffersLeaveInertOnesBehind) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto first = make_buffer();
  const GLuint name = first.buffer();
  MappedBuffer second = std::move(first);
  EXPECT_EQ(second.buffer(), name);
  expect_inert(first);
  expect_reports({ErrorId::not_mapped, ErrorId::not_mapped, ErrorId::not_mapped, ErrorId::not_mapped});

  // A self-move, through a reference because compilers warn about the direct form.
  MappedBuffer& same = second;
  second = std::move(same);
  EXPECT_EQ(second.buffer(), name);
  ASSERT_TRUE(second.write(0, pattern(16, 1)));

  // A move onto a live object ends that object.
  auto third = make_buffer();
  const GLuint other = third.buffer();
  third = std::move(second);
  EXPECT_EQ(third.buffer(), name);
  EXPECT_FALSE(gl_.IsBuffer(other));
  EXPECT_EQ(pmb::test::live_mappings(context()).size(), 1u);
  std::swap(first, third);
  EXPECT_EQ(first.buffer(), name);
  ASSERT_TRUE(first.destroy());
  EXPECT_FALSE(gl_.IsBuffer(name));
  EXPECT_FALSE(first.destroy());
  expect_reports({ErrorId::not_mapped});
  EXPECT_EQ(context().mapped_bytes(), 0u);
}

TEST_F(Lifetime, DefaultConstructedObjectsAreInert) {
  MappedBuffer buffer;
  expect_inert(buffer);
  UploadRing upload;
  expect_stale(upload.acquire(16));
  expect_stale(upload.try_acquire(16));
  expect_stale(upload.publish(pmb::Slice(), 0));
  expect_stale(upload.cancel(pmb::Slice()));
  expect_stale(upload.retire(pmb::Ticket()));
  expect_stale(upload.retire(pmb::Slice(), pmb::Ticket()));
  EXPECT_EQ(upload.stats().capacity_bytes, 0u);
  EXPECT_FALSE(upload.mapped_buffer().is_mapped());
  ReadbackRing readback;
  expect_stale(readback.acquire(16));
  expect_stale(readback.request(1, 0, 16));
  EXPECT_EQ(readback.stats().capacity_bytes, 0u);
  const pmb::PendingReadback pending;
  expect_stale(pending.try_view());
  expect_stale(pending.wait(std::chrono::seconds(0)));
  expect_stale(pending.release());
  BlockPool pool;
  expect_stale(pool.acquire());
  expect_stale(pool.publish(pmb::Block(), 0));
  expect_stale(pool.release(pmb::Block()));
  EXPECT_EQ(pool.count(), 0u);
  expect_inert(pmb::Slice());
  EXPECT_FALSE(pmb::Block().is_live());
  EXPECT_FALSE(pmb::Ticket().passed());
}

TEST_F(Lifetime, MovedRingsKeepTheirSlices) {
  auto first = make_upload();
  const auto slice = first.acquire(64);
  ASSERT_TRUE(slice);
  UploadRing second = std::move(first);
  EXPECT_TRUE(slice->is_live());
  expect_stale(first.acquire(64));
  ASSERT_TRUE(slice->fill(std::byte{1}));
  UploadRing& same = second;
  second = std::move(same);
  ASSERT_TRUE(second.publish(*slice, 64));
  ASSERT_TRUE(second.retire(mark()));
  expect_inert(*slice);
  expect_stale(second.publish(*slice, 64));
  expect_stale(second.retire(*slice, mark()));
  expect_reports({ErrorId::stale_slice, ErrorId::stale_slice, ErrorId::stale_slice, ErrorId::stale_slice});

  auto readback = make_readback();
  const GLuint source = plain_buffer(64);
  const auto pending = readback.request(source, 0, 64);
  ASSERT_TRUE(pending);
  ReadbackRing moved = std::move(readback);
  mark();
  EXPECT_TRUE(pending->wait(kPatience));
  ASSERT_TRUE(pending->release());
  expect_stale(pending->release());
  expect_stale(pending->try_view());
  expect_reports({ErrorId::stale_slice, ErrorId::stale_slice});

  auto pool = make_pool();
  const auto block = pool.acquire();
  ASSERT_TRUE(block);
  BlockPool elsewhere = std::move(pool);
  EXPECT_TRUE(block->is_live());
  ASSERT_TRUE(elsewhere.release(*block));
  expect_stale(elsewhere.release(*block));
  expect_reports({ErrorId::stale_slice});
}

TEST_F(Lifetime, HandlesOfDestroyedRingsAreInertAndNeverReachTheirSuccessors) {
  std::optional<UploadRing> ring = make_upload();
  const auto slice = ring->acquire(64);
  ASSERT_TRUE(slice);
  ring.reset();
  expect_reports({ErrorId::destroyed_with_live_slices});
  expect_inert(*slice);
  // A successor may get the same records and the same memory.
  for (int i = 0; i < 5; ++i) {
    auto successor = make_upload();
    const auto other = successor.acquire(64);
    ASSERT_TRUE(other);
    expect_inert(*slice);
    expect_stale(successor.publish(*slice, 1));
    expect_stale(successor.cancel(*slice));
    expect_stale(successor.retire(*slice, mark()));
    EXPECT_TRUE(other->is_live());
    ASSERT_TRUE(successor.cancel(*other));
    // One for each call, and two for the name and the offset of the stale slice.
    expect_reports({ErrorId::stale_slice, ErrorId::stale_slice, ErrorId::stale_slice, ErrorId::stale_slice,
                    ErrorId::stale_slice});
  }
}

// A slice of one ring is stale in another ring, whichever is older.
TEST_F(Lifetime, HandlesOfOtherRingsAreStale) {
  auto first = make_upload();
  auto second = make_upload();
  const auto of_first = first.acquire(64);
  const auto of_second = second.acquire(64);
  ASSERT_TRUE(of_first && of_second);
  expect_stale(second.publish(*of_first, 64));
  expect_stale(first.cancel(*of_second));
  expect_reports({ErrorId::stale_slice, ErrorId::stale_slice});
  ASSERT_TRUE(first.cancel(*of_first));
  ASSERT_TRUE(second.cancel(*of_second));
}

// The context is destroyed first.
TEST_F(Lifetime, ObjectsThatOutliveTheirContextAreInertAndCallNoGl) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto buffer = make_buffer();
  auto upload = make_upload();
  auto readback = make_readback();
  auto pool = make_pool();
  const auto slice = upload.acquire(64);
  const auto pending = readback.acquire(64);
  const auto block = pool.acquire();
  ASSERT_TRUE(slice && pending && block);
  const pmb::Ticket ticket = mark();
  wait(ticket);
  EXPECT_TRUE(ticket.passed());
  EXPECT_EQ(pmb::test::live_mappings(context()).size(), 5u);
  context_.reset();

  std::vector<ErrorId> leaks;
  for (const RecordedReport& report : take_reports()) {
    if (report.report.id == ErrorId::leaked_with_context) leaks.push_back(report.report.id);
  }
  EXPECT_EQ(leaks.size(), 5u) << "one for every buffer that was mapped";
  GlSpy::clear();
  EXPECT_FALSE(ticket.passed()) << "nothing is known any more";
  expect_inert(*slice);
  EXPECT_FALSE(pending->is_live());
  expect_stale(pending->try_view());
  EXPECT_FALSE(block->is_live());
  expect_gone(upload.acquire(64));
  expect_gone(upload.retire(ticket));
  expect_gone(readback.acquire(64));
  expect_gone(readback.request(1, 0, 64));
  expect_gone(pool.acquire());
  expect_inert(buffer);
  {
    const auto end_of_buffer = std::move(buffer);
    const auto end_of_upload = std::move(upload);
    const auto end_of_readback = std::move(readback);
    const auto end_of_pool = std::move(pool);
  }
  EXPECT_EQ(GlSpy::names(), "");
  take_reports();
}

TEST_F(Lifetime, AfterTheEndOfTheGlContextNothingCallsGl) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto buffer = std::make_optional(make_buffer());
  auto upload = std::make_optional(make_upload());
  auto pool = std::make_optional(make_pool());
  mark();
  headless_.reset();
  GlSpy::clear();
  upload.reset();
  pool.reset();
  const auto destroyed = buffer->destroy();
  ASSERT_FALSE(destroyed);
  EXPECT_EQ(destroyed.error().status, Status::wrong_context);
  buffer.reset();
  const auto marked = timeline().mark();
  ASSERT_FALSE(marked);
  EXPECT_EQ(marked.error().id, ErrorId::no_current_context);
  context_.reset();
  EXPECT_EQ(GlSpy::names(), "");
  take_reports();
}

TEST_F(Lifetime, BuffersDestroyedWithoutTheirContextAreReported) {
  PMB_NEEDS_BUFFER_STORAGE();
  auto buffer = std::make_optional(make_buffer());
  ASSERT_TRUE(headless_->release_current());
  GlSpy::clear();
  buffer.reset();
  EXPECT_EQ(GlSpy::names(), "");
  expect_reports({ErrorId::destroyed_without_context});
  ASSERT_TRUE(headless_->make_current());
  EXPECT_TRUE(pmb::test::live_mappings(context()).empty());
}

TEST_F(Lifetime, MovedContextsKeepTheirObjectsValid) {
  auto ring = make_upload();
  pmb::Timeline* const line = &timeline();
  pmb::Context moved = std::move(*context_);
  context_.reset();
  EXPECT_EQ(&moved.timeline(), line);
  const auto slice = ring.acquire(64);
  ASSERT_TRUE(slice);
  ASSERT_TRUE(slice->fill(std::byte{1}));
  ASSERT_TRUE(ring.publish(*slice, 64));
  const auto ticket = moved.timeline().mark();
  ASSERT_TRUE(ticket);
  ASSERT_TRUE(ring.retire(*ticket));
  context_ = std::move(moved);
  pmb::Context& same = *context_;
  *context_ = std::move(same);
  ASSERT_TRUE(ticket->wait(kPatience));
  EXPECT_TRUE(ticket->passed());
}

// Several pmb contexts in turn on one GL context; tickets of an earlier one never match a later one.
TEST_F(Lifetime, TicketsOfAnEarlierContextNeverMatchALaterOne) {
  const pmb::Ticket old = mark();
  for (int i = 0; i < 5; ++i) {
    context_.reset();
    auto next = pmb::Context::from_current(pmb::HeadlessContext::loader());
    ASSERT_TRUE(next);
    context_ = std::move(*next);
    wait(mark());
    wait(mark());
    EXPECT_FALSE(old.passed());
    const auto waited = old.wait(kPatience);
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().id == ErrorId::stale_ticket || waited.error().id == ErrorId::foreign_ticket);
    auto ring = make_upload();
    const auto slice = ring.acquire(64);
    ASSERT_TRUE(slice);
    ASSERT_TRUE(ring.publish(*slice, 64));
    EXPECT_FALSE(ring.retire(*slice, old));
    EXPECT_FALSE(ring.retire(old));
    ASSERT_TRUE(ring.retire(mark()));
  }
}

// Objects with static lifetime, in both orders, in a separate process.
struct Statics {
  std::optional<pmb::HeadlessContext> headless;
  std::optional<pmb::Context> context;
  std::optional<MappedBuffer> buffer;
  std::optional<UploadRing> ring;
  std::optional<BlockPool> pool;
  pmb::Ticket ticket;
};

// Whether the objects exist.
bool fill(Statics& context_side, Statics& object_side, pmb::Options options = {}) {
  auto headless = pmb::HeadlessContext::create();
  if (!headless || !headless->make_current()) return false;
  context_side.headless = std::move(*headless);
  auto context = pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options));
  if (!context) return false;
  context_side.context = std::move(*context);
  auto buffer = MappedBuffer::create(*context_side.context, {.size_bytes = 4096});
  auto ring = UploadRing::create(*context_side.context, {.capacity_bytes = 4096});
  auto pool = BlockPool::create(*context_side.context, {.block_bytes = 4096, .count = 2});
  if (!buffer || !ring || !pool || !ring->acquire(64) || !pool->acquire()) return false;
  object_side.buffer = std::move(*buffer);
  object_side.ring = std::move(*ring);
  object_side.pool = std::move(*pool);
  const auto ticket = context_side.context->timeline().mark();
  if (ticket) object_side.ticket = *ticket;
  return ticket.has_value();
}

TEST(LifetimeDeathTest, StaticObjectsMayOutliveTheirContextAtExit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        static Statics destroyed_last;
        static Statics destroyed_first;
        std::exit(fill(destroyed_first, destroyed_last) ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
}

TEST(LifetimeDeathTest, StaticContextsMayOutliveTheirObjectsAtExit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        static Statics destroyed_last;
        static Statics destroyed_first;
        std::exit(fill(destroyed_last, destroyed_first) ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
}

// The sink is called under a lock that the static objects take again.
TEST(LifetimeDeathTest, AValidationSinkMayExit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        alarm(60);
        static Statics objects;
        pmb::Options options;
        options.validation = [](const pmb::Report& report) {
          if (report.id == ErrorId::written_after_publish) std::exit(0);
        };
        if (!fill(objects, objects, std::move(options))) std::exit(3);
        const auto slice = objects.ring->acquire(64);
        if (!slice) std::exit(3);
        const std::span<std::byte> bytes = slice->raw_bytes();
        if (!slice->fill(std::byte{1}) || !objects.ring->publish(*slice, 64)) std::exit(3);
        bytes[0] = std::byte{2};
        static_cast<void>(objects.context->timeline().mark());
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gl_test
