// SPDX-License-Identifier: MIT
// Limits, Driver, GpuInfo, Plan, RingStats: values that a program reads.
#pragma once

#include <pybind11/pybind11.h>

namespace pmb::python {

void bind_facts(pybind11::module_& module);

}  // namespace pmb::python
