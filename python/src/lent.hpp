// SPDX-License-Identifier: MIT
// Bytes of mapped memory that a Python object lends by the buffer protocol: numpy.asarray(slice), memoryview(view).
//
// A view that was taken stays valid memory for as long as it lives: it holds the object, and the object holds the memory.
// Once the loan has ended, a new view is refused with BufferError. Any thread may take and end views. An array that CUDA works
// on is such a view, too (cuda.hpp).
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/cuda.hpp>
#include <span>
#include <string>
#include <vector>

#include "context.hpp"

namespace pmb::python {

/// A number in memory, as the struct module names it.
struct Component {
  const char* format = "B";
  Py_ssize_t bytes = 1;
};

/// Bytes that CUDA works on in place, as an array without gaps.
struct DeviceBytes {
  std::uint64_t pointer = 0;
  std::vector<std::int64_t> extents;
  Component component = {};
  bool gl_may_write = true;  ///< GL commands that were issued may write them still.
};

class Lent {
 public:
  Lent(std::shared_ptr<Memory> memory, std::span<std::byte> bytes, bool is_writable)
      : memory_(std::move(memory)), bytes_(bytes), is_writable_(is_writable) {}
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  virtual ~Lent() = default;

  Memory& memory() const noexcept { return *memory_; }
  /// Ends the loan. `reason` is a literal that BufferError gives.
  void end_loan(const char* reason) noexcept;
  bool is_lent() const noexcept { return !ended_because_; }
  /// Throws BufferError if the bytes of a growing ring have views: the next call may free them.
  void require_no_views() const;
  /// Throws BufferError if the loan has ended.
  std::span<std::byte> bytes() const;

  /// Fills `view` for `self`, as PyObject_GetBuffer does.
  void give_view(PyObject* self, Py_buffer* view, int flags);
  /// The bytes as CUDA sees them, on the context's thread, while pmb has them in use: also after the loan of a slice or a
  /// block. Throws otherwise.
  virtual DeviceBytes on_device(const pmb::Cuda& cuda) const = 0;
  virtual void begin_view() noexcept;
  virtual void end_view() noexcept;

 private:
  std::shared_ptr<Memory> memory_;
  std::span<std::byte> bytes_;
  const char* ended_because_ = nullptr;
  std::size_t views_ = 0;
  bool is_writable_;
};

/// Throws BufferError if published slices of a growing ring have views: retiring them may free their bytes.
void require_no_ended_views(const Memory& memory);

/// The base class in Python of everything that Cuda.array() takes.
void bind_lent(pybind11::module_& module);

/// The buffer protocol of a bound class that derives from Lent.
template <class Kind>
pybind11::custom_type_setup buffer_protocol() {
  return pybind11::custom_type_setup([](PyHeapTypeObject* type) {
    type->as_buffer.bf_getbuffer = [](PyObject* self, Py_buffer* view, int flags) {
      view->obj = nullptr;
      try {
        pybind11::cast<Kind&>(pybind11::handle(self)).give_view(self, view, flags);
        return 0;
      } catch (pybind11::error_already_set& error) {
        error.restore();
      } catch (const std::exception& error) {
        PyErr_SetString(PyExc_BufferError, error.what());
      }
      return -1;
    };
    type->as_buffer.bf_releasebuffer = [](PyObject* self, Py_buffer*) {
      pybind11::cast<Kind&>(pybind11::handle(self)).end_view();
    };
    type->ht_type.tp_as_buffer = &type->as_buffer;
  });
}

/// numpy.asarray() ignores the error of a refused view, and calls this next: it fails with that error.
pybind11::object to_array(const pybind11::object& self, const pybind11::object& dtype,
                          const pybind11::object& copy);

}  // namespace pmb::python
