// SPDX-License-Identifier: MIT
// Images fed by a budget on the fake: no call exceeds it, every byte arrives, in order, from memory, slices and blocks.
#include <pmb/texture_feeder.hpp>

#include <vector>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::TexelLayout;
using pmb::TextureRegion;

constexpr std::uint32_t kWidth = 100;
constexpr std::uint32_t kHeight = 60;
constexpr std::size_t kRow = kWidth * 4;
constexpr std::size_t kImage = kRow * kHeight;
constexpr std::uint64_t kBudget = 7 * kRow + 5;  // seven whole rows

class TextureFeeder : public PmbPathTest {
 protected:
  void SetUp() override {
    FakeConfig config = config_of(GetParam().edit);
    // For the tests' own textures.
    if (GetParam().edit == Edit::oldest) config.extensions.emplace_back("GL_ARB_texture_storage");
    start(config, options_of(GetParam().edit, GetParam().model));
    feeder_ = take(pmb::TextureFeeder::create(*context_, {.bytes_per_feed = kBudget}));
  }
  void TearDown() override {
    feeder_ = {};
    PmbPathTest::TearDown();
  }

  TextureRegion make(std::uint32_t depth = 1, GLenum internal_format = GL_RGBA8) {
    const GLenum target = depth == 1 ? GL_TEXTURE_2D : GL_TEXTURE_2D_ARRAY;
    GLuint name = 0;
    gl_.GenTextures(1, &name);
    gl_.BindTexture(target, name);
    if (depth == 1) {
      gl_.TexStorage2D(target, 1, internal_format, kWidth, kHeight);
    } else {
      gl_.TexStorage3D(target, 1, internal_format, kWidth, kHeight, static_cast<GLsizei>(depth));
    }
    gl_.BindTexture(target, 0);
    return {.texture = name, .target = target, .width = kWidth, .height = kHeight, .depth = depth};
  }
  std::uint64_t queue(const TextureRegion& region, const Bytes& bytes,
                      TexelLayout layout = TexelLayout::rgba8()) {
    return take(feeder_.queue({region, layout, bytes}));
  }
  bool has(const TextureRegion& region, const Bytes& bytes) {
    gl_.Finish();
    return fake_->texels(region.texture, 0) == bytes;
  }

  pmb::TextureFeeder feeder_;
};
INSTANTIATE_TEST_SUITE_P(Paths, TextureFeeder, every_path(), path_name);

TEST_P(TextureFeeder, EachCallStaysInTheBudgetAndEveryByteArrives) {
  const TextureRegion region = make();
  const Bytes bytes = pattern(kImage, 1);
  const std::uint64_t number = queue(region, bytes);
  EXPECT_EQ(feeder_.queued_bytes(), kImage);
  EXPECT_EQ(feeder_.ticket(), pmb::Ticket());
  std::uint64_t left = kImage;
  int calls = 0;
  for (; left > 0; ++calls) {
    ASSERT_FALSE(feeder_.is_fed(number));
    const std::uint64_t fed = take(feeder_.feed());
    ASSERT_GT(fed, 0U);
    ASSERT_LE(fed, kBudget);
    EXPECT_EQ(fed % kRow, 0U) << "whole rows";
    left -= fed;
    EXPECT_EQ(feeder_.queued_bytes(), left);
  }
  EXPECT_TRUE(feeder_.is_fed(number));
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(take(feeder_.feed()), 0U);
  EXPECT_TRUE(has(region, bytes));
}

// Images of every form, more than the ring holds, in memory that is overwritten once they are fed.
TEST_P(TextureFeeder, ImagesAreFedInOrderAndTheirMemoryIsFreeThen) {
  std::vector<TextureRegion> regions;
  std::vector<Bytes> sources;
  std::vector<Bytes> expected;
  for (std::uint64_t number = 0; number < 6; ++number) {
    const std::uint32_t depth = number % 2 == 0 ? 1 : 3;
    regions.push_back(make(depth));
    expected.push_back(pattern(kImage * depth, number));
    sources.push_back(expected.back());
  }
  for (std::size_t i = 0; i < regions.size(); ++i) EXPECT_EQ(queue(regions[i], sources[i]), i);
  std::size_t ready = 0;
  while (ready < regions.size()) {
    take(feeder_.feed());
    for (; ready < regions.size() && feeder_.is_fed(ready); ++ready)
      std::fill(sources[ready].begin(), sources[ready].end(), std::byte{0});
    for (std::size_t later = ready; later < regions.size(); ++later) EXPECT_FALSE(feeder_.is_fed(later));
  }
  EXPECT_EQ(feeder_.queued_bytes(), 0U);
  for (std::size_t i = 0; i < regions.size(); ++i) EXPECT_TRUE(has(regions[i], expected[i])) << i;
}

TEST_P(TextureFeeder, SeveralSmallImagesShareACall) {
  const TextureRegion small[3] = {make(), make(), make()};
  const Bytes bytes = pattern(3 * kRow, 4);
  for (TextureRegion region : small) {
    region.height = 3;
    queue(region, bytes);
  }
  EXPECT_EQ(take(feeder_.feed()), 7 * kRow);
  EXPECT_TRUE(feeder_.is_fed(1));
  EXPECT_FALSE(feeder_.is_fed(2));
  EXPECT_EQ(take(feeder_.feed()), 2 * kRow);
  EXPECT_TRUE(feeder_.is_fed(2));
}

