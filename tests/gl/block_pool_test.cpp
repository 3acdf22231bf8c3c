// SPDX-License-Identifier: MIT
// Block pools and ping-pong buffers on a real driver, read and written by compute shaders.

#include <cstring>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::ErrorId;
using pmb::Status;

constexpr std::uint32_t kWords = 1024;
constexpr std::uint64_t kBlockBytes = kWords * sizeof(std::uint32_t);

class Blocks : public EveryVariant {
 protected:
  void SetUp() override {
    EveryVariant::SetUp();
    if (!context_ || HasFailure() || IsSkipped()) return;
    PMB_NEEDS_COMPUTE();
    program_ = make_compute_program(gl_, R"(
      layout(local_size_x = 64) in;
      layout(std430, binding = 0) buffer Data { uint data[]; };
      uniform uint factor;
      void main() { data[gl_GlobalInvocationID.x] = data[gl_GlobalInvocationID.x] * factor + 5u; }
    )");
    gl_.UseProgram(program_);
  }

  pmb::BlockPool make_pool(std::uint32_t count, Access access = Access::bidirectional) {
    auto pool = pmb::BlockPool::create(
        context(), {.block_bytes = kBlockBytes, .count = count, .access = access, .label = "pool"});
    EXPECT_TRUE(pool) << pool.error().message();
    return pool ? std::move(*pool) : pmb::BlockPool();
  }

  void fill_and_publish(pmb::BlockPool& pool, pmb::Block block, std::uint32_t seed) {
    ASSERT_EQ(block.raw_bytes().size(), kBlockBytes);
    const auto words = words_of(seed);
    std::memcpy(block.raw_bytes().data(), words.data(), kBlockBytes);
    ASSERT_TRUE(pool.publish(block, kBlockBytes));
    EXPECT_TRUE(block.raw_bytes().empty()) << "published bytes are the GPU's";
  }

  void dispatch(pmb::Block block, std::uint32_t factor) {
    gl_.Uniform1ui(gl_.GetUniformLocation(program_, "factor"), factor);
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, block.buffer());
    gl_.DispatchCompute(kWords / 64, 1, 1);
  }

  static std::vector<std::uint32_t> words_of(std::uint32_t seed) {
    std::vector<std::uint32_t> words(kWords);
    for (std::uint32_t i = 0; i < kWords; ++i) words[i] = seed * 7919 + i;
    return words;
  }

  void expect_result(const pmb::ReadView& view, std::uint32_t seed, std::uint32_t factor) {
    auto words = words_of(seed);
    for (std::uint32_t& word : words) word = word * factor + 5;
    EXPECT_EQ(first_difference(view.bytes(), std::as_bytes(std::span(words))), -1);
  }

  GLuint program_ = 0;
};

TEST_P(Blocks, ComputeResultsArriveInBlocksReleasedInAnyOrder) {
  auto pool = make_pool(8);
  struct Running {
    pmb::Block block;
    pmb::Ticket ticket;
    std::uint32_t seed;
  };
  std::vector<Running> running;
  for (std::uint32_t step = 0; step < 100; ++step) {
    const auto block = pool.acquire();
    ASSERT_TRUE(block) << block.error().message();
    fill_and_publish(pool, *block, step);
    dispatch(*block, step + 2);
    running.push_back({*block, mark(), step});
    if (running.size() < 8) continue;
    // The oldest, the newest and one between, in turn.
    const std::size_t at = step % 3 == 0 ? 0 : step % 3 == 1 ? running.size() - 1 : running.size() / 2;
    const Running done = running[at];
    const auto view = pool.wait_view(done.block, done.ticket, kPatience);
    ASSERT_TRUE(view) << view.error().message();
    expect_result(*view, done.seed, done.seed + 2);
    ASSERT_TRUE(pool.release(done.block));
    EXPECT_FALSE(done.block.is_live());
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (const Running& one : running) ASSERT_TRUE(pool.retire(one.block, one.ticket));
}

TEST_P(Blocks, RetiredBlocksAreReusableAfterTheirTicket) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kRows = 12;
  const SlowRows rows(gl_, kRows, 1500);
  auto pool = make_pool(2, Access::sequential_write);
  for (int row = 0; row < kRows; ++row) {
    const auto block = pool.acquire();
    ASSERT_TRUE(block) << block.error().message();
    std::memset(block->raw_bytes().data(), row + 1, SlowRows::kBytes);
    ASSERT_TRUE(pool.publish(*block, SlowRows::kBytes));
    rows.draw(block->buffer(), 0, row);
    ASSERT_TRUE(pool.retire(*block, mark()));
  }
  const auto pixels = rows.pixels();
  for (std::uint32_t row = 0; row < kRows; ++row) {
    EXPECT_EQ(pixels[row * SlowRows::kWidth], (row + 1) * 0x01010101u) << "row " << row;
  }
}

