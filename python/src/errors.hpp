// SPDX-License-Identifier: MIT
// Results of pmb as Python values and exceptions. pmb/errors.py has the classes.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <pmb/result.hpp>
#include <string>
#include <type_traits>
#include <utility>

namespace pmb::python {

/// Throws the Python exception of an error.
[[noreturn]] void raise(const Error& error);
/// The same for an error that the binding finds before pmb does.
[[noreturn]] void raise(ErrorId id, std::initializer_list<std::uint64_t> numbers = {});
/// Throws BufferError.
[[noreturn]] void raise_buffer_error(const std::string& sentence);

/// The value of a result.
template <class T>
T take(Result<T> result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The value of a result, or nothing, which is None in Python, if it is would_block.
template <class T>
std::optional<T> take_if_ready(Result<T> result) {
  if (!result && result.error().status == StatusCode::would_block) return std::nullopt;
  return take(std::move(result));
}

}  // namespace pmb::python
