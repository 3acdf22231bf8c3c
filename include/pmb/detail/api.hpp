// SPDX-License-Identifier: MIT
// PMB_API marks the classes and functions that the shared libraries export. PMB_STATIC is defined where pmb is linked
// statically: then a program or library that contains pmb exports none of it.
#pragma once

#if defined(PMB_STATIC) || defined(_WIN32)
#define PMB_API
#else
#define PMB_API __attribute__((visibility("default")))
#endif
