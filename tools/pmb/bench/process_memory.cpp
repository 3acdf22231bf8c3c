// SPDX-License-Identifier: MIT
// Reads /proc.

#include "bench/process_memory.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace pmb::tool::bench {

void read_status(std::istream& status, ProcessMemory& memory) {
  constexpr std::uint64_t kKibibyte = 1024;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t value = 0;
    if (!(words >> key >> value)) continue;
    if (key == "VmRSS:") memory.resident = value * kKibibyte;
    if (key == "VmHWM:") memory.peak_resident = value * kKibibyte;
  }
}

void read_maps(std::istream& maps, ProcessMemory& memory) {
  memory.device_mapped = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" /dev/nvidia") == std::string::npos && line.find(" /dev/dri/") == std::string::npos)
      continue;
    const std::string_view range(line.data(), line.find(' '));
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) continue;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    constexpr int kHexadecimal = 16;
    std::from_chars(range.data(), range.data() + dash, begin, kHexadecimal);
    std::from_chars(range.data() + dash + 1, range.data() + range.size(), end, kHexadecimal);
    if (end > begin) memory.device_mapped += end - begin;
  }
}

ProcessMemory process_memory() {
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  read_status(status, memory);
  std::ifstream maps("/proc/self/maps");
  read_maps(maps, memory);
  return memory;
}

void release_freed_memory() noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::uint64_t available_memory() {
  constexpr std::uint64_t kKibibyte = 1024;
  std::uint64_t available = UINT64_MAX;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string line; std::getline(meminfo, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t value = 0;
    if (words >> key >> value && key == "MemAvailable:") available = value * kKibibyte;
  }
  // Control groups, version 2, as seen from inside one.
  std::ifstream most("/sys/fs/cgroup/memory.max");
  std::ifstream used("/sys/fs/cgroup/memory.current");
  std::uint64_t most_bytes = 0;
  std::uint64_t used_bytes = 0;
  if (most >> most_bytes && used >> used_bytes) {
    available = std::min(available, most_bytes > used_bytes ? most_bytes - used_bytes : 0);
  }
  return available;
}

bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5";
  file.close();
  return static_cast<bool>(file);
}

}  // namespace pmb::tool::bench
