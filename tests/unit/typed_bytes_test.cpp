// SPDX-License-Identifier: MIT
// Calls that copy bytes take ranges of plain elements, and nothing whose bytes would be addresses.
#include <gtest/gtest.h>

#include <array>
#include <list>
#include <pmb/format.hpp>
#include <pmb/pmb.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;

struct Vertex {
  float position[3];
  std::uint32_t colour;
};

template <class T>
constexpr bool kSource = std::is_convertible_v<T, pmb::detail::SourceBytes>;
template <class T>
constexpr bool kTarget = std::is_convertible_v<T, pmb::detail::TargetBytes>;

static_assert(kSource<std::vector<Vertex>> && kSource<const std::vector<Vertex>&> &&
              kSource<std::array<float, 3>> && kSource<float (&)[4]> && kSource<std::span<const Vertex>> &&
              kSource<std::span<const std::byte>> && kSource<std::string_view>);
static_assert(kTarget<std::vector<Vertex>&> && kTarget<std::array<float, 3>&> && kTarget<float (&)[4]> &&
              kTarget<std::span<Vertex>>);
// Elements that own memory or point to it, and ranges in several pieces.
static_assert(!kSource<std::vector<std::string>> && !kSource<std::vector<const Vertex*>> &&
              !kSource<std::vector<std::span<float>>> && !kSource<std::vector<std::string_view>> &&
              !kSource<std::list<float>> && !kSource<std::vector<bool>> && !kSource<Vertex>);
// Elements that may not be written, or that end before the call returns.
static_assert(!kTarget<const std::vector<Vertex>&> && !kTarget<std::span<const Vertex>> &&
              !kTarget<std::vector<Vertex>>);

TEST_F(PmbTest, ElementsGoToTheGpuAndBack) {
  start();
  const std::vector<Vertex> vertices = {{{1, 2, 3}, 4}, {{5, 6, 7}, 8}};
  std::array<Vertex, 2> found = {};
  const GLuint buffer = plain_buffer(sizeof found);
  ASSERT_TRUE(pmb::upload(*context_, buffer, 0, vertices));
  ASSERT_TRUE(pmb::download(*context_, buffer, 0, found));
  EXPECT_EQ(std::memcmp(found.data(), vertices.data(), sizeof found), 0);

  auto ring = pmb::UploadRing::create(*context_, {.capacity_bytes = 4096});
  ASSERT_TRUE(ring);
  const auto slice = ring->acquire(sizeof found);
  ASSERT_TRUE(slice);
  EXPECT_TRUE(slice->copy_from(vertices));
  EXPECT_EQ(std::memcmp(slice->raw_bytes().data(), vertices.data(), sizeof found), 0);
  EXPECT_FALSE(slice->copy_from(vertices, 1)) << "it does not fit";
  EXPECT_TRUE(slice->copy_from({}));
  ASSERT_TRUE(ring->cancel(*slice));
}

TEST(ErrorText, StatusesAndErrorsAreWrittenToStreams) {
  const pmb::Error error = {.status = pmb::Status::timed_out, .id = pmb::ErrorId::wait_timed_out};
  std::ostringstream out;
  out << pmb::Status::timed_out << ' ' << pmb::ErrorId::stale_slice << ' ' << error;
  EXPECT_EQ(out.str(), "timed_out stale_slice " + error.message());
}

TEST(ErrorText, StatusesAndErrorsAreFormatted) {
  const pmb::Error error = {.status = pmb::Status::timed_out, .id = pmb::ErrorId::wait_timed_out};
  EXPECT_EQ(fmt::format("{:>10}|{}|{}", pmb::Status::timed_out, pmb::ErrorId::stale_slice, error),
            " timed_out|stale_slice|" + error.message());
}

}  // namespace
