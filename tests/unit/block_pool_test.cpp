// SPDX-License-Identifier: MIT
// Block pools: equal blocks, reusable in any order, for reads and writes, created all or none.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Block;
using pmb::BlockPool;

class BlockPoolTest : public PmbPathTest {
 protected:
  BlockPool pool_of(std::uint32_t count, Access access = Access::bidirectional) {
    return take(BlockPool::create(
        *context_, {.block_bytes = 256, .count = count, .access = access, .label = "blocks", .timeout = 1s}));
  }
  Block put_block(BlockPool& pool, const Bytes& bytes) {
    const Block block = take(pool.acquire());
    std::copy(bytes.begin(), bytes.end(), block.raw_bytes().begin());
    take(pool.publish(block, bytes.size()));
    return block;
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, BlockPoolTest, every_path(), path_name);

TEST_P(BlockPoolTest, CarriesBytesUpAndDownInOneBlock) {
  auto pool = pool_of(2);
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    const Bytes input = pattern(200, turn);
    const Block block = put_block(pool, input);
    EXPECT_EQ(block.size_bytes(), 200U);
    EXPECT_TRUE(block.raw_bytes().empty()) << "published";
    const auto read = fake_->shader_read(block.buffer(), 0, 200);
    write_on_gpu(block.buffer(), 16, pattern(100, turn + 50));
    const pmb::Ticket ticket = mark();
    EXPECT_EQ(id_of(pool.release(block)), ErrorId::view_outstanding);
    const auto view = take(pool.wait_view(block, ticket, 1s));
    EXPECT_EQ(read->bytes(), input);
    EXPECT_EQ(view.bytes().size(), 256U);
    EXPECT_EQ(copy(view.bytes().subspan(16, 100)), pattern(100, turn + 50));
    EXPECT_EQ(copy(view.bytes().first(16)), copy(std::span(input).first(16)));
    take(pool.release(block));
  }
}

TEST_P(BlockPoolTest, ABlockIsReusedOnlyAfterItsTicket) {
  auto pool = pool_of(2, Access::sequential_write);
  std::vector<std::pair<std::shared_ptr<strict_gl::GpuRead>, Bytes>> draws;
  for (std::uint64_t number = 0; number < 50; ++number) {
    const Bytes bytes = pattern(256, number);
    const Block block = put_block(pool, bytes);
    draws.emplace_back(fake_->shader_read(block.buffer(), 0, 256), bytes);
    take(pool.retire(block, mark()));
    EXPECT_FALSE(block.is_live());
  }
  gl_.Finish();
  for (const auto& [read, bytes] : draws) ASSERT_EQ(read->bytes(), bytes);
}

TEST_P(BlockPoolTest, BlocksAreReusableInAnyOrder) {
  fake_->set_polls_until_done(1000);
  auto pool = pool_of(3, Access::sequential_write);
  const Block first = put_block(pool, pattern(256, 1));
  const Block second = put_block(pool, pattern(256, 2));
  const Block third = put_block(pool, pattern(256, 3));
  const auto reads = {fake_->shader_read(first.buffer(), 0, 256), fake_->shader_read(third.buffer(), 0, 256)};
  const pmb::Ticket early = mark();
  const GLuint name_of_third = third.buffer();
  take(pool.retire(third, early));
  const pmb::Ticket late = mark();
  take(pool.retire(first, late));
  EXPECT_EQ(id_of(pool.try_acquire()), ErrorId::pool_exhausted);
  EXPECT_EQ(take(pool.acquire()).buffer(), name_of_third) << "the one with the earliest ticket";
  for (const auto& read : reads) EXPECT_TRUE(read->executed());
  EXPECT_TRUE(second.is_live());
  EXPECT_FALSE(late.passed());
  take(pool.retire(second, mark()));
}

