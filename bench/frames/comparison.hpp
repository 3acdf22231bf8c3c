// SPDX-License-Identifier: MIT
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <pmb/context.hpp>
#include <string>

#include "frames/method.hpp"
#include "frames/scene.hpp"
#include "report.hpp"

namespace bench {

/// Verifies every method, and times them in turns.
class Comparison {
 public:
  /// `program`: this one, which verifies what comes through a pipe. `burst`: frames in a row.
  Comparison(const GladGLContext& gl, pmb::Context& context, std::string program, std::uint32_t burst,
             Report& report)
      : gl_(gl), context_(context), program_(std::move(program)), burst_(burst), report_(report) {}

  void run(const char* name, const FrameShape& shape, double budget_ns);

 private:
  /// Every byte of some frames, at both ends of the lap of every buffer.
  void verify(const Candidate& candidate, const FrameShape& shape, const FrameScene& scene) const;

  const GladGLContext& gl_;
  pmb::Context& context_;
  std::string program_;
  std::uint32_t burst_;
  Report& report_;
};

}  // namespace bench
