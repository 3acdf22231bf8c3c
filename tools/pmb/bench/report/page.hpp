// SPDX-License-Identifier: MIT
// The parts of the HTML report: page.html, page.css, page.js and the charting library, embedded by the build.
#pragma once

#include <string_view>

namespace pmb::tool::bench {

extern const std::string_view kPage;  ///< With {{style}}, {{library}}, {{run}}, {{looks}} and {{script}}.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;
extern const std::string_view kPageLibrary;  ///< Chart.js, with its licence in its first lines.

}  // namespace pmb::tool::bench
