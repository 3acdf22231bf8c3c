// SPDX-License-Identifier: MIT
// The line of the Python program that called pmb, for reports and statistics.
#pragma once

#include <source_location>

namespace pmb::python {

/// With the lock of the interpreter. Costs a lookup; each line is stored once, for ever.
std::source_location python_place();

}  // namespace pmb::python
