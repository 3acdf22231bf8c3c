// SPDX-License-Identifier: MIT
// Where the bytes of a slice, a readback or a block lie in mapped memory. For other APIs that work on the same bytes.
#pragma once

#include <cstdint>

namespace pmb::detail {

struct Mapping;

struct MappedPlace {
  Mapping* mapping = nullptr;
  std::uint64_t offset = 0;  ///< From the first mapped byte.
};

}  // namespace pmb::detail
