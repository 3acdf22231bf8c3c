// SPDX-License-Identifier: MIT
// Every public call under an audit of GL's state and errors. Only the COPY_READ and COPY_WRITE
// bindings may differ afterwards; the hot path never consumes a pending error of the caller, and calls
// that create objects report it as the caller's.
#include <functional>
#include <span>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;

class GoodGuest : public PmbPathTest {
 protected:
  void SetUp() override {
    pmb::Options options = options_of(GetParam().edit, GetParam().model);
    const auto transfer_plan = std::make_shared<pmb::TransferPlan>();  // through rings at every size
    options.transfer = transfer_plan;
    start(config_of(GetParam().edit), std::move(options));
    plain_ = plain_buffer(4096, pattern(4096, 1).data());
    // A program in the middle of its work: every binding that pmb might use is taken.
    for (const int target :
         {GL_ARRAY_BUFFER, GL_ELEMENT_ARRAY_BUFFER, GL_PIXEL_PACK_BUFFER, GL_PIXEL_UNPACK_BUFFER,
          GL_UNIFORM_BUFFER, GL_TRANSFORM_FEEDBACK_BUFFER, GL_TEXTURE_BUFFER}) {
      gl_.BindBuffer(static_cast<GLenum>(target), plain_);
    }
    gl_.BindBufferRange(GL_UNIFORM_BUFFER, 2, plain_, 256, 64);
  }

  enum class Pending : std::uint8_t { stays, taken };

  /// Makes one call with a pending error of the caller, and checks that the error is still pending.
  void audit(const char* what, Pending expected, const std::function<void()>& call) {
    SCOPED_TRACE(what);
    fake_->inject_error(GL_INVALID_ENUM);
    fake_->clear_log();
    auto before = fake_->state_snapshot();
    call();
    auto after = fake_->state_snapshot();
    for (auto* snapshot : {&before, &after}) {
      snapshot->values.erase("GL_COPY_READ_BUFFER");
      snapshot->values.erase("GL_COPY_WRITE_BUFFER");
    }
    EXPECT_EQ(before, after) << before.diff(after);
    if (expected == Pending::stays) {
      EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_INVALID_ENUM));
      EXPECT_EQ(fake_->calls("glGetError"), 0U);
      gl_.GetError();
    } else {
      EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
      EXPECT_EQ(context_->take_caller_error(), static_cast<std::uint32_t>(GL_INVALID_ENUM));
      EXPECT_FALSE(log_lines_.empty());
    }
    EXPECT_EQ(context_->take_caller_error(), 0U);
    log_lines_.clear();
  }

  GLuint plain_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Paths, GoodGuest, every_path(), path_name);

