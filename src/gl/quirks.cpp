// SPDX-License-Identifier: MIT
#include <algorithm>

#include "gl/gl_table.hpp"

namespace pmb::detail {
namespace {

#if defined(_WIN32)
constexpr bool kWindows = true;
#else
constexpr bool kWindows = false;
#endif

}  // namespace

std::vector<Quirk> GlTable::list_quirks() const {
  const bool nvidia = driver.kind == "nvidia";
  const bool intel = driver.kind == "intel";
  const bool mobile = driver.kind == "qualcomm" || driver.kind == "arm" || driver.kind == "imagination";
  return {
#define PMB_QUIRK(id, applies, what, evidence) {#id, what, evidence, applies, quirk(QuirkId::id)},
#include "gl/quirks.def"
#undef PMB_QUIRK
  };
}

void GlTable::apply_quirks(const Options& options) {
  const auto& disabled = options.disabled_quirks;
  std::size_t index = 0;
  for (const Quirk& known : list_quirks()) {
    quirks[index++] = known.applies && std::ranges::find(disabled, known.id) == disabled.end();
  }
  const bool broken_dsa = quirk(QuirkId::nvidia_windows_dsa) || quirk(QuirkId::intel_windows_dsa);
  if (broken_dsa || options.bind_to_edit) limits.direct_state_access = false;
}

}  // namespace pmb::detail
