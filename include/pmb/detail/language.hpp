// SPDX-License-Identifier: MIT
// One sentence in place of hundreds of errors, where the compiler reads pmb's headers as older C++.
#pragma once

#if __cplusplus < 202002L
#error "pmb needs C++20: compile with -std=c++20, or link pmb::pmb in CMake"
#endif
