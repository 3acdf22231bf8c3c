// SPDX-License-Identifier: MIT
// Python functions as callbacks of pmb.
#pragma once

#include <pybind11/pybind11.h>

#include <pmb/context.hpp>
#include <pmb/validation.hpp>

namespace pmb::python {

LogCallback log_to(pybind11::object function);
ValidationSink report_to(pybind11::object function);
/// True while such a function runs on this thread. It must not call pmb.
bool in_callback() noexcept;
/// Throws RuntimeError in a callback.
void refuse_in_callback();

void bind_callbacks(pybind11::module_& module);

}  // namespace pmb::python
