// SPDX-License-Identifier: MIT

#include "common/environment_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/suggestion.hpp"

namespace pmb::tool {
namespace {

struct Variable {
  std::string_view name;
  std::vector<std::string_view> values;  ///< Empty: every value.
};

const std::vector<Variable>& known_variables() {
  static const std::vector<Variable> known = {
      {"PMB_PATH", {"direct", "staged", "traditional", "orphaned"}},
      {"PMB_MODEL", {"coherent", "explicit_flush"}},
      {"PMB_BIND_TO_EDIT", {"0", "1"}},
      {"PMB_LOG", {"0", "1"}},
      {"PMB_VALIDATE", {"0", "1"}},
      {"PMB_PAGE_GUARD", {"0", "1"}},
      {"PMB_DISABLE_QUIRKS", {}},
      {"PMB_PROFILE", {}},
      // Of the tests and of CMake.
      {"PMB_REQUIRE_GL", {}},
      {"PMB_GL_CONFIGURATION", {}},
      {"PMB_WERROR", {}},
  };
  return known;
}

std::string unknown_variable(std::string_view name) {
  std::vector<std::string> names;
  for (const Variable& known : known_variables()) names.emplace_back(known.name);
  const std::string near = nearest(name, names);
  return near.empty() ? fmt::format("{} is no variable of pmb and has no effect", name)
                      : fmt::format("{} is no variable of pmb; did you mean {}?", name, near);
}

}  // namespace

std::vector<std::string> environment_warnings(const char* const* environment) {
  std::vector<std::string> warnings;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : entry.substr(equals + 1);
    if (!name.starts_with("PMB_") || value.empty()) continue;
    const auto& known = known_variables();
    const auto found = std::ranges::find(known, name, &Variable::name);
    if (found == known.end()) {
      warnings.push_back(unknown_variable(name));
    } else if (!found->values.empty() && std::ranges::count(found->values, value) == 0) {
      warnings.push_back(
          fmt::format("{}={} has no effect; the values are {}", name, value, fmt::join(found->values, ", ")));
    }
  }
  return warnings;
}

}  // namespace pmb::tool
