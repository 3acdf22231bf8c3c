// SPDX-License-Identifier: MIT
// What both rings have in common in Python: the constructor, drain(), stats(), close() and the with statement.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <string>

#include "context.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "place.hpp"

namespace pmb::python {

struct PyRingOptions {
  std::string label;
  RingOptions options;
  std::source_location place = {};

  RingOptions get() const {
    RingOptions result = options;
    result.label = label;
    return result;
  }
  bool grows() const noexcept { return options.max_capacity_bytes > options.capacity_bytes; }
};

/// close() and the with statement of a class that owns memory.
template <class Kind, class Class>
void bind_closing(Class& bound) {
  bound
      .def(
          "close", [](Kind& memory) { memory.close(); },
          "Ends it. Its memory is freed as soon as no array or memoryview of it is left. A second call does "
          "nothing.")
      .def("__enter__", [](std::shared_ptr<Kind> memory) { return memory; })
      .def(
          "__exit__",
          [](Kind& memory, const py::object&, const py::object&, const py::object&) { memory.close(); },
          py::arg("type"), py::arg("value"), py::arg("traceback"));
}

template <class Kind, class Class>
void bind_ring(Class& bound,
               std::shared_ptr<Kind> (*create)(const std::shared_ptr<PyContext>&, const PyRingOptions&)) {
  bound
      .def(py::init([create](const std::shared_ptr<PyContext>& context, std::uint64_t capacity_bytes,
                             std::string label, std::optional<Model> model, std::uint32_t max_slices,
                             std::optional<double> timeout, bool prefault, std::uint64_t max_capacity_bytes) {
             PyRingOptions made{.label = std::move(label), .options = {.capacity_bytes = capacity_bytes}};
             made.options.model = model;
             made.options.max_slices = max_slices;
             if (timeout) made.options.timeout = to_duration(*timeout);
             made.options.prefault = prefault;
             made.options.max_capacity_bytes = max_capacity_bytes;
             made.place = python_place();
             return create(context, made);
           }),
           py::arg("context").none(false), py::arg("capacity_bytes"), py::kw_only(), py::arg("label") = "",
           py::arg("model") = py::none(), py::arg("max_slices") = 0, py::arg("timeout") = py::none(),
           py::arg("prefault") = false, py::arg("max_capacity_bytes") = 0,
           "Allocates the ring. `timeout` (seconds) bounds the waits of acquire(); by default that of the "
           "context's options. "
           "A ring with a larger `max_capacity_bytes` grows instead of waiting.")
      .def(
          "drain",
          [](Kind& ring, std::optional<double> timeout) {
            auto& open = ring.use();
            std::optional<std::chrono::nanoseconds> limit;
            if (timeout) limit = to_duration(*timeout);
            const std::source_location place = ring.context().place();
            take(without_lock([&] { return open.drain(limit, place); }));
          },
          py::arg("timeout") = py::none(),
          "Waits, without the GIL, until everything retired or released is reusable, and shrinks a grown "
          "ring.")
      .def(
          "stats", [](Kind& ring) { return ring.use().stats(); }, "Counts since creation; see RingStats.");
  bind_closing<Kind>(bound);
}

}  // namespace pmb::python
