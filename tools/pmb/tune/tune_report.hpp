// SPDX-License-Identifier: MIT
// What `pmb tune` found, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <pmb/tune/calibrate.hpp>
#include <string>

namespace pmb::tool {

/// Placements, then each work and size with the way chosen and what it gains, then the transfer plan.
std::string tune_text(const Calibration& measured);

/// The profile as it is kept in files, and every way's figures. `file` "": it was not kept.
nlohmann::ordered_json tune_json(const Calibration& measured, const std::string& file, double seconds);

}  // namespace pmb::tool
