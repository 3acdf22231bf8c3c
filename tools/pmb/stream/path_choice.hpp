// SPDX-License-Identifier: MIT
// Chooses the path of a stream's blocks, with the reason.
#pragma once

#include <cstdint>
#include <pmb/context.hpp>
#include <string>
#include <string_view>

#include "common/failure.hpp"

namespace pmb::tool {

struct PathChoice {
  pmb::Path path = pmb::Path::direct;
  std::string reason;
};

/// From `--path`; auto asks the context's plans for both directions and takes the more careful one.
/// Failures: kGpu, kNoGl.
Outcome<PathChoice> choose_path(const pmb::Context& context, std::string_view wanted,
                                std::uint64_t input_bytes, std::uint64_t output_bytes,
                                std::uint32_t gpu_reads);

}  // namespace pmb::tool
