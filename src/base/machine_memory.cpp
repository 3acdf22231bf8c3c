// SPDX-License-Identifier: MIT
#include "base/machine_memory.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "base/platform.hpp"

namespace pmb::detail {
namespace {

constexpr std::uint64_t kUnlimited = UINT64_MAX;

/// One number in a file; unlimited for "max", for no file, and for anything else.
std::uint64_t limit_in(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::uint64_t value = 0;
  if (!(file >> text)) return kUnlimited;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : kUnlimited;
}

/// The least limit of a group and everything above it.
std::uint64_t least_limit(const std::string& mount, std::string group, const char* file) {
  std::uint64_t least = kUnlimited;
  for (;;) {
    least = std::min(least, limit_in(mount + group + "/" + file));
    if (group.empty() || group == "/") return least;
    group.resize(group.find_last_of('/'));
  }
}

}  // namespace

std::uint64_t memory_limit_under(const std::string& root, std::uint64_t physical) {
  std::uint64_t least = physical;
  std::ifstream groups(root + "/proc/self/cgroup");
  // Lines read "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers (cgroups(7)).
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (group.empty() || group.front() != '/') continue;
    if (controllers.empty()) {
      least = std::min(least, least_limit(root + "/sys/fs/cgroup", group, "memory.max"));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      least = std::min(least, least_limit(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return least;
}

std::uint64_t machine_memory_limit() {
  return memory_limit_under("", physical_memory_bytes());
}

std::atomic<std::uint64_t>& process_mapped_bytes() noexcept {
  static std::atomic<std::uint64_t> bytes = 0;
  return bytes;
}

void touch_pages(void* address, std::uint64_t size_bytes, bool writable) noexcept {
  const std::uint64_t page = page_bytes();
  auto* bytes = static_cast<volatile unsigned char*>(address);
  for (std::uint64_t offset = 0; offset < size_bytes; offset += page) {
    if (writable) {
      bytes[offset] = 0;
    } else {
      static_cast<void>(bytes[offset]);
    }
  }
}

}  // namespace pmb::detail
