// SPDX-License-Identifier: MIT
// The machine's memory limit, on made-up file trees of both control group versions.
#include "base/machine_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "support/test_folder.hpp"

namespace {

namespace fs = std::filesystem;
using pmb::detail::memory_limit_under;

constexpr std::uint64_t kPhysical = std::uint64_t{16} << 30;

class MachineMemory : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const fs::path file = root_ + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  test_support::TestFolder folder_;
  const std::string root_ = folder_.path().string();
};

TEST_F(MachineMemory, IsThePhysicalMemoryWithoutControlGroups) {
  EXPECT_EQ(memory_limit_under(root_, kPhysical), kPhysical);
}

TEST_F(MachineMemory, TakesTheLimitOfVersionTwo) {
  write("/proc/self/cgroup", "0::/jobs/one\n");
  write("/sys/fs/cgroup/jobs/one/memory.max", "1048576\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), 1048576U);
}

TEST_F(MachineMemory, TakesTheLowestLimitOfAllLevels) {
  write("/proc/self/cgroup", "0::/jobs/one\n");
  write("/sys/fs/cgroup/jobs/one/memory.max", "max\n");
  write("/sys/fs/cgroup/jobs/memory.max", "2097152\n");
  write("/sys/fs/cgroup/memory.max", "4194304\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), 2097152U);
}

TEST_F(MachineMemory, SeesTheLimitAtTheRootOfANamespace) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/memory.max", "4194304\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), 4194304U);
}

TEST_F(MachineMemory, TakesTheLimitOfVersionOne) {
  write("/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/y\n");
  write("/sys/fs/cgroup/memory/y/memory.limit_in_bytes", "8388608\n");
  write("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), 8388608U);
}

TEST_F(MachineMemory, FindsMemoryAmongJoinedControllers) {
  write("/proc/self/cgroup", "4:hugetlb,memory:/y\n");
  write("/sys/fs/cgroup/memory/y/memory.limit_in_bytes", "8388608\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), 8388608U);
}

TEST_F(MachineMemory, IgnoresTextThatIsNotANumber) {
  write("/proc/self/cgroup", "0::/a\nnonsense\n0:\n0::relative\n");
  write("/sys/fs/cgroup/a/memory.max", "12three\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), kPhysical);
}

TEST_F(MachineMemory, IgnoresLimitsAboveThePhysicalMemory) {
  write("/proc/self/cgroup", "0::/a\n");
  write("/sys/fs/cgroup/a/memory.max", "9223372036854771712\n");
  EXPECT_EQ(memory_limit_under(root_, kPhysical), kPhysical);
}

TEST(MachineMemoryHere, IsNotZero) {
  EXPECT_GT(pmb::detail::machine_memory_limit(), std::uint64_t{1} << 20);
}

TEST(TouchPages, WritesOnlyTheFirstByteOfEachPageAndOnlyWhereItMay) {
  std::vector<unsigned char> memory(10000, 7);
  pmb::detail::touch_pages(memory.data(), memory.size(), false);
  EXPECT_EQ(std::count(memory.begin(), memory.end(), 7), 10000);
  pmb::detail::touch_pages(memory.data(), memory.size(), true);
  EXPECT_EQ(memory[0], 0);
  EXPECT_EQ(memory[4096], 0);
  EXPECT_EQ(std::count(memory.begin(), memory.end(), 0), 3);
}

}  // namespace
