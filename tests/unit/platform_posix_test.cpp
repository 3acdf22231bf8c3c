// SPDX-License-Identifier: MIT
// The folder of profiles, where the XDG base directory specification applies.
#include <gtest/gtest.h>

#include <pmb/tune/profile.hpp>

#include "support/environment.hpp"

namespace {

using pmb::Profile;
using test_support::set_variable;

TEST(ProfileFolder, IsTheUsersCache) {
  const test_support::Environment environment({"XDG_CACHE_HOME", "HOME"});
  EXPECT_EQ(Profile::default_folder(), "");
  set_variable("HOME", "/home/somebody");
  EXPECT_EQ(Profile::default_folder(), "/home/somebody/.cache/pmb/");
  set_variable("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(Profile::default_folder(), "/home/somebody/.cache/pmb/")
      << "the specification ignores relative paths";
  set_variable("XDG_CACHE_HOME", "/caches");
  EXPECT_EQ(Profile::default_folder(), "/caches/pmb/");
}

}  // namespace
