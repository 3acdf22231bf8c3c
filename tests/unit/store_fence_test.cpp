// SPDX-License-Identifier: MIT
// No run of a program shows a missing store fence reliably; the machine code does.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <pmb/store_fence.hpp>

namespace {

TEST(StoreFence, IsTheInstructionOfThisArchitecture) {
#if defined(__x86_64__)
  constexpr std::array<unsigned char, 3> kWanted = {0x0F, 0xAE, 0xF8};  // sfence
#elif defined(__aarch64__)
  constexpr std::array<unsigned char, 4> kWanted = {0xBF, 0x33, 0x03, 0xD5};  // dmb osh
#else
  GTEST_SKIP() << "this architecture gets the standard library's fence";
  constexpr std::array<unsigned char, 1> kWanted = {};
#endif
  pmb::store_fence();
  // Its start alone: what follows in memory belongs to other functions.
  std::array<unsigned char, 24> code = {};
  std::memcpy(code.data(), reinterpret_cast<const void*>(&pmb::store_fence), code.size());
  bool found = false;
  for (std::size_t at = 0; at + kWanted.size() <= code.size(); ++at) {
    found = found || std::memcmp(code.data() + at, kWanted.data(), kWanted.size()) == 0;
  }
  EXPECT_TRUE(found);
}

}  // namespace
