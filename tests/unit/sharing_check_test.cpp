// SPDX-License-Identifier: MIT
// Validation notices that the CPU and GL no longer share the bytes of a mapped buffer or block, and takes nothing else for
// that.
#include "context/sharing_probe.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::BlockPool;
using pmb::MappedBuffer;

class SharingCheck : public PmbPathTest {
 protected:
  static constexpr std::size_t kBytes = 256;
  static constexpr std::size_t kProbed = pmb::detail::SharingProbe::kBytes;
  static constexpr std::uint64_t kMarksBetween = 64;

  void SetUp() override { start_validating(); }
  MappedBuffer make_buffer(Access access) {
    return take(
        MappedBuffer::create(*context_, {.size_bytes = 2 * kBytes, .access = access, .label = "shared"}));
  }
  BlockPool make_pool(Access access) {
    return take(BlockPool::create(*context_,
                                  {.block_bytes = kBytes, .count = 1, .access = access, .label = "shared"}));
  }
  pmb::Ticket write_and_mark(GLuint buffer, std::int64_t offset, const Bytes& bytes) {
    write_on_gpu(buffer, offset, bytes);
    const pmb::Ticket ticket = mark();
    take(ticket.wait(1s));
    return ticket;
  }
  void expect_one_report(GLuint buffer, std::uint64_t offset) {
    ASSERT_EQ(reports_.size(), 1U);
    EXPECT_EQ(reports_[0].id, ErrorId::bytes_not_shared);
    EXPECT_EQ(reports_[0].label, "shared");
    EXPECT_EQ(reports_[0].buffer, buffer);
    EXPECT_EQ(reports_[0].begin, offset);
    EXPECT_EQ(reports_[0].end, offset + kProbed);
  }
  void expect_no_report() {
    for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
  }
  std::uint64_t copies() const {
    return fake_->calls("glCopyNamedBufferSubData") + fake_->calls("glCopyBufferSubData");
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, SharingCheck, every_mapped_path(), path_name);

TEST_P(SharingCheck, AWriteThatReachesNobodyIsReportedOnce) {
  auto buffer = make_buffer(Access::sequential_write);
  fake_->move_away_from_mapping(buffer.buffer());
  take(buffer.write(kBytes, pattern(kBytes, 1)));
  expect_one_report(buffer.buffer(), kBytes);
  for (std::uint64_t turn = 0; turn < 3 * kMarksBetween; ++turn) {
    mark();
    take(buffer.write(0, pattern(kBytes, turn)));
  }
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_P(SharingCheck, AFlushThatReachesNobodyIsReported) {
  auto buffer = make_buffer(Access::sequential_write);
  fake_->move_away_from_mapping(buffer.buffer());
  std::ranges::copy(pattern(kBytes, 1), buffer.raw_bytes().begin());
  take(buffer.flush(0, kBytes));
  expect_one_report(buffer.buffer(), 0);
}

TEST_P(SharingCheck, AReadOfOldBytesIsReported) {
  auto buffer = make_buffer(Access::read);
  fake_->move_away_from_mapping(buffer.buffer());
  const pmb::Ticket ticket = write_and_mark(buffer.buffer(), 16, pattern(kBytes, 1));
  Bytes bytes(kBytes);
  take(buffer.read(16, bytes, ticket));
  EXPECT_NE(bytes, pattern(kBytes, 1));
  expect_one_report(buffer.buffer(), 16);
}

TEST_P(SharingCheck, AMappingOfTheProgramIsWatchedToo) {
  const GLbitfield published =
      GetParam().model == Model::coherent ? GL_MAP_COHERENT_BIT : GL_MAP_FLUSH_EXPLICIT_BIT;
  const auto mapping =
      map_own(2 * kBytes, kBytes, kBytes, GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | published);
  auto buffer = take(MappedBuffer::adopt(*context_, mapping));
  fake_->move_away_from_mapping(buffer.buffer());
  take(buffer.write(8, pattern(kBytes - 8, 1)));
  ASSERT_EQ(reports_of(ErrorId::bytes_not_shared), 1U);
  EXPECT_EQ(reports_[0].begin, kBytes + 8);
}

TEST_P(SharingCheck, ABlockThatReachesNobodyIsReported) {
  auto pool = make_pool(Access::sequential_write);
  const pmb::Block block = take(pool.acquire());
  fake_->move_away_from_mapping(block.buffer());
  std::ranges::copy(pattern(kBytes, 1), block.raw_bytes().begin());
  take(pool.publish(block, kBytes));
  expect_one_report(block.buffer(), 0);
  take(pool.retire(block, mark()));
}

TEST_P(SharingCheck, AViewOfOldBytesIsReported) {
  auto pool = make_pool(Access::read);
  const pmb::Block block = take(pool.acquire());
  fake_->move_away_from_mapping(block.buffer());
  const auto view = take(pool.try_view(block, write_and_mark(block.buffer(), 0, pattern(kBytes, 1))));
  EXPECT_NE(copy(view.bytes()), pattern(kBytes, 1));
  expect_one_report(block.buffer(), 0);
  take(pool.release(block));
}

TEST_P(SharingCheck, ComparesOftenAtFirstAndThenOnceInSixtyFourMarks) {
  auto buffer = make_buffer(Access::sequential_write);
  fake_->clear_log();
  std::vector<std::uint64_t> compared;
  for (std::uint64_t turn = 0; turn < 4 * kMarksBetween; ++turn) {
    take(buffer.write(0, pattern(kBytes, turn)));
    take(buffer.write(0, pattern(kBytes, turn + 1)));
    if (copies() > compared.size()) compared.push_back(turn);
    mark();
  }
  EXPECT_EQ(copies(), compared.size()) << "once in a turn";
  EXPECT_EQ(compared, (std::vector<std::uint64_t>{0, 1, 3, 7, 15, 31, 63, 127, 191, 255}));
  expect_no_report();
}

TEST_P(SharingCheck, BytesThatBothSidesWriteInTurnAreNoDifference) {
  auto buffer = make_buffer(Access::bidirectional);
  Bytes bytes(kBytes);
  for (std::uint64_t turn = 0; turn < 3 * kMarksBetween; ++turn) {
    take(buffer.write(0, pattern(kBytes, turn)));
    const pmb::Ticket ticket = write_and_mark(buffer.buffer(), 0, pattern(kBytes / 2, turn + 9));
    take(buffer.read(0, bytes, ticket));
    ASSERT_EQ(copy(std::span(bytes).first(kBytes / 2)), pattern(kBytes / 2, turn + 9));
  }
  expect_no_report();
}

TEST_P(SharingCheck, BlocksThatBothSidesWriteInTurnAreNoDifference) {
  auto pool = make_pool(Access::bidirectional);
  for (std::uint64_t turn = 0; turn < 3 * kMarksBetween; ++turn) {
    const pmb::Block block = take(pool.acquire());
    std::ranges::copy(pattern(kBytes, turn), block.raw_bytes().begin());
    take(pool.publish(block, 8));  // GL need not see the bytes behind them
    take(pool.try_view(block, write_and_mark(block.buffer(), 0, pattern(16, turn + 9))));
    take(pool.release(block));
  }
  expect_no_report();
}

TEST_P(SharingCheck, BytesThatWereNotFlushedAreNoDifference) {
  auto buffer = make_buffer(Access::bidirectional);
  const pmb::Ticket ticket = mark();
  take(ticket.wait(1s));
  std::ranges::copy(pattern(kBytes, 3), buffer.raw_bytes().begin());
  Bytes bytes(kBytes);
  take(buffer.read(0, bytes, ticket));
  EXPECT_EQ(bytes, pattern(kBytes, 3));
  expect_no_report();
}

TEST_P(SharingCheck, ErrorsOfTheProgramStayThere) {
  auto buffer = make_buffer(Access::sequential_write);
  fake_->clear_log();
  take(buffer.write(0, pattern(kBytes, 1)));
  EXPECT_EQ(copies(), 1U);
  EXPECT_EQ(fake_->calls("glGetError"), 0U);
}

class CoherentSharingCheck : public PmbTest {};

// Such a write makes no GL call, and may come from any thread.
TEST_F(CoherentSharingCheck, WithoutACurrentContextAWriteIsNotCompared) {
  start({}, validating());
  auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 64, .model = Model::coherent}));
  fake_->clear_log();
  FakeGl::release_current();
  take(buffer.write(0, pattern(64, 1)));
  fake_->make_current();
  EXPECT_EQ(fake_->calls("glCopyNamedBufferSubData"), 0U);
}

}  // namespace
