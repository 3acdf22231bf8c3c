// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <pmb/version.hpp>

TEST(Version, TheStringHasTheNumbers) {
  EXPECT_EQ(fmt::format("{}.{}.{}", PMB_VERSION_MAJOR, PMB_VERSION_MINOR, PMB_VERSION_PATCH),
            PMB_VERSION_STRING);
}

TEST(Version, TheLibraryIsThatOfTheHeaders) {
  EXPECT_STREQ(pmb::library_version(), PMB_VERSION_STRING);
}
