// SPDX-License-Identifier: MIT
#include "errors.hpp"

#include <algorithm>

namespace pmb::python {

namespace py = pybind11;

void raise(const Error& error) {
  const auto status = static_cast<int>(error.status);
  const py::object type = py::module_::import("pmb.errors").attr("CLASSES")[py::int_(status)];
  const py::object exception = type(error.message(), to_string(error.id),
                                    py::make_tuple(error.numbers[0], error.numbers[1], error.numbers[2]),
                                    error.gl_call, error.gl_error);
  PyErr_SetObject(type.ptr(), exception.ptr());
  throw py::error_already_set();
}

void raise(ErrorId id, std::initializer_list<std::uint64_t> numbers) {
  Error error = {.status = status_of(id), .id = id};
  std::copy_n(numbers.begin(), std::min<std::size_t>(numbers.size(), 3), error.numbers);
  raise(error);
}

void raise_buffer_error(const std::string& sentence) {
  PyErr_SetString(PyExc_BufferError, sentence.c_str());
  throw py::error_already_set();
}

}  // namespace pmb::python