TEST_P(BlockPoolTest, ReadPoolsReceiveGpuWrites) {
  auto pool = pool_of(2, Access::read);
  for (std::uint64_t turn = 0; turn < 6; ++turn) {
    const Block block = take(pool.acquire());
    EXPECT_TRUE(block.raw_bytes().empty());
    EXPECT_EQ(id_of(pool.publish(block, 1)), ErrorId::not_writable);
    fake_->server_write(block.buffer(), 0, pattern(256, turn));
    EXPECT_EQ(id_of(pool.try_view(block, {})), ErrorId::stale_ticket);
    const pmb::Ticket ticket = mark();
    EXPECT_EQ(id_of(pool.try_view(block, ticket)), ErrorId::not_passed_yet);
    EXPECT_EQ(copy(take(pool.wait_view(block, ticket, 1s)).bytes()), pattern(256, turn));
    take(pool.release(block));
  }
}

TEST_P(BlockPoolTest, AReadBlockReleasedUnseenIsReusedOnlyAfterTheNextFence) {
  auto pool = pool_of(1, Access::read);
  const Block block = take(pool.acquire());
  fake_->server_write(block.buffer(), 0, pattern(256, 1));
  take(pool.release(block));
  EXPECT_EQ(pool.free_count(), 0U);
  EXPECT_EQ(id_of(pool.acquire()), ErrorId::never_marked);
  mark();
  const Block next = take(pool.acquire());
  fake_->server_write(next.buffer(), 0, pattern(256, 2));
  EXPECT_EQ(copy(take(pool.wait_view(next, mark(), 1s)).bytes()), pattern(256, 2));
}

TEST_P(BlockPoolTest, TicketsMustBelongToTheContextAndFollowThePublish) {
  start_validating();
  auto pool = pool_of(2);
  const pmb::Ticket old = mark();
  const Block unpublished = take(pool.acquire());
  EXPECT_EQ(id_of(pool.retire(unpublished, old)), ErrorId::not_published);
  EXPECT_EQ(id_of(pool.try_view(unpublished, old)), ErrorId::not_published);
  const Block block = put_block(pool, pattern(256, 1));
  EXPECT_EQ(id_of(pool.retire(block, old)), ErrorId::ticket_too_old);
  EXPECT_EQ(id_of(pool.try_view(block, old)), ErrorId::ticket_too_old);
  EXPECT_EQ(id_of(pool.retire(block, {})), ErrorId::stale_ticket);
  EXPECT_EQ(reports_of(ErrorId::ticket_too_old), 2U);
  EXPECT_EQ(reports_of(ErrorId::not_published), 2U);
  {
    FakeGl other_fake;
    other_fake.make_current();
    auto other = take(open());
    const pmb::Ticket foreign = take(other.timeline().mark());
    fake_->make_current();
    EXPECT_EQ(id_of(pool.retire(block, foreign)), ErrorId::foreign_ticket);
    EXPECT_EQ(id_of(pool.wait_view(block, foreign, 1s)), ErrorId::foreign_ticket);
    other_fake.make_current();
  }
  fake_->make_current();
  EXPECT_EQ(reports_of(ErrorId::foreign_ticket), 2U);
  EXPECT_TRUE(block.is_live()) << "refusals change nothing";
  take(pool.retire(block, mark()));
  take(pool.release(unpublished));
}

TEST_P(BlockPoolTest, ExhaustionIsReported) {
  auto pool = pool_of(2, Access::sequential_write);
  const Block first = take(pool.acquire());
  take(pool.acquire());
  EXPECT_EQ(id_of(pool.acquire()), ErrorId::pool_exhausted) << "no block was retired: waiting would not help";
  EXPECT_EQ(fake_->calls("glClientWaitSync"), 0U);
  take(pool.publish(first, 256));
  take(pool.retire(first, mark()));
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(id_of(pool.try_acquire()), ErrorId::pool_exhausted);
  fake_->clear_script();
  EXPECT_TRUE(pool.acquire());
}

