// SPDX-License-Identifier: MIT
// Parameters that take any contiguous object with the buffer protocol: bytes, bytearray, memoryview, array, numpy arrays.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <pmb/detail/typed_bytes.hpp>
#include <utility>

namespace pmb::python {

/// Holds the bytes of a Python object for a call.
template <int kFlags>
class HeldBytes {
 public:
  HeldBytes() = default;
  explicit HeldBytes(pybind11::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, kFlags) != 0) throw pybind11::error_already_set();
  }
  HeldBytes(HeldBytes&& other) noexcept : view_(std::exchange(other.view_, {})) {}
  HeldBytes& operator=(HeldBytes&& other) noexcept {
    std::swap(view_, other.view_);
    return *this;
  }
  ~HeldBytes() {
    if (view_.obj) PyBuffer_Release(&view_);
  }

  std::byte* data() const noexcept { return static_cast<std::byte*>(view_.buf); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_ = {};
};

using Source = HeldBytes<PyBUF_SIMPLE>;
using Target = HeldBytes<PyBUF_WRITABLE>;

inline detail::SourceBytes bytes_of(const Source& source) noexcept {
  return {source.data(), source.size()};
}
inline detail::TargetBytes bytes_of(const Target& target) noexcept {
  return {target.data(), target.size()};
}

/// A bytearray of `size` bytes, not initialised.
inline pybind11::bytearray new_bytearray(std::size_t size) {
  PyObject* const array = PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
  if (!array) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::bytearray>(array);
}

}  // namespace pmb::python

namespace pybind11::detail {

/// Takes an object with the buffer protocol.
template <int kFlags>
struct type_caster<pmb::python::HeldBytes<kFlags>> {
  PYBIND11_TYPE_CASTER(pmb::python::HeldBytes<kFlags>, const_name("Buffer"));
  bool load(handle object, bool) {
    if (PyObject_CheckBuffer(object.ptr()) == 0) return false;
    value = pmb::python::HeldBytes<kFlags>(object);
    return true;
  }
};

}  // namespace pybind11::detail
