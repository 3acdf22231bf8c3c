// SPDX-License-Identifier: MIT
// pmb.Options: the options of a context, with Python functions as callbacks.
#pragma once

#include <pybind11/pybind11.h>

#include <pmb/context.hpp>

namespace pmb::python {

/// Holds no Python object itself, so that copies need no lock.
struct PyOptions {
  pmb::Options options;
};

void bind_options(pybind11::module_& module);

}  // namespace pmb::python
