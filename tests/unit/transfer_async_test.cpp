// SPDX-License-Identifier: MIT
// Tickets after uploads, and download_async(): tickets that pass with the bytes, memory that is bounded and released.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::PendingReadback;

class TransferAsync : public PmbPathTest {
 protected:
  pmb::Result<pmb::Ticket> upload_and_mark(GLuint buffer, const Bytes& bytes) {
    if (auto uploaded = pmb::upload(*context_, buffer, 0, bytes); !uploaded)
      return tl::unexpected(uploaded.error());
    return timeline().mark();
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, TransferAsync, every_path(), path_name);

TEST_P(TransferAsync, AMarkAfterAnUploadPassesOnlyOnceTheGpuHasTheBytes) {
  const GLuint buffer = plain_buffer(100'000, pattern(100'000, 0).data());
  for (const std::size_t size : {std::size_t{100}, std::size_t{100'000}}) {
    Bytes bytes = pattern(size, size);
    take(pmb::upload(*context_, buffer, 0, bytes));
    const auto ticket = take(timeline().mark());
    std::ranges::fill(bytes, std::byte{0});
    EXPECT_FALSE(ticket.passed());
    const auto read = fake_->shader_read(buffer, 0, static_cast<std::int64_t>(size));
    take(ticket.wait(1s));
    EXPECT_TRUE(ticket.passed());
    gl_.Finish();
    EXPECT_TRUE(read->bytes() == pattern(size, size)) << size;
  }
  take(pmb::upload(*context_, buffer, 0, {}));
  take(take(timeline().mark()).wait(1s));
}

TEST_P(TransferAsync, ADownloadIsOrderedAfterEarlierCommandsAndIsReadInPlaceOrCopied) {
  const GLuint buffer = plain_buffer(1000, pattern(1000, 1).data());
  const auto first = take(pmb::download_async(*context_, buffer, 100, 800));
  fake_->server_write(buffer, 0, pattern(1000, 2));
  const auto second = take(pmb::download_async(*context_, buffer, 0, 1000));
  EXPECT_EQ(first.size_bytes(), 800U);
  EXPECT_TRUE(first.is_live());
  const auto view = take(first.wait(1s));
  EXPECT_TRUE(first.ticket().passed());
  const Bytes before = pattern(1000, 1);
  EXPECT_TRUE(std::equal(view.bytes().begin(), view.bytes().end(), before.begin() + 100));
  Bytes target(1001, std::byte{0x77});
  take(second.copy_to(target, 1s));
  EXPECT_TRUE(std::equal(target.begin(), target.end() - 1, pattern(1000, 2).begin()));
  EXPECT_EQ(target.back(), std::byte{0x77});
  EXPECT_FALSE(second.is_live());
  EXPECT_EQ(id_of(second.copy_to(target, 1s)), ErrorId::stale_slice);
  take(first.release());
  EXPECT_EQ(id_of(first.release()), ErrorId::stale_slice);
}

TEST_P(TransferAsync, ATargetThatIsTooSmallLeavesTheDownloadLive) {
  const GLuint buffer = plain_buffer(100, pattern(100, 1).data());
  const auto pending = take(pmb::download_async(*context_, buffer, 0, 100));
  Bytes target(99, std::byte{0x77});
  EXPECT_EQ(id_of(pending.copy_to(target, 1s)), ErrorId::range_outside);
  EXPECT_EQ(target, Bytes(99, std::byte{0x77}));
  target.resize(100);
  take(pending.copy_to(target, 1s));
  EXPECT_EQ(target, pattern(100, 1));
}

TEST_P(TransferAsync, UnreleasedDownloadsAreBoundedAndDoNotBlockOthers) {
  pmb::Options options = options_of(GetParam().edit, GetParam().model);
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->pending_bytes = 4096;
  start(config_of(GetParam().edit), std::move(options));
  const GLuint buffer = plain_buffer(8192, pattern(8192, 1).data());
  EXPECT_EQ(id_of(pmb::download_async(*context_, buffer, 0, 8192)), ErrorId::exceeds_ring);
  std::vector<PendingReadback> pending;
  for (std::uint64_t i = 0; i < 4; ++i)
    pending.push_back(take(pmb::download_async(*context_, buffer, 1024 * i, 1024)));
  EXPECT_EQ(id_of(pmb::download_async(*context_, buffer, 0, 1024)), ErrorId::ring_full_unreleased);
  Bytes target(8192);
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_EQ(target, pattern(8192, 1));
  for (std::uint64_t i = 0; i < 4; ++i) {
    take(pending[i].copy_to(std::span(target).subspan(1024 * i), 1s));
    take(take(pmb::download_async(*context_, buffer, 0, 1024)).release());
  }
  EXPECT_EQ(target, pattern(8192, 1));
}

// After a fence that failed, the memory is reusable after the next one.
TEST_P(TransferAsync, FailedFencesAreErrorsAndTakeNoRoom) {
  pmb::Options options = options_of(GetParam().edit, GetParam().model);
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  transfer_plan->pending_bytes = 4096;
  start(config_of(GetParam().edit), std::move(options));
  const GLuint buffer = plain_buffer(1024, pattern(1024, 1).data());
  take(take(pmb::download_async(*context_, buffer, 0, 1024)).release());
  for (int i = 0; i < 3; ++i) {
    fake_->script("glFenceSync", 1, strict_gl::return_zero().for_ever());
    EXPECT_EQ(id_of(pmb::download_async(*context_, buffer, 0, 1024)), ErrorId::fence_is_null);
    EXPECT_EQ(id_of(upload_and_mark(buffer, pattern(1024, 2))), ErrorId::fence_is_null);
    fake_->clear_script();
  }
  Bytes target(1024);
  for (int i = 0; i < 6; ++i) {
    std::vector<PendingReadback> pending;
    for (int n = 0; n < 4; ++n) pending.push_back(take(pmb::download_async(*context_, buffer, 0, 1024)));
    for (const PendingReadback& download : pending) take(download.copy_to(target, 1s));
  }
  EXPECT_EQ(target, pattern(1024, 2));
}

TEST_P(TransferAsync, HandlesAreInertOnceTheContextIsGone) {
  PendingReadback none;
  EXPECT_FALSE(none.is_live());
  Bytes target(100);
  EXPECT_EQ(id_of(none.copy_to(target, 1s)), ErrorId::stale_slice);
  const GLuint buffer = plain_buffer(100, pattern(100, 1).data());
  const auto pending = take(pmb::download_async(*context_, buffer, 0, 100));
  context_.reset();
  EXPECT_FALSE(pending.is_live());
  EXPECT_FALSE(pending.ticket().passed());
  EXPECT_FALSE(pending.copy_to(target, 1s));
  EXPECT_FALSE(pending.release());
}

}  // namespace
