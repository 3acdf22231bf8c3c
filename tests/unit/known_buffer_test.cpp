// SPDX-License-Identifier: MIT
// Buffers that pmb asked about once, what is promised about them, and how transfers are cut into chunks.
#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "core/chunk_lengths.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::KnownBuffer;
using pmb::Path;

Bytes part(const Bytes& bytes, std::size_t offset, std::size_t size) {
  return copy(std::span(bytes).subspan(offset, size));
}

class KnownBuffers : public PmbPathTest {};
INSTANTIATE_TEST_SUITE_P(Paths, KnownBuffers, every_path(), path_name);

TEST_P(KnownBuffers, ARequestSeesWhatShadersWroteAndIsRefusedOutside) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint buffer = plain_buffer(1024);
  const auto known = take(KnownBuffer::look_up(*context_, buffer));
  write_on_gpu(buffer, 0, pattern(1024, 1));
  const auto pending = take(ring.request(known, 256, 512));
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), part(pattern(1024, 1), 256, 512));
  take(pending.release());
  EXPECT_EQ(id_of(ring.request(known, 1000, 25)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(known, UINT64_MAX, 2)), ErrorId::range_outside);
  EXPECT_EQ(id_of(ring.request(known, 0, 0)), ErrorId::zero_size);
  EXPECT_EQ(id_of(ring.request(KnownBuffer(), 0, 1)), ErrorId::not_a_buffer);
  pmb::ReadbackRing none;
  EXPECT_EQ(id_of(none.request(known, 0, 1)), ErrorId::not_mapped);
}

TEST_P(KnownBuffers, APromiseAboutShadersSparesTheBarrierOfARequest) {
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const GLuint buffer = plain_buffer(64, pattern(64, 2).data());
  const auto known = take(KnownBuffer::look_up(*context_, buffer, {.no_shader_stores = true}));
  EXPECT_TRUE(known.promises().no_shader_stores);
  fake_->clear_log();
  const auto pending = take(ring.request(known, 0, 64));
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 0U);
  EXPECT_EQ(fake_->calls("glIsBuffer"), 0U);
  mark();
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), pattern(64, 2));
  take(pending.release());
}

TEST_P(KnownBuffers, AsynchronousTransfersTakeThem) {
  const GLuint buffer = plain_buffer(256);
  const auto known = take(KnownBuffer::look_up(*context_, buffer));
  const auto ticket = take(pmb::upload_async(*context_, known, 0, pattern(256, 3)));
  take(timeline().wait(ticket, 1s));
  const auto pending = take(pmb::download_async(*context_, known, 64, 128));
  Bytes target(128);
  take(pending.finish(target, 1s));
  EXPECT_EQ(target, part(pattern(256, 3), 64, 128));
  EXPECT_EQ(id_of(pmb::upload_async(*context_, known, 200, pattern(64, 1))), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::download_async(*context_, known, 200, 64)), ErrorId::range_outside);
}

TEST_P(KnownBuffers, ADownloadOnALostContextIsNoArrival) {
  if (!context_->limits().reset_notification) GTEST_SKIP() << "this context does not tell of its loss";
  const GLuint buffer = plain_buffer(64, pattern(64, 5).data());
  const auto known = take(KnownBuffer::look_up(*context_, buffer));
  leaks_expected_ = true;
  fake_->lose_context();
  Bytes target(64);
  EXPECT_EQ(id_of(pmb::download(*context_, known, 0, target)), ErrorId::context_lost);
}

class OnNvidia : public PmbTest {
 protected:
  void start_with(std::optional<Path> path) {
    FakeConfig config;
    config.vendor = "NVIDIA Corporation";
    config.version_suffix = "NVIDIA 580.159.03";
    pmb::Options options;
    options.path = path;
    start(config, options);
  }
  /// Updates by GL of this buffer itself that an upload makes.
  std::size_t updates(GLuint buffer, pmb::BufferPromises promises, std::size_t size) {
    const auto known = take(KnownBuffer::look_up(*context_, buffer, promises));
    fake_->clear_log();
    take(pmb::upload(*context_, known, 0, pattern(size, size)));
    std::size_t found = 0;
    for (const auto& call : fake_->log_of("glNamedBufferSubData"))
      found += call.values.at(0) == static_cast<std::int64_t>(buffer) ? 1 : 0;
    gl_.Finish();
    EXPECT_EQ(fake_->gpu_bytes(buffer, 0, static_cast<std::int64_t>(size)), pattern(size, size));
    return found;
  }
};

