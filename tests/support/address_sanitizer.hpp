// SPDX-License-Identifier: MIT
// PMB_TEST_ADDRESS_SANITIZER: 1 in builds with the address sanitizer.
#pragma once

#if defined(__has_feature)
#define PMB_TEST_HAS_FEATURE(name) __has_feature(name)
#else
#define PMB_TEST_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || PMB_TEST_HAS_FEATURE(address_sanitizer)
#define PMB_TEST_ADDRESS_SANITIZER 1
#else
#define PMB_TEST_ADDRESS_SANITIZER 0
#endif
