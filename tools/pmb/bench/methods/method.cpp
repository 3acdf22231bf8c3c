// SPDX-License-Identifier: MIT
// Names of cases and kinds.

#include "bench/methods/method.hpp"

namespace pmb::tool::bench {

const char* to_string(MethodKind kind) noexcept {
  switch (kind) {
    case MethodKind::traditional:
      return "traditional";
    case MethodKind::plan:
      return "plan";
    case MethodKind::forced:
      return "forced";
    case MethodKind::limit:
      return "limit";
    case MethodKind::reference:
      return "reference";
  }
  return "";
}

std::string name_of(const Case& work) {
  return fmt::format("{}/{}", work.scenario,
                     work.variant.empty() ? std::to_string(work.size_bytes) : work.variant);
}

}  // namespace pmb::tool::bench
