// SPDX-License-Identifier: MIT
// The names that profile files use for the values of enumerations, in the order of the values.
#pragma once

#include <cstddef>
#include <pmb/plan.hpp>

namespace pmb::detail::profile_names {

inline constexpr const char* kAccesses[] = {"sequential_write", "read", "bidirectional"};
inline constexpr const char* kModels[] = {"coherent", "explicit_flush"};
inline constexpr const char* kPaths[] = {"direct", "staged", "traditional", "orphaned"};
inline constexpr const char* kPlacements[] = {"unknown", "cached", "write_combined", "gpu_memory", "plain"};

template <class Enum, std::size_t N>
const char* name_of(const char* const (&names)[N], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace pmb::detail::profile_names
