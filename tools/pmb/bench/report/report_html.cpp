// SPDX-License-Identifier: MIT
// Assembles the page from its embedded parts.

#include <array>
#include <string_view>
#include <utility>

#include "bench/report/page.hpp"
#include "bench/report/report.hpp"

namespace pmb::tool::bench {
namespace {

/// JSON for an HTML script: no sequence in it ends the script.
std::string for_script(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string to_html(const nlohmann::json& run) {
  const std::string run_text = for_script(run);
  const std::string looks_text = for_script(method_looks(run));
  const std::array<std::pair<std::string_view, std::string_view>, 5> parts = {{{"{{style}}", kPageStyle},
                                                                               {"{{library}}", kPageLibrary},
                                                                               {"{{run}}", run_text},
                                                                               {"{{looks}}", looks_text},
                                                                               {"{{script}}", kPageScript}}};
  std::string page;
  std::string_view rest = kPage;
  // In the order of the page, so that no text inside a part is replaced.
  for (const auto& [place, text] : parts) {
    const std::size_t at = rest.find(place);
    page += rest.substr(0, at);
    page += text;
    rest.remove_prefix(at + place.size());
  }
  page += rest;
  return page;
}

}  // namespace pmb::tool::bench