TEST_P(TextureFeeder, RowsWithGapsArrive) {
  const TextureRegion region = make();
  constexpr std::size_t kStride = kRow + 12;
  const Bytes source = pattern(100 + kStride * kHeight, 5);
  queue(region, source,
        {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .offset_bytes = 100, .row_stride_bytes = kStride});
  while (feeder_.queued_bytes() != 0) take(feeder_.feed());
  Bytes expected;
  for (std::size_t row = 0; row < kHeight; ++row) {
    const auto from = source.begin() + static_cast<std::ptrdiff_t>(100 + row * kStride);
    expected.insert(expected.end(), from, from + kRow);
  }
  EXPECT_TRUE(has(region, expected));
}

TEST_P(TextureFeeder, ASliceAndABlockAreFedInPlace) {
  const TextureRegion from_slice = make();
  const TextureRegion from_block = make();
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = kImage}));
  auto pool = take(pmb::BlockPool::create(
      *context_, {.block_bytes = kImage, .count = 1, .access = Access::sequential_write}));
  const Bytes bytes = pattern(kImage, 6);
  const pmb::Slice slice = put(ring, bytes);
  const pmb::Block block = take(pool.acquire());
  std::copy(bytes.begin(), bytes.end(), block.raw_bytes().begin());
  take(pool.publish(block, kImage));
  take(feeder_.queue(from_slice, TexelLayout::rgba8(), slice));
  take(feeder_.queue(from_block, TexelLayout::rgba8(), block));
  while (!feeder_.is_fed(1)) EXPECT_LE(take(feeder_.feed()), kBudget);
  take(ring.retire(slice, feeder_.ticket()));
  take(pool.retire(block, feeder_.ticket()));
  // Their memory is the program's again, once the GPU has read it.
  put_and_retire(ring, pattern(kImage, 7));
  EXPECT_TRUE(has(from_slice, bytes));
  EXPECT_TRUE(has(from_block, bytes));
}

TEST_P(TextureFeeder, AFullRingFeedsLessAndNeverWaits) {
  if (!waits() || is_private()) GTEST_SKIP() << "this ring waits for no fence";
  feeder_ = take(pmb::TextureFeeder::create(*context_, {.bytes_per_feed = 2 << 20}));
  GLuint name = 0;
  gl_.GenTextures(1, &name);
  gl_.BindTexture(GL_TEXTURE_2D, name);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 1024, 3072);
  gl_.BindTexture(GL_TEXTURE_2D, 0);
  const Bytes bytes = pattern(std::size_t{12} << 20, 8);
  queue({.texture = name, .target = GL_TEXTURE_2D, .width = 1024, .height = 3072}, bytes);
  fake_->clear_log();
  std::uint64_t least = UINT64_MAX;
  for (int i = 0; i < 4; ++i) least = std::min(least, take(feeder_.feed()));
  EXPECT_EQ(least, 0U) << "the GPU has read nothing yet";
  while (feeder_.queued_bytes() != 0) {
    take(feeder_.ticket().wait(10s));
    take(feeder_.feed());
  }
  gl_.Finish();
  EXPECT_TRUE(fake_->texels(name, 0) == bytes);
}

TEST_P(TextureFeeder, AnIllegalImageIsRefusedAndOneThatFailsIsDropped) {
  const TextureRegion region = make();
  const Bytes bytes = pattern(kImage, 9);
  TextureRegion outside = region;
  outside.width += 1;
  EXPECT_EQ(id_of(feeder_.queue({region, TexelLayout::rgba8(), Bytes(kImage - 1)})), ErrorId::range_outside);
  if (GetParam().edit != Edit::oldest_es) {
    EXPECT_EQ(id_of(feeder_.queue({outside, TexelLayout::rgba8(), Bytes(2 * kImage)})),
              ErrorId::region_outside);
  }
  EXPECT_EQ(id_of(feeder_.queue(region, TexelLayout::rgba8(), pmb::Slice())), ErrorId::range_outside);
  EXPECT_EQ(id_of(pmb::TextureFeeder::create(*context_, {.bytes_per_feed = 0})), ErrorId::zero_size);
  EXPECT_EQ(feeder_.queued_bytes(), 0U);

  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = kImage}));
  const pmb::Slice slice = put(ring, bytes);
  take(feeder_.queue(region, TexelLayout::rgba8(), slice));
  const std::uint64_t good = queue(region, bytes);
  take(feeder_.feed());
  take(ring.retire(slice, mark()));  // too early: most of it was not fed
  EXPECT_EQ(status_of(feeder_.feed()), Status::stale_handle);
  EXPECT_TRUE(feeder_.is_fed(0));
  EXPECT_EQ(feeder_.queued_bytes(), kImage);
  while (!feeder_.is_fed(good)) take(feeder_.feed());
  EXPECT_TRUE(has(region, bytes));
}

TEST_P(TextureFeeder, FeedsOnlyWhereItsContextIsCurrent) {
  FakeGl::release_current();
  EXPECT_EQ(id_of(feeder_.feed()), ErrorId::no_current_context) << "also with nothing to feed";
  fake_->make_current();
}

TEST_P(TextureFeeder, ALostContextIsReported) {
  if (!context_->limits().reset_notification) GTEST_SKIP() << "GL does not report a loss here";
  const Bytes bytes = pattern(kImage, 1);
  queue(make(), bytes);
  take(feeder_.feed());
  leaks_expected_ = true;
  fake_->lose_context();
  static_cast<void>(timeline().poll());
  EXPECT_EQ(status_of(feeder_.feed()), Status::context_lost);
  EXPECT_FALSE(feeder_.is_fed(0));
}

}  // namespace
