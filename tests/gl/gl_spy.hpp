// SPDX-License-Identifier: MIT
// Stands between pmb and the driver and writes down the GL calls that pmb makes. The tests' own calls are not
// seen.
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
  // A loader for Context::from_current. Functions that pmb is not known to call pass through unseen.
  static void* load(const char* name);

  // Everything written down since the last clear(), on any thread: tests with a spy use one.
  static const std::vector<SpiedCall>& calls();
  static void clear();
  static std::size_t count(std::string_view name);
  // Names in order, "glFenceSync glFlush", for messages.
  static std::string names();
};

}  // namespace gl_test
