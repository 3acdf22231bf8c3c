// SPDX-License-Identifier: MIT
#include "plan/machine_cpu.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace pmb::detail {

std::string cpu_model() {
#if defined(__x86_64__) || defined(__i386__)
  // Three leaves of 16 characters each, filled up with zeros.
  constexpr unsigned kFirst = 0x80000002;
  unsigned words[3][4] = {};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* const w = words[leaf];
    if (__get_cpuid(kFirst + leaf, &w[0], &w[1], &w[2], &w[3]) == 0) return "x86";
  }
  char text[sizeof words + 1] = {};
  std::memcpy(text, words, sizeof words);
  const std::string model = text;
  const std::size_t begin = model.find_first_not_of(' ');
  if (begin == std::string::npos) return "x86";
  return model.substr(begin, model.find_last_not_of(' ') - begin + 1);
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

std::uint32_t hardware_threads() noexcept {
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace pmb::detail
