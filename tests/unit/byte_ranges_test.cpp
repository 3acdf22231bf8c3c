// SPDX-License-Identifier: MIT
// Range arithmetic: bounds that cannot overflow, and the range in which two blocks differ.
#include "base/byte_ranges.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using pmb::detail::ByteRange;
using pmb::detail::differing_range;
using pmb::detail::fits;

TEST(ByteRanges, FitsToTheLastByteAndNoFurther) {
  EXPECT_TRUE(fits(0, 0, 0));
  EXPECT_TRUE(fits(0, 64, 64));
  EXPECT_TRUE(fits(64, 0, 64));
  EXPECT_TRUE(fits(63, 1, 64));
  EXPECT_FALSE(fits(63, 2, 64));
  EXPECT_FALSE(fits(65, 0, 64));
}

TEST(ByteRanges, FitsDoesNotOverflow) {
  EXPECT_FALSE(fits(1, UINT64_MAX, 64));
  EXPECT_FALSE(fits(UINT64_MAX, 1, 64));
  EXPECT_FALSE(fits(UINT64_MAX, UINT64_MAX, UINT64_MAX));
  EXPECT_TRUE(fits(0, UINT64_MAX, UINT64_MAX));
}

TEST(ByteRanges, EqualBlocksHaveNoDifferingRange) {
  const std::vector<std::byte> block(100, std::byte{7});
  EXPECT_EQ(differing_range(block, block), ByteRange());
  EXPECT_TRUE(differing_range({}, {}).empty());
}

}  // namespace
