// SPDX-License-Identifier: MIT
// Records the GL calls that pmb makes, and forwards them to the driver. Calls of the tests are not recorded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gl_test {

struct SpiedCall {
  std::string_view name;                // "glFlush"
  std::vector<std::int64_t> arguments;  // as numbers; pointers as addresses
};

class GlSpy {
 public:
  // A loader for Context::from_current. Only functions that pmb is known to call are recorded.
  static void* load(const char* name);

  // The calls since the last clear(). Tests with a spy use one thread.
  static const std::vector<SpiedCall>& calls();
  static void clear();
  static std::size_t count(std::string_view name);
  // The names in order, "glFenceSync glFlush", for messages.
  static std::string names();
};

}  // namespace gl_test