TEST_P(Blocks, EveryBlockIsASeparateBuffer) {
  auto pool = make_pool(4);
  std::vector<pmb::Block> blocks;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto block = pool.acquire();
    ASSERT_TRUE(block);
    for (const pmb::Block& other : blocks) EXPECT_NE(other.buffer(), block->buffer());
    EXPECT_EQ(parameter(block->buffer(), GL_BUFFER_SIZE), kBlockBytes);
    blocks.push_back(*block);
  }
  EXPECT_EQ(pool.free_count(), 0u);
  for (const pmb::Block& block : blocks) ASSERT_TRUE(pool.release(block));
  // Commands that write into them may be pending: they are free after the next fence.
  EXPECT_EQ(pool.free_count(), 0u);
  wait_for_gpu();
  for (pmb::Block& block : blocks) {
    EXPECT_FALSE(block.is_live());
    const auto again = pool.try_acquire();
    ASSERT_TRUE(again) << again.error().message();
    block = *again;
  }
  for (const pmb::Block& block : blocks) ASSERT_TRUE(pool.release(block));
}

TEST_P(Blocks, UnusedUploadBlocksAreFreeAtOnce) {
  auto pool = make_pool(2, Access::sequential_write);
  for (int round = 0; round < 5; ++round) {
    const auto block = pool.acquire();
    ASSERT_TRUE(block);
    EXPECT_EQ(pool.free_count(), 1u);
    ASSERT_TRUE(pool.release(*block));
    EXPECT_EQ(pool.free_count(), 2u);
  }
}

TEST_P(Blocks, AnExhaustedPoolReportsItAtOnceAndRecovers) {
  auto pool = make_pool(2);
  const auto first = pool.acquire();
  const auto second = pool.acquire();
  ASSERT_TRUE(first && second);
  for (const auto& none : {pool.acquire(), pool.try_acquire()}) {
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().id, ErrorId::pool_exhausted);
    EXPECT_EQ(none.error().status, Status::would_block);
    EXPECT_EQ(none.error().numbers[0], 2u);
  }
  fill_and_publish(pool, *first, 1);
  dispatch(*first, 3);
  const auto unmarked = pool.release(*first);
  ASSERT_FALSE(unmarked) << "a block that the GPU works on was taken back";
  EXPECT_EQ(unmarked.error().id, ErrorId::view_outstanding);
  ASSERT_TRUE(pool.retire(*first, mark()));
  const auto third = pool.acquire();
  ASSERT_TRUE(third) << third.error().message();
  EXPECT_FALSE(first->is_live());
  ASSERT_TRUE(pool.release(*third));
  ASSERT_TRUE(pool.release(*second));
}

TEST_P(Blocks, AReadPoolReceivesShaderWrites) {
  auto pool = make_pool(3, Access::read);
  for (std::uint32_t round = 0; round < 9; ++round) {
    const auto block = pool.acquire();
    ASSERT_TRUE(block) << block.error().message();
    EXPECT_TRUE(block->raw_bytes().empty());
    const std::vector<std::uint32_t> filled(kWords, round);
    put(block->buffer(), 0, std::as_bytes(std::span(filled)));
    gl_.MemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT);
    dispatch(*block, 2);
    const pmb::Ticket ticket = mark();
    const auto view = pool.wait_view(*block, ticket, kPatience);
    ASSERT_TRUE(view) << view.error().message();
    const std::vector<std::uint32_t> wanted(kWords, round * 2 + 5);
    EXPECT_EQ(first_difference(view->bytes(), std::as_bytes(std::span(wanted))), -1);
    const auto published = pool.publish(*block, 16);
    ASSERT_FALSE(published);
    EXPECT_EQ(published.error().id, pmb::ErrorId::not_writable);
    ASSERT_TRUE(pool.release(*block));
  }
  const auto reports = take_reports();
  EXPECT_EQ(reports.size(), GetParam().validate ? 9u : 0u);
  for (const auto& made : reports) EXPECT_EQ(made.report.id, pmb::ErrorId::not_writable);
}

TEST_P(Blocks, APoolOfTwoAlternatesAndNeverOverwritesBytesInUse) {
  PMB_NEEDS_LATE_SHADERS();
  constexpr int kRows = 16;
  const SlowRows rows(gl_, kRows, 1500);
  auto pair = pmb::BlockPool::create(
      context(),
      {.block_bytes = SlowRows::kBytes, .count = 2, .access = Access::sequential_write, .label = "pair"});
  ASSERT_TRUE(pair) << pair.error().message();
  std::vector<GLuint> names;
  for (int row = 0; row < kRows; ++row) {
    const auto block = pair->acquire();
    ASSERT_TRUE(block) << block.error().message();
    names.push_back(block->buffer());
    std::memset(block->raw_bytes().data(), 0x40 + row, SlowRows::kBytes);
    ASSERT_TRUE(pair->publish(*block, SlowRows::kBytes));
    rows.draw(block->buffer(), 0, row);
    ASSERT_TRUE(pair->retire(*block, mark()));
  }
  for (std::size_t i = 2; i < names.size(); ++i) EXPECT_EQ(names[i], names[i - 2]);
  EXPECT_NE(names[0], names[1]);
  const auto pixels = rows.pixels();
  for (std::uint32_t row = 0; row < kRows; ++row) {
    EXPECT_EQ(pixels[row * SlowRows::kWidth], (0x40 + row) * 0x01010101u) << "row " << row;
  }
}

PMB_EVERY_VARIANT(Blocks);

}  // namespace
}  // namespace gl_test