TEST_P(BlockPoolTest, WrongUseIsRefused) {
  auto pool = pool_of(2);
  const Block block = take(pool.acquire());
  EXPECT_EQ(id_of(pool.publish(block, 257)), ErrorId::published_too_much);
  take(pool.publish(block, 256));
  EXPECT_EQ(id_of(pool.publish(block, 256)), ErrorId::already_published);
  take(pool.retire(block, mark()));
  EXPECT_EQ(id_of(pool.publish(block, 1)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(pool.retire(block, mark())), ErrorId::stale_slice);
  EXPECT_EQ(id_of(pool.release(block)), ErrorId::stale_slice);
  EXPECT_EQ(id_of(pool.try_view(block, mark())), ErrorId::stale_slice);
  auto up = pool_of(1, Access::sequential_write);
  const Block write_only = put_block(up, pattern(8, 1));
  EXPECT_EQ(id_of(up.try_view(write_only, mark())), ErrorId::not_readable);
  take(up.retire(write_only, mark()));
  EXPECT_EQ(id_of(BlockPool::create(*context_, {.block_bytes = 0, .count = 1})), ErrorId::zero_size);
  EXPECT_EQ(id_of(BlockPool::create(*context_, {.block_bytes = 64, .count = 0})), ErrorId::zero_size);
  const auto too_many = BlockPool::create(*context_, {.block_bytes = 64, .count = 65537});
  EXPECT_EQ(id_of(too_many), ErrorId::range_outside);
  EXPECT_EQ(too_many.error().numbers[1], 65537U);
  EXPECT_EQ(too_many.error().numbers[2], 65536U);
}

TEST_P(BlockPoolTest, HandlesFollowAMoveAndAreStaleAfterThePool) {
  Block outlived;
  {
    auto pool = pool_of(2);
    outlived = take(pool.acquire());
    BlockPool moved = std::move(pool);
    EXPECT_TRUE(outlived.is_live());
    EXPECT_EQ(id_of(pool.acquire()), ErrorId::not_mapped);
    EXPECT_EQ(id_of(pool.release(outlived)), ErrorId::not_mapped);
    EXPECT_EQ(pool.count(), 0U);
    EXPECT_EQ(moved.count(), 2U);
  }
  EXPECT_FALSE(outlived.is_live());
  EXPECT_EQ(outlived.buffer(), 0U);
  EXPECT_TRUE(outlived.raw_bytes().empty());
  auto next = pool_of(2);
  const Block fresh = take(next.acquire());
  EXPECT_FALSE(outlived.is_live());
  EXPECT_EQ(id_of(next.publish(outlived, 1)), ErrorId::stale_slice);
  EXPECT_TRUE(fresh.is_live());
  EXPECT_FALSE(Block().is_live());
}

TEST_P(BlockPoolTest, APoolOfTwoAlternates) {
  auto pair = take(
      BlockPool::create(*context_, {.block_bytes = 256, .count = 2, .access = Access::sequential_write}));
  std::vector<GLuint> names;
  std::vector<std::pair<std::shared_ptr<strict_gl::GpuRead>, Bytes>> draws;
  for (std::uint64_t turn = 0; turn < 8; ++turn) {
    const Block block = take(pair.acquire());
    const Bytes bytes = pattern(256, turn);
    std::copy(bytes.begin(), bytes.end(), block.raw_bytes().begin());
    take(pair.publish(block, 256));
    draws.emplace_back(fake_->shader_read(block.buffer(), 0, 256), bytes);
    names.push_back(block.buffer());
    take(pair.retire(block, mark()));
  }
  gl_.Finish();
  for (const auto& [read, bytes] : draws) EXPECT_EQ(read->bytes(), bytes);
  for (std::size_t i = 2; i < names.size(); ++i) {
    EXPECT_EQ(names[i], names[i - 2]);
    EXPECT_NE(names[i], names[i - 1]);
  }
}

}  // namespace
