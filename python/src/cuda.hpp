// SPDX-License-Identifier: MIT
// Cuda, CudaArray and CudaBuffer.
//
// An array counts as a view of its memory (lent.hpp), and so does each tensor made of it: the memory stays mapped, and pinned
// for CUDA, as long as one of them exists.
#pragma once

#include <pybind11/pybind11.h>

namespace pmb::python {

void bind_cuda(pybind11::module_& module);

}  // namespace pmb::python
