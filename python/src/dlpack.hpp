// SPDX-License-Identifier: MIT
// DLPack: how libraries of Python hand each other arrays in device memory. A capsule holds a struct of this layout, and who
// takes the array calls its deleter at the end, on any thread.
#pragma once

#include <pybind11/pybind11.h>

#include "lent.hpp"

namespace pmb::python {

/// CUDA's own memory, which it is for every consumer. PyTorch takes no other kind of CUDA memory (kDLCUDAHost is 3), and CuPy
/// no host memory. CUDA knows pinned memory by the same address, so their kernels run on it.
inline constexpr int kDlpackCuda = 2;

/// A capsule of `bytes` on this device. Its end, or that of the array made of it, destroys `keeper`, with the GIL.
/// `is_versioned`: as since DLPack 1.0.
pybind11::capsule make_dlpack_capsule(const DeviceBytes& bytes, int device, std::shared_ptr<void> keeper,
                                      bool is_versioned);

}  // namespace pmb::python
