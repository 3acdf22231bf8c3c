// SPDX-License-Identifier: MIT
// The version of these headers, and that of the library which the program runs with.
//
//   static_assert(PMB_VERSION_MAJOR == 0 && PMB_VERSION_MINOR >= 1);
//   std::printf("compiled with pmb %s, running with %s\n", PMB_VERSION_STRING, pmb::library_version());
//
// Threads: any.
// GL:      none.
#pragma once

#include <pmb/detail/api.hpp>

#define PMB_VERSION_MAJOR 0
#define PMB_VERSION_MINOR 1
#define PMB_VERSION_PATCH 0
#define PMB_VERSION_STRING "0.1.0"

#ifdef __cplusplus  // pmb.h needs the macros alone.
namespace pmb {

/// The PMB_VERSION_STRING that the library was compiled with: "0.1.0". It differs from the macro if the program found
/// another shared library.
PMB_API const char* library_version() noexcept;

}  // namespace pmb
#endif