TEST_P(GoodGuest, ChangesNothingButTheTwoCopyBindings) {
  pmb::UploadRing ring;
  pmb::ReadbackRing readback;
  pmb::BlockPool pool;
  pmb::MappedBuffer buffer;
  pmb::Slice slice;
  pmb::PendingReadback pending;
  pmb::Block block;
  pmb::Ticket ticket;
  Bytes bytes = pattern(64, 1);
  pmb::Options by_gl = options_of(GetParam().edit);
  by_gl.path = pmb::Path::traditional;
  auto traditional = take(open(std::move(by_gl)));
  // An error before the first call of GL that pmb makes is the caller's in every case, never pmb's.
  const bool mapped = has_storage();
  if (mapped) {
    audit("MappedBuffer::create", Pending::taken, [&] {
      buffer = take(pmb::MappedBuffer::create(
          *context_, {.size_bytes = 256, .access = Access::bidirectional, .label = "a"}));
    });
  }
  audit("UploadRing::create", Pending::taken,
        [&] { ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096, .label = "b"})); });
  audit("ReadbackRing::create", Pending::taken,
        [&] { readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096})); });
  audit("BlockPool::create", Pending::taken,
        [&] { pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2})); });
  // On the traditional path nothing is created.
  const Pending at_first = is_private() ? Pending::stays : Pending::taken;
  audit("upload, first", at_first, [&] { take(pmb::upload(*context_, plain_, 0, bytes)); });
  audit("download, first", at_first, [&] { take(pmb::download(*context_, plain_, 0, bytes)); });

  audit("upload by GL", Pending::stays, [&] { take(pmb::upload(traditional, plain_, 0, bytes)); });
  audit("download by GL", Pending::stays, [&] { take(pmb::download(traditional, plain_, 0, bytes)); });
  audit("upload", Pending::stays, [&] { take(pmb::upload(*context_, plain_, 0, bytes)); });
  audit("download", Pending::stays, [&] { take(pmb::download(*context_, plain_, 0, bytes)); });
  audit("plan", Pending::stays, [&] { take(context_->plan(Access::sequential_write, 64)); });
  if (mapped) {
    audit("MappedBuffer::write", Pending::stays, [&] { take(buffer.write(3, bytes)); });
    audit("MappedBuffer::flush", Pending::stays, [&] { take(buffer.flush(0, 256)); });
  }
  audit("acquire", Pending::stays, [&] { slice = take(ring.acquire(64)); });
  audit("publish", Pending::stays, [&] { take(ring.publish(slice, 64)); });
  audit("cancel", Pending::stays, [&] { take(ring.cancel(take(ring.try_acquire(64)))); });
  const pmb::Slice slices[] = {take(ring.acquire(64)), take(ring.acquire(100))};
  audit("publish of many", Pending::stays, [&] { take(ring.publish(slices)); });
  pmb::Arena arena;
  audit("lend", Pending::stays, [&] { arena = take(ring.lend(512)); });
  audit("taking from an arena", Pending::stays, [&] {
    EXPECT_TRUE(arena.take(100));
    pmb::Arena::finish();
  });
  audit("publish of an arena", Pending::stays, [&] { take(ring.publish(arena)); });
  audit("cancel of an arena", Pending::stays, [&] { take(ring.cancel(take(ring.lend(64)))); });
  audit("request", Pending::stays, [&] { pending = take(readback.request(plain_, 0, 64)); });
  audit("acquire of a readback", Pending::stays, [&] { take(take(readback.acquire(64)).release()); });
  audit("block acquire", Pending::stays, [&] { block = take(pool.acquire()); });
  audit("block publish", Pending::stays, [&] { take(pool.publish(block, 64)); });
  audit("mark", Pending::stays, [&] { ticket = mark(); });
  audit("try_view", Pending::stays, [&] { static_cast<void>(pending.try_view()); });
  audit("poll", Pending::stays, [&] { take(timeline().poll()); });
  audit("flush of the timeline", Pending::stays, [&] { take(timeline().flush()); });
  audit("wait", Pending::stays, [&] { take(ticket.wait(1s)); });
  audit("wait for any", Pending::stays, [&] { take(pmb::wait_any(std::span(&ticket, 1), 1s)); });
  audit("wait of the ticket", Pending::stays, [&] { take(ticket.wait(1s)); });
  audit("claim of the thread", Pending::stays, [&] { take(context_->claim_thread()); });
  audit("view", Pending::stays, [&] { take(pending.wait(1s)); });
  audit("release", Pending::stays, [&] { take(pending.release()); });
  if (mapped) audit("MappedBuffer::read", Pending::stays, [&] { take(buffer.read(0, bytes, ticket)); });
  audit("block view", Pending::stays, [&] { take(pool.wait_view(block, ticket, 1s)); });
  audit("block release", Pending::stays, [&] { take(pool.release(block)); });
  audit("retire one", Pending::stays, [&] { take(ring.retire(slice, ticket)); });
  audit("retire all", Pending::stays, [&] { take(ring.retire(ticket)); });
  audit("adopt a fence", Pending::stays,
        [&] { take(timeline().adopt(gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0))); });
  audit("a full ring", Pending::stays, [&] {
    put_and_retire(ring, pattern(4096, 1), 1);
    take(ring.cancel(take(ring.acquire(64))));
  });
  audit("refusals", Pending::stays, [&] {
    EXPECT_FALSE(ring.acquire(0));
    EXPECT_FALSE(ring.acquire(5000));
    EXPECT_FALSE(ring.retire(slice, ticket));
    EXPECT_FALSE(readback.request(4711, 0, 64));
    EXPECT_FALSE(pmb::upload(*context_, plain_, 4090, bytes));
    EXPECT_FALSE(buffer.write(250, bytes));
  });
  if (mapped) audit("destroy", Pending::stays, [&] { take(buffer.destroy()); });
  audit("ring destructor", Pending::stays, [&] { ring = pmb::UploadRing(); });
  audit("readback destructor", Pending::stays, [&] { readback = pmb::ReadbackRing(); });
  audit("pool destructor", Pending::stays, [&] { pool = pmb::BlockPool(); });
  audit("context destructor", Pending::stays, [&] {
    auto other = take(open(options_of(GetParam().edit)));
    gl_.GetError();
    fake_->clear_log();
    fake_->inject_error(GL_INVALID_ENUM);
  });
}

/// Where buffers can be mapped.
class GoodGuestWithMappings : public GoodGuest {};
INSTANTIATE_TEST_SUITE_P(Paths, GoodGuestWithMappings, every_mapped_path(), path_name);

TEST_P(GoodGuestWithMappings, AdoptionLeavesTheMappingAlone) {
  const auto own = map_own(256, 64, 128, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT);
  pmb::MappedBuffer adopted;
  audit("adopt", Pending::stays, [&] { adopted = take(pmb::MappedBuffer::adopt(*context_, own)); });
  audit("drop", Pending::stays, [&] { adopted = pmb::MappedBuffer(); });
  EXPECT_EQ(fake_->mapped_buffers(), 1U);
}

TEST_P(GoodGuest, ErrorsPendingAtTheStartBelongToTheCaller) {
  fake_->inject_error(GL_INVALID_OPERATION);
  log_lines_.clear();
  auto second = take(open(options_of(GetParam().edit)));
  EXPECT_EQ(fake_->pending_error(), static_cast<GLenum>(GL_NO_ERROR));
  EXPECT_EQ(second.take_caller_error(), static_cast<std::uint32_t>(GL_INVALID_OPERATION));
  EXPECT_EQ(second.take_caller_error(), 0U);
  EXPECT_FALSE(log_lines_.empty());
}

TEST_P(GoodGuest, ACallersOutOfMemoryErrorIsNotAttributedToPmb) {
  fake_->inject_error(GL_OUT_OF_MEMORY);
  EXPECT_TRUE(pmb::UploadRing::create(*context_, {.capacity_bytes = 64}));
  EXPECT_EQ(context_->take_caller_error(), static_cast<std::uint32_t>(GL_OUT_OF_MEMORY));
}

TEST_P(GoodGuest, IsSilentWhenNothingIsWrong) {
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  put_and_retire(ring, pattern(64, 1));
  EXPECT_TRUE(log_lines_.empty());
}

}  // namespace
