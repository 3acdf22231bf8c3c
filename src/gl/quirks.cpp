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

struct QuirkEntry {
  const char* id;
  const char* what;
  const char* evidence;
  bool (*applies)(const Driver& driver, Vendor vendor);
};

constexpr QuirkEntry kQuirks[] = {
#define PMB_QUIRK(id, applies, what, evidence) \
  {#id, what, evidence,                        \
   []([[maybe_unused]] const Driver& driver, [[maybe_unused]] Vendor vendor) -> bool { return applies; }},
#include "gl/quirks.def"
#undef PMB_QUIRK
};

}  // namespace

void GlTable::apply_quirks(const Options& options) {
  const auto& disabled = options.disabled_quirks;
  for (std::size_t i = 0; i < std::size(kQuirks); ++i) {
    const bool wanted = std::find(disabled.begin(), disabled.end(), kQuirks[i].id) == disabled.end();
    quirks[i] = wanted && kQuirks[i].applies(driver, vendor);
  }
  const bool broken_dsa = quirk(QuirkId::nvidia_windows_dsa) || quirk(QuirkId::intel_windows_dsa);
  if (broken_dsa || options.bind_to_edit) limits.direct_state_access = false;
}

std::vector<Quirk> list_quirks(const GlTable& gl) {
  std::vector<Quirk> list;
  for (std::size_t i = 0; i < std::size(kQuirks); ++i) {
    const QuirkEntry& quirk = kQuirks[i];
    list.push_back({quirk.id, quirk.what, quirk.evidence, quirk.applies(gl.driver, gl.vendor), gl.quirks[i]});
  }
  return list;
}

}  // namespace pmb::detail
