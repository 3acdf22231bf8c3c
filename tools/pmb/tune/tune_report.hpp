// SPDX-License-Identifier: MIT
// The results of `pmb tune`, as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <pmb/tune/calibrate.hpp>
#include <string>

namespace pmb::tool {

/// Placements, then the winner and its gain for each work and size, then the transfer plan.
std::string tune_text(const Calibration& measured);

/// The profile as in its file, and the figures of every candidate. `file` "": the profile was not saved.
nlohmann::ordered_json tune_json(const Calibration& measured, const std::string& file, double seconds);

}  // namespace pmb::tool
