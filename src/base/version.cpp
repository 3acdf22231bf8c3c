// SPDX-License-Identifier: MIT
#include <pmb/version.hpp>

namespace pmb {

const char* library_version() noexcept {
  return PMB_VERSION_STRING;
}

}  // namespace pmb
