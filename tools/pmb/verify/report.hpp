// SPDX-License-Identifier: MIT
// The report of `pmb verify`, as text for people and as JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "verify/run.hpp"

namespace pmb::tool::verify {

std::string line_of(const Finding& finding);
/// "38 pass, 2 avoided, 0 fail, 7 not applicable".
std::string summary_of(std::span<const Finding> findings);
/// The names of the properties that fail, joined by commas; "" if there are none.
std::string failures_of(std::span<const Finding> findings);
nlohmann::ordered_json report_json(const RunResult& result, double seconds);

}  // namespace pmb::tool::verify
