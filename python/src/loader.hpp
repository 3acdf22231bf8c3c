// SPDX-License-Identifier: MIT
// Loaders of GL entry points: one that this process has loaded already, or a Python function.
#pragma once

#include <pybind11/pybind11.h>

#include <pmb/context.hpp>
#include <pmb/result.hpp>

namespace pmb::python {

using GetProcAddress = void* (*)(const char*);

/// eglGetProcAddress, glXGetProcAddressARB or OSMesaGetProcAddress: of the library whose context is current here. Statuses:
/// wrong_context (none is).
Result<GetProcAddress> find_loader();

/// Calls `function(name)`, which returns an address, as an int or an object that int() takes, or None.
void* call_loader(const pybind11::object& function, const char* name);

}  // namespace pmb::python
