// SPDX-License-Identifier: MIT
// A folder of files for one test, removed with its object. It does not exist at first.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/platform.hpp"

namespace test_support {

class TestFolder {
 public:
  TestFolder() = default;
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                      ("pmb_" + std::to_string(pmb::detail::process_id()) + "_" +
                                       testing::UnitTest::GetInstance()->current_test_info()->name());
};

}  // namespace test_support