TEST_F(OnNvidia, OnlySmallBuffersThatArePromisedNothingButUpdatesGetThem) {
  for (const std::optional<Path> path : {std::optional<Path>(), std::optional(Path::traditional)}) {
    start_with(path);
    const GLuint small = plain_buffer(64 << 10);
    EXPECT_EQ(updates(small, {.only_updates = true}, 4096), 1U);
    EXPECT_EQ(updates(small, {.only_updates = true}, 64 << 10), 1U);
    EXPECT_EQ(updates(small, {}, 4096), 0U);
    EXPECT_EQ(updates(small, {.no_shader_stores = true}, 4096), 0U);
    const GLuint large = plain_buffer(65 << 10);
    EXPECT_EQ(updates(large, {.only_updates = true}, 4096), 0U)
        << "longer uploads into it are copies, which updates would overtake";
  }
}

TEST_F(OnNvidia, OnlySmallBuffersThatArePromisedNoUpdatesAreReadByGlsOwnCall) {
  for (const std::optional<Path> path : {std::optional<Path>(), std::optional(Path::traditional)}) {
    start_with(path);
    const auto reads = [&](std::size_t size, pmb::BufferPromises promises) {
      const GLuint buffer = plain_buffer(size, pattern(size, 1).data());
      const auto known = take(KnownBuffer::look_up(*context_, buffer, promises));
      fake_->clear_log();
      Bytes target(64);
      take(pmb::download(*context_, known, 0, target));
      EXPECT_EQ(target, part(pattern(size, 1), 0, 64));
      std::size_t found = 0;
      for (const auto& call : fake_->log_of("glGetNamedBufferSubData"))
        found += call.values.at(0) == static_cast<std::int64_t>(buffer) ? 1 : 0;
      return found;
    };
    EXPECT_EQ(reads(4096, {.no_updates = true}), 1U);
    EXPECT_EQ(reads(4096, {}), 0U);
    EXPECT_EQ(reads(4096, {.only_updates = true}), 0U);
    EXPECT_EQ(reads(64 << 10, {.no_updates = true}), 0U) << "the whole buffer would move";
  }
}

TEST_F(OnNvidia, ABufferThatGetsUpdatesGetsNoCopiesWhateverThePlanSays) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.version_suffix = "NVIDIA 580.159.03";
  pmb::Options options;
  options.transfer = pmb::TransferPlan();
  options.transfer->up.steps = {{.up_to_bytes = 1024, .path = Path::traditional}, {.chunk_bytes = 64 << 10}};
  start(config, options);
  const GLuint buffer = plain_buffer(64 << 10);
  EXPECT_EQ(updates(buffer, {.only_updates = true}, 512), 1U);
  EXPECT_EQ(updates(buffer, {.only_updates = true}, 32 << 10), 1U);
}

TEST_F(OnNvidia, WhatIsPromisedNoUpdatesGetsNone) {
  start_with({});
  const GLuint buffer = plain_buffer(4096);
  EXPECT_EQ(updates(buffer, {.only_updates = true, .no_updates = true}, 4096), 0U);
}

TEST_F(OnNvidia, ALongDownloadOnTheTraditionalPathIsExact) {
  start_with(Path::traditional);
  constexpr std::size_t kSize = (5 << 20) + 77;
  const GLuint buffer = plain_buffer(kSize, pattern(kSize, 4).data());
  Bytes target(kSize);
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_TRUE(target == pattern(kSize, 4));
}

class Chunks : public PmbTest {
 protected:
  static constexpr std::size_t kSize = 3 << 20;
  void start_chunked() {
    pmb::Options options;
    options.transfer = pmb::TransferPlan();
    for (pmb::TransferDirection* way : {&options.transfer->up, &options.transfer->down}) {
      way->steps = {{.chunk_bytes = 512 << 10}};
      way->ring_bytes = 2 << 20;
    }
    start({}, std::move(options));
  }
};

TEST_F(Chunks, ADownloadInManySeesWhatShadersWroteBehindOneBarrier) {
  start_chunked();
  const GLuint buffer = plain_buffer(kSize);
  fake_->shader_write(buffer, 0, pattern(kSize, 1));
  Bytes target(kSize);
  fake_->clear_log();
  take(pmb::download(*context_, buffer, 0, target));
  EXPECT_TRUE(target == pattern(kSize, 1));
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 1U);
  EXPECT_GT(fake_->calls("glCopyNamedBufferSubData"), kSize / (512 << 10));
}

std::vector<std::int64_t> lengths_of(const FakeGl& fake) {
  std::vector<std::int64_t> lengths;
  for (const auto& call : fake.log_of("glCopyNamedBufferSubData")) lengths.push_back(call.values.at(4));
  return lengths;
}

