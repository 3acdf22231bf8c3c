// SPDX-License-Identifier: MIT
// MappedBuffer.
#pragma once

#include <pybind11/pybind11.h>

namespace pmb::python {

void bind_mapped_buffer(pybind11::module_& module);

}  // namespace pmb::python
