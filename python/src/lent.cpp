// SPDX-License-Identifier: MIT
#include "lent.hpp"

#include "errors.hpp"

namespace pmb::python {

void Lent::end_loan(const char* reason) noexcept {
  if (ended_because_) return;
  ended_because_ = reason;
  memory_->views_of_ended += views_;
}

void Lent::require_no_views() const {
  if (!memory_->grows || views_ == 0) return;
  raise_buffer_error(
      std::to_string(views_) +
      " arrays or memoryviews of these bytes exist, and a ring that may grow can free them now; "
      "delete them first, or create the ring without max_capacity_bytes");
}

void require_no_ended_views(const Memory& memory) {
  if (!memory.grows || memory.views_of_ended == 0) return;
  raise_buffer_error(
      std::to_string(memory.views_of_ended) +
      " arrays or memoryviews of published slices exist, and a ring that may grow can free them now; "
      "delete them first, or create the ring without max_capacity_bytes");
}

std::span<std::byte> Lent::bytes() const {
  if (ended_because_) raise_buffer_error(ended_because_);
  if (memory_->is_closed()) {
    raise_buffer_error("the ring, pool or buffer of these bytes was closed, or its context was");
  }
  return bytes_;
}

void Lent::give_view(PyObject* self, Py_buffer* view, int flags) {
  const std::span<std::byte> lent = bytes();
  if (PyBuffer_FillInfo(view, self, lent.data(), static_cast<Py_ssize_t>(lent.size()), is_writable_ ? 0 : 1,
                        flags) != 0) {
    throw py::error_already_set();
  }
  begin_view();
}

void Lent::begin_view() noexcept {
  ++views_;
  if (ended_because_) ++memory_->views_of_ended;
  memory_->add_view();
}

void Lent::end_view() noexcept {
  --views_;
  if (ended_because_) --memory_->views_of_ended;
  memory_->remove_view();
}

void bind_lent(py::module_& module) {
  py::class_<Lent, std::shared_ptr<Lent>>(module, "_Lent", "Bytes of mapped memory.");
}

py::object to_array(const py::object& self, const py::object& dtype, const py::object& copy) {
  PyObject* const view = PyMemoryView_FromObject(self.ptr());
  if (!view) throw py::error_already_set();
  const auto memory = py::reinterpret_steal<py::object>(view);
  const py::object numpy = py::module_::import("numpy");
  const bool copies = !copy.is_none() && py::cast<bool>(copy);
  return numpy.attr(copies ? "array" : "asarray")(memory, dtype);
}

}  // namespace pmb::python
