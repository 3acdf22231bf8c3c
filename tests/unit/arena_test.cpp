// SPDX-License-Identifier: MIT
// Arenas: pieces that never overlap, one flush of the taken bytes, handles that are inert once published, and
// overruns that are reported (its threads are in tests/threads).
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Arena;
using pmb::Slice;
using pmb::UploadRing;

class ArenaTest : public PmbPathTest {
 protected:
  UploadRing ring_of(std::uint64_t capacity) {
    return take(UploadRing::create(*context_, {.capacity_bytes = capacity, .label = "arenas"}));
  }
  static void fill(const pmb::ArenaPiece& piece, const Bytes& bytes) {
    ASSERT_EQ(piece.bytes.size(), bytes.size());
    std::memcpy(piece.bytes.data(), bytes.data(), bytes.size());
    Arena::finish();
  }
  std::shared_ptr<strict_gl::GpuRead> draw_piece(const pmb::ArenaPiece& piece) {
    return fake_->shader_read(piece.buffer, static_cast<std::int64_t>(piece.offset_bytes),
                              static_cast<std::int64_t>(piece.bytes.size()));
  }
  std::vector<strict_gl::LoggedCall> flushes() const {
    const bool by_name = context_->limits().direct_state_access;
    if (is_private()) return fake_->log_of(by_name ? "glNamedBufferSubData" : "glBufferSubData");
    return fake_->log_of(by_name ? "glFlushMappedNamedBufferRange" : "glFlushMappedBufferRange");
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, ArenaTest, every_path(), path_name);

TEST_P(ArenaTest, OneFlushCoversExactlyTheTakenPieces) {
  auto ring = ring_of(16 * 1024);
  for (std::uint64_t frame = 0; frame < 30; ++frame) {
    const Arena arena = take(ring.lend(4096));
    std::vector<pmb::ArenaPiece> pieces;
    for (std::size_t i = 0; i < 10; ++i) {
      const auto piece = arena.take(1 + (frame * 37 + i * 91) % 250);
      ASSERT_TRUE(piece);
      fill(*piece, pattern(piece->bytes.size(), frame * 10 + i));
      pieces.push_back(*piece);
    }
    fake_->clear_log();
    const std::uint64_t taken = arena.taken_bytes();
    const Slice slice = take(ring.publish(arena));
    EXPECT_EQ(slice.size_bytes(), taken);
    const auto flushed = flushes();
    ASSERT_EQ(flushed.size(), explicit_flush() ? 1U : 0U);
    if (explicit_flush()) {
      EXPECT_EQ(flushed[0].values.at(1), static_cast<std::int64_t>(slice.offset_bytes()));
      EXPECT_EQ(flushed[0].values.at(2), static_cast<std::int64_t>(taken));
    }
    std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
    for (const auto& piece : pieces) reads.push_back(draw_piece(piece));
    take(ring.retire(slice, mark()));
    gl_.Finish();
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_EQ(reads[i]->bytes(), pattern(pieces[i].bytes.size(), frame * 10 + i));
  }
}

TEST_P(ArenaTest, PiecesAreAlignedInTheBufferAndNeverOverlap) {
  auto ring = ring_of(16 * 1024);
  take(ring.cancel(take(ring.acquire(64))));
  const Slice before = take(ring.acquire(300, 1));
  const Arena arena = take(ring.lend(8000));
  const std::byte* const base = ring.mapped_buffer().raw_bytes().data();
  std::uint64_t end = before.offset_bytes() + 300;
  for (const std::uint64_t alignment : {1U, 4U, 12U, 64U, 100U, 256U, 1000U, 0U, 3U}) {
    const auto piece = arena.take(77, alignment);
    ASSERT_TRUE(piece) << alignment;
    EXPECT_EQ(piece->offset_bytes % (alignment == 0 ? 256 : alignment), 0U);
    EXPECT_GE(piece->offset_bytes, end);
    EXPECT_EQ(piece->bytes.data(), base + piece->offset_bytes);
    EXPECT_EQ(piece->buffer, before.buffer());
    end = piece->offset_bytes + 77;
  }
  EXPECT_EQ(arena.size_bytes(), 8000U);
  take(ring.publish(before, 300));
  take(ring.publish(arena));
  take(ring.retire(mark()));
}

TEST_P(ArenaTest, HoldsExactlyItsSize) {
  auto ring = ring_of(4096);
  const Arena arena = take(ring.lend(1000));
  EXPECT_FALSE(arena.take(0));
  EXPECT_FALSE(arena.take(1001, 1));
  EXPECT_FALSE(arena.take(UINT64_MAX, 1));
  EXPECT_TRUE(arena.take(600, 1));
  EXPECT_FALSE(arena.take(401, 1));
  EXPECT_FALSE(arena.take(300, 512)) << "512 to 812 would overlap, 1024 is beyond the end";
  EXPECT_FALSE(arena.take(1, UINT64_MAX));
  EXPECT_TRUE(arena.take(400, 1));
  EXPECT_FALSE(arena.take(1, 1));
  EXPECT_EQ(arena.taken_bytes(), 1000U);
  EXPECT_EQ(take(ring.publish(arena)).size_bytes(), 1000U);
  EXPECT_EQ(id_of(ring.lend(0)), ErrorId::zero_size);
  EXPECT_EQ(id_of(ring.lend(5000)), ErrorId::exceeds_ring);
  EXPECT_EQ(id_of(ring.lend(UINT64_MAX)), ErrorId::exceeds_ring);
  take(ring.retire(mark()));
}

TEST_P(ArenaTest, UntakenBytesReturnToTheRing) {
  auto ring = ring_of(4096);
  const Arena arena = take(ring.lend(4096));
  EXPECT_TRUE(arena.take(100));
  const Slice slice = take(ring.publish(arena));
  EXPECT_EQ(slice.size_bytes(), 100U);
  EXPECT_EQ(take(ring.acquire(3000, 1)).offset_bytes(), 128U);
  take(ring.retire(slice, mark()));

  auto other = ring_of(4096);
  const Slice nothing = take(other.publish(take(other.lend(4096))));
  EXPECT_EQ(nothing.size_bytes(), 0U);
  take(other.retire(nothing, mark()));
  take(other.cancel(take(other.lend(4096))));
  EXPECT_EQ(take(other.acquire(4096, 1)).offset_bytes(), 0U);
}

TEST_P(ArenaTest, APublishedArenaYieldsNoPieces) {
  auto ring = ring_of(4096);
  const Arena first = take(ring.lend(512));
  const Arena copy = first;
  EXPECT_TRUE(copy.take(64));
  const Slice slice = take(ring.publish(first));
  EXPECT_FALSE(first.take(1));
  EXPECT_FALSE(copy.take(1));
  EXPECT_EQ(copy.taken_bytes(), 0U);
  EXPECT_EQ(id_of(ring.publish(copy)), ErrorId::already_published);
  EXPECT_EQ(id_of(ring.cancel(copy)), ErrorId::already_published);
  // The new arena reuses the state that threads shared in the old one.
  const Arena second = take(ring.lend(512));
  EXPECT_FALSE(first.take(1));
  EXPECT_EQ(first.taken_bytes(), 0U);
  EXPECT_EQ(id_of(ring.publish(first)), ErrorId::already_published);
  take(ring.retire(slice, mark()));
  EXPECT_EQ(id_of(ring.publish(first)), ErrorId::stale_slice);
  EXPECT_TRUE(second.take(512, 1));
  take(ring.cancel(second));
  EXPECT_FALSE(second.take(1));
  EXPECT_EQ(id_of(ring.publish(second)), ErrorId::stale_slice);
  EXPECT_FALSE(Arena().take(1));
  EXPECT_EQ(id_of(ring.publish(Arena())), ErrorId::stale_slice);
}

TEST_P(ArenaTest, TwoArenasCoexistAndEndInAnyOrder) {
  auto ring = ring_of(4096);
  auto other = ring_of(4096);
  const Arena first = take(ring.lend(512));
  const Arena second = take(ring.lend(512));
  EXPECT_EQ(id_of(other.publish(first)), ErrorId::stale_slice) << "another ring's";
  const auto one = first.take(100);
  const auto two = second.take(100);
  ASSERT_TRUE(one && two);
  fill(*one, pattern(100, 1));
  fill(*two, pattern(100, 2));
  const Slice later = take(ring.publish(first));
  EXPECT_TRUE(second.take(10));
  take(ring.publish(second));
  const auto read_one = draw_piece(*one);
  const auto read_two = draw_piece(*two);
  take(ring.retire(mark()));
  EXPECT_FALSE(later.is_live());
  gl_.Finish();
  EXPECT_EQ(read_one->bytes(), pattern(100, 1));
  EXPECT_EQ(read_two->bytes(), pattern(100, 2));
}

TEST_P(ArenaTest, OutlivesItsRingAndContextInertly) {
  Arena arena;
  {
    auto ring = ring_of(4096);
    arena = take(ring.lend(512));
    EXPECT_TRUE(arena.take(64));
    UploadRing moved = std::move(ring);
    EXPECT_EQ(id_of(ring.lend(64)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.publish(arena)), ErrorId::not_mapped);
    EXPECT_EQ(id_of(ring.cancel(arena)), ErrorId::not_mapped);
    EXPECT_TRUE(arena.take(64)) << "it follows the ring when that moves";
  }
  EXPECT_FALSE(arena.take(1));
  auto ring = ring_of(4096);
  arena = take(ring.lend(512));
  context_.reset();
  EXPECT_FALSE(arena.take(1));
  leaks_expected_ = true;
}

TEST_P(ArenaTest, ALostContextYieldsNoPieces) {
  // The other editing kinds use contexts that do not report a loss.
  start(config_of(Edit::by_name), options_of(Edit::by_name, GetParam().model));
  auto ring = ring_of(4096);
  const Arena arena = take(ring.lend(512));
  const pmb::Ticket ticket = mark();
  fake_->lose_context();
  EXPECT_EQ(id_of(ticket.wait(10s)), ErrorId::context_lost);
  EXPECT_FALSE(arena.take(1));
  EXPECT_EQ(status_of(ring.publish(arena)), Status::context_lost);
  EXPECT_EQ(status_of(ring.cancel(arena)), Status::context_lost);
  EXPECT_EQ(status_of(ring.lend(64)), Status::context_lost);
  leaks_expected_ = true;
}

class WatchedArena : public ArenaTest {
 protected:
  void SetUp() override { start_validating(); }
};
INSTANTIATE_TEST_SUITE_P(Paths, WatchedArena, every_path(), path_name);

TEST_P(WatchedArena, APieceThatWasOverrunIsReportedWithItsBytes) {
  auto ring = ring_of(8192);
  take(ring.cancel(take(ring.acquire(100))));
  const auto lent = std::source_location::current();
  const Arena arena = take(ring.lend(2048));
  const auto first = arena.take(100, 1);
  const auto second = arena.take(100, 1);
  const auto third = arena.take(100, 1);
  ASSERT_TRUE(first && second && third);
  EXPECT_GE(second->offset_bytes, first->offset_bytes + 100 + 64);
  for (const auto& piece : {*first, *second, *third}) fill(piece, pattern(100, 1));
  second->bytes.data()[100] = ~second->bytes.data()[100];
  second->bytes.data()[107] = ~second->bytes.data()[107];
  third->bytes.data()[163] = ~third->bytes.data()[163];
  const auto published = std::source_location::current();
  const Slice slice = take(ring.publish(arena));
  ASSERT_EQ(reports_of(ErrorId::arena_piece_overrun), 2U);
  EXPECT_EQ(reports_[0].begin, second->offset_bytes + 100);
  EXPECT_EQ(reports_[0].end, second->offset_bytes + 108);
  EXPECT_EQ(reports_[0].label, "arenas");
  EXPECT_EQ(reports_[0].buffer, first->buffer);
  EXPECT_EQ(reports_[0].acquired_at.line(), lent.line() + 1);
  EXPECT_EQ(reports_[0].noticed_at.line(), published.line() + 1);
  EXPECT_NE(reports_[0].message.find("PMB-86"), std::string::npos);
  EXPECT_EQ(reports_[1].begin, third->offset_bytes + 163);
  EXPECT_EQ(reports_[1].end, third->offset_bytes + 164);
  take(ring.retire(slice, mark()));
  EXPECT_EQ(reports_.size(), 2U);
}

TEST_P(WatchedArena, AStrayWriteBeforeAPieceIsReportedToo) {
  auto ring = ring_of(8192);
  const Arena arena = take(ring.lend(1024));
  ASSERT_TRUE(arena.take(64));
  const auto piece = arena.take(64);
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->offset_bytes, 256U);
  const auto close = arena.take(64, 1);
  ASSERT_TRUE(close);
  *(close->bytes.data() - 1) ^= std::byte{1};
  take(ring.cancel(arena));
  ASSERT_EQ(reports_of(ErrorId::arena_piece_overrun), 1U);
  EXPECT_EQ(reports_[0].end, close->offset_bytes);
}

