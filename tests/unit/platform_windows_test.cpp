// SPDX-License-Identifier: MIT
// The folder of profiles on Windows.
#include <gtest/gtest.h>

#include <pmb/tune/profile.hpp>

#include "support/environment.hpp"

namespace {

TEST(ProfileFolder, IsInTheLocalDataOfApplications) {
  const test_support::Environment environment({"LOCALAPPDATA"});
  EXPECT_EQ(pmb::Profile::default_folder(), "");
  test_support::set_variable("LOCALAPPDATA", "C:\\data");
  EXPECT_EQ(pmb::Profile::default_folder(), "C:\\data/pmb/");
}

}  // namespace
