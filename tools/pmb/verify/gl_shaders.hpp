// SPDX-License-Identifier: MIT
// The draws of checks, with shaders of any GLSL from 1.50 and ES 3.00 on.
//
// Threads: the GL context's.
#pragma once

#include <memory>

#include "common/failure.hpp"
#include "verify/shaders.hpp"

namespace pmb::tool::verify {

/// Failures: kGpu, if the driver does not compile a shader of the version that it reports.
Outcome<std::unique_ptr<Shaders>> make_gl_shaders(const GladGLContext& gl);

}  // namespace pmb::tool::verify
