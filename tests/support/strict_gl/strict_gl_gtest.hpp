// SPDX-License-Identifier: MIT
//
// GoogleTest helpers for tests on the strict fake GL.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fake_gl.hpp"

namespace strict_gl {

// Expects that no rule was broken on this fake; prints each violation.
inline void expect_clean(const FakeGl& gl) {
  std::string all;
  for (const std::string& violation : gl.violations()) all += "  " + violation + "\n";
  EXPECT_TRUE(gl.violations().empty()) << "the strict fake GL saw:\n" << all;
}

}  // namespace strict_gl
