// SPDX-License-Identifier: MIT
#include "callbacks.hpp"

#include <memory>
#include <pmb/timeline.hpp>
#include <string>
#include <utility>

#include "gil.hpp"

namespace pmb::python {

namespace {

thread_local bool t_in_callback = false;

/// A Report that outlives the call.
struct PyReport {
  std::string id;
  std::string label;
  std::uint32_t buffer;
  std::uint64_t begin_bytes;
  std::uint64_t end_bytes;
  std::string message;
  std::string details;
};

/// A Python function that C++ may copy, call and destroy without the lock.
class Function {
 public:
  explicit Function(py::object function)
      : function_(new py::object(std::move(function)), [](py::object* held) {
          // An interpreter that ends no longer counts references.
          if (_Py_IsFinalizing()) return;
          const Lock lock;
          delete held;
        }) {}

  template <class... Arguments>
  void operator()(const Arguments&... arguments) const noexcept {
    if (_Py_IsFinalizing()) return;
    const Lock lock;
    const bool outer = std::exchange(t_in_callback, true);
    try {
      (*function_)(arguments...);
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable(*function_);
    }
    t_in_callback = outer;
  }

 private:
  std::shared_ptr<py::object> function_;
};

}  // namespace

LogCallback log_to(py::object function) {
  return [call = Function(std::move(function))](LogLevel level, std::string_view line) {
    const std::string text(line);
    call(level, text);
  };
}

ValidationSink report_to(py::object function) {
  return [call = Function(std::move(function))](const Report& report) {
    const PyReport copy = {to_string(report.id), std::string(report.label), report.buffer,
                           report.begin_bytes,   report.end_bytes,          report.message(),
                           report.details()};
    call(copy);
  };
}

bool in_callback() noexcept {
  return t_in_callback;
}

void refuse_in_callback() {
  if (!t_in_callback) return;
  PyErr_SetString(PyExc_RuntimeError, "a callback of pmb called pmb; note the facts and call it later");
  throw py::error_already_set();
}

void bind_callbacks(py::module_& module) {
  py::enum_<LogLevel>(module, "LogLevel", "The importance of a logged line.")
      .value("info", LogLevel::info)
      .value("warning", LogLevel::warning);
  py::class_<PyReport>(module, "Report", "A misuse that validation noticed. str() is the whole sentence.")
      .def_readonly("id", &PyReport::id, "The name of the error, such as 'written_after_publish'.")
      .def_readonly("label", &PyReport::label, "The label of the ring, pool or buffer.")
      .def_readonly("buffer", &PyReport::buffer, "GL name, or 0.")
      .def_readonly("begin_bytes", &PyReport::begin_bytes, "The first byte concerned, in the GL buffer.")
      .def_readonly("end_bytes", &PyReport::end_bytes, "One past the last byte concerned.")
      .def_readonly("message", &PyReport::message, "The whole sentence, with both lines of the program.")
      .def_readonly("details", &PyReport::details,
                    "A block of lines: severity, sentence, object, places and C++ stacks.")
      .def("__str__", [](const PyReport& report) { return report.message; });
}

}  // namespace pmb::python
