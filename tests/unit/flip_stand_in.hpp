// SPDX-License-Identifier: MIT
// Does on the fake what the shader of src/gl/flip_shader.cpp does on a GPU.
#pragma once

#include <gtest/gtest.h>

#include "fake_gl.hpp"

namespace pmb_test {

inline void flip_stand_in(const strict_gl::Dispatch& dispatch) {
  const std::uint32_t unit = dispatch.uniforms.at(0).at(0);
  const auto& corner = dispatch.uniforms.at(1);
  const auto& shape = dispatch.uniforms.at(2);
  EXPECT_EQ(dispatch.storage_bytes % 4, 0);
  EXPECT_GE(std::int64_t{dispatch.groups[0]} * dispatch.groups[1] * 256 * 4, dispatch.storage_bytes);
  EXPECT_TRUE(dispatch.groups[0] == 256 || dispatch.groups[1] == 1);
  for (std::uint32_t row = 0; row < shape.at(2); ++row) {
    std::int64_t column = 0;
    for (std::int64_t x = 0; column < shape.at(0); ++x) {
      const strict_gl::Bytes texel = dispatch.fetch(unit, corner.at(0) + x, std::int64_t{corner.at(1)} - row);
      if (texel.empty()) return;  // a violation, which the test reports
      dispatch.store(std::int64_t{row} * shape.at(1) + column, texel);
      column += static_cast<std::int64_t>(texel.size());
    }
    EXPECT_EQ(column, shape.at(0));
  }
}

}  // namespace pmb_test
