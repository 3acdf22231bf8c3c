// SPDX-License-Identifier: MIT
#include "place.hpp"

#include <pybind11/pybind11.h>

#include <bit>
#include <map>
#include <string>
#include <utility>

namespace pmb::python {

namespace {

/// What a std::source_location of g++ and clang points to.
struct Place {
  const char* file = "";
  const char* function = "";
  unsigned line = 0;
  unsigned column = 0;
};

struct StoredPlace {
  std::string function;
  Place place;
};

std::string text_of(PyObject* text) {
  const char* const bytes = text ? PyUnicode_AsUTF8(text) : nullptr;
  if (!bytes) PyErr_Clear();
  return bytes ? bytes : "";
}

}  // namespace

std::source_location python_place() {
  using Places = std::map<std::pair<std::string, unsigned>, StoredPlace>;
  // Never destroyed: locations that pmb keeps point into it.
  static Places& places = *new Places;
  PyFrameObject* const frame = PyEval_GetFrame();
  if (!frame || sizeof(std::source_location) != sizeof(const Place*)) return std::source_location::current();
  PyCodeObject* const code = PyFrame_GetCode(frame);
  const auto line = static_cast<unsigned>(PyFrame_GetLineNumber(frame));
  const auto [entry, is_new] = places.try_emplace({text_of(code->co_filename), line});
  StoredPlace& stored = entry->second;
  if (is_new) {
    stored.function = text_of(code->co_name);
    stored.place = {.file = entry->first.first.c_str(), .function = stored.function.c_str(), .line = line};
  }
  Py_DECREF(code);
  return std::bit_cast<std::source_location>(static_cast<const Place*>(&stored.place));
}

}  // namespace pmb::python
