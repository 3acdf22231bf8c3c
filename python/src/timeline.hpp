// SPDX-License-Identifier: MIT
// Timeline and Ticket.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "context.hpp"

namespace pmb::python {

struct PyTimeline {
  std::shared_ptr<PyContext> context;
  pmb::Timeline& use() const { return context->use().timeline(); }
};

void bind_timeline(pybind11::module_& module);

}  // namespace pmb::python