TEST_F(Chunks, AreShortAtBothEndsOfALongUpload) {
  start_chunked();
  const GLuint buffer = plain_buffer(kSize);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 0, pattern(kSize, 2)));
  const std::vector<std::int64_t> lengths = lengths_of(*fake_);
  const auto longest = std::max_element(lengths.begin(), lengths.end());
  EXPECT_TRUE(std::is_sorted(lengths.begin(), longest));
  EXPECT_TRUE(std::is_sorted(longest, lengths.end() - 1, std::greater<>()));
  EXPECT_LT(lengths.front(), *longest);
  EXPECT_LT(lengths.back(), *longest);
  EXPECT_EQ(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}), std::int64_t{kSize});
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer) == pattern(kSize, 2));
}

TEST_F(Chunks, AreLongWhereTheGpuIsBusyWithTheUploadBefore) {
  start_chunked();
  const GLuint buffer = plain_buffer(kSize);
  take(pmb::upload(*context_, buffer, 0, pattern(kSize, 2)));
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 0, pattern(kSize, 3)));
  const std::vector<std::int64_t> lengths = lengths_of(*fake_);
  EXPECT_TRUE(
      std::all_of(lengths.begin(), lengths.end() - 1, [](auto length) { return length == 512 << 10; }));
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer) == pattern(kSize, 3));
}

// Uploads of one copy each, through a ring of 8 MiB.
class Laps : public PmbTest {
 protected:
  static constexpr std::size_t kSize = 256 << 10;
  void start_staged() {
    pmb::Options options;
    options.transfer = pmb::TransferPlan();
    options.transfer->up.steps = {{.chunk_bytes = 512 << 10}};
    options.transfer->up.ring_bytes = 8 << 20;
    start({}, std::move(options));
    buffer_ = plain_buffer(kSize);
  }
  /// Where in the ring the bytes lay that the GPU copied.
  std::int64_t place_of_upload(std::uint64_t seed) {
    fake_->clear_log();
    take(pmb::upload(*context_, buffer_, 0, pattern(kSize, seed)));
    return fake_->log_of("glCopyNamedBufferSubData").at(0).values.at(2);
  }
  GLuint buffer_ = 0;
};

TEST_F(Laps, AreShortWhileTheGpuKeepsUp) {
  start_staged();
  std::set<std::int64_t> places;
  for (std::uint64_t i = 0; i < 40; ++i) {
    places.insert(place_of_upload(i));
    gl_.Finish();
    ASSERT_TRUE(fake_->gpu_bytes(buffer_) == pattern(kSize, i));
  }
  EXPECT_LE(places.size(), 5U);
}

TEST_F(Laps, GoThroughTheWholeRingWhereTheGpuFallsBehindAndGetShortAgain) {
  start_staged();
  std::set<std::int64_t> places;
  for (std::uint64_t i = 0; i < 20; ++i) places.insert(place_of_upload(i));
  EXPECT_EQ(places.size(), 20U);
  gl_.Finish();
  EXPECT_TRUE(fake_->gpu_bytes(buffer_) == pattern(kSize, 19));
  places.clear();
  for (std::uint64_t i = 0; i < 60; ++i) {
    const std::int64_t place = place_of_upload(i);
    gl_.Finish();
    if (i >= 20) places.insert(place);
  }
  EXPECT_LE(places.size(), 5U);
}

TEST(ChunkLengths, CoverEveryByteOnceAndNeverExceedThePlan) {
  for (const std::uint64_t chunk : {64U << 10U, 128U << 10U, 1U << 20U, 4U << 20U}) {
    for (const std::uint64_t size : {1U, 63U, 65U << 10U, 131073U, 1U << 20U, 8294400U, 67108864U}) {
      std::uint64_t up = 0;
      std::uint64_t chunks = 0;
      for (; up < size; ++chunks) {
        const std::uint64_t length = pmb::core::upload_chunk(chunk, up, size - up);
        ASSERT_GT(length, 0U);
        ASSERT_LE(length, chunk);
        up += length;
      }
      EXPECT_EQ(up, size);
      EXPECT_LE(chunks, size / chunk + 8) << size << " bytes in chunks of " << chunk;
      std::uint64_t down = 0;
      for (chunks = 0; down < size; ++chunks) {
        const std::uint64_t length = pmb::core::download_chunk(chunk, size - down);
        ASSERT_GT(length, 0U);
        ASSERT_LE(length, chunk);
        down += length;
      }
      EXPECT_EQ(down, size);
      EXPECT_LE(chunks, size / chunk + 8) << size << " bytes in chunks of " << chunk;
    }
  }
}

}  // namespace
