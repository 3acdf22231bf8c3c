// SPDX-License-Identifier: MIT
// These tests use a separate cache folder, so that a profile of `pmb tune` on this machine does not affect them.

#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

class OwnCache : public testing::Environment {
 public:
  void SetUp() override {
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
    unsetenv("PMB_PROFILE");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("pmb_tool_tests_" + std::to_string(getpid()));
};

[[maybe_unused]] const testing::Environment* const kOwnCache =
    testing::AddGlobalTestEnvironment(new OwnCache);

}  // namespace
