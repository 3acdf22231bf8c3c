// SPDX-License-Identifier: MIT
// Names of cases and kinds.

#include "way.hpp"

namespace pmb::tool::bench {

const char* to_string(WayKind kind) noexcept {
  switch (kind) {
    case WayKind::traditional:
      return "traditional";
    case WayKind::plan:
      return "plan";
    case WayKind::forced:
      return "forced";
    case WayKind::limit:
      return "limit";
    case WayKind::reference:
      return "reference";
  }
  return "";
}

std::string name_of(const Case& work) {
  return fmt::format("{}/{}", work.scenario,
                     work.variant.empty() ? std::to_string(work.size_bytes) : work.variant);
}

}  // namespace pmb::tool::bench
