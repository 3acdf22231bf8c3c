// SPDX-License-Identifier: MIT
#include "base/descriptor_write.hpp"
#include "base/fail.hpp"

namespace pmb::detail {

Result<void> write_descriptor(int, std::span<const std::byte>, std::size_t&, std::chrono::nanoseconds,
                              std::source_location where) {
  return fail(ErrorId::no_descriptors, where);
}

}  // namespace pmb::detail