TEST_P(WatchedArena, CorrectUseIsSilentUpToTheLastByte) {
  auto ring = ring_of(8192);
  for (std::uint64_t round = 0; round < 20; ++round) {
    const Arena arena = take(ring.lend(1000));
    const auto whole = arena.take(round % 2 == 0 ? 1000 : 950, 1);
    ASSERT_TRUE(whole) << "one piece of everything fits under validation too";
    fill(*whole, pattern(whole->bytes.size(), round));
    const Slice slice = take(ring.publish(arena));
    const auto read = draw_piece(*whole);
    take(ring.retire(slice, mark()));
    gl_.Finish();
    EXPECT_EQ(read->bytes(), pattern(whole->bytes.size(), round));
  }
  for (const Seen& seen : reports_) ADD_FAILURE() << seen.message;
}

TEST_P(WatchedArena, BytesWrittenAfterItsPublishAreReported) {
  auto ring = ring_of(8192);
  const Arena arena = take(ring.lend(1000));
  const auto piece = arena.take(100);
  ASSERT_TRUE(piece);
  fill(*piece, pattern(100, 1));
  take(ring.publish(arena));
  piece->bytes[50] = ~piece->bytes[50];
  mark();
  ASSERT_EQ(reports_of(ErrorId::written_after_publish), 1U);
  EXPECT_EQ(reports_[0].begin, piece->offset_bytes + 50);
  take(ring.retire(mark()));
}

}  // namespace
