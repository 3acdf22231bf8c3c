// SPDX-License-Identifier: MIT
// The labels of the buffers that are mapped on a context, a fact that only tests need.
#pragma once

#include <pmb/context.hpp>
#include <string>
#include <vector>

#include "context/context_state.hpp"
#include "context/mapping.hpp"

namespace pmb::test {

inline std::vector<std::string> live_mappings(const Context& context) {
  std::vector<std::string> labels;
  detail::ContextState::of(context).registry.visit_mappings(
      [&](const void*, const detail::Mapping& mapping) { labels.push_back(mapping.label); });
  return labels;
}

}  // namespace pmb::test
