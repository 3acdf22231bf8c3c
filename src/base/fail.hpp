// SPDX-License-Identifier: MIT
// Makes errors: one line where something fails, or where the standard library throws.
#pragma once

#include <exception>
#include <pmb/result.hpp>
#include <utility>

namespace pmb {

/// The error of this id and place. `rest` holds its numbers, its GL call and its GL error.
PMB_API Error make_error(ErrorId id, std::source_location where, Error rest = {}) noexcept;

/// For `return fail(…)` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorId id, std::source_location where, const Error& rest = {}) noexcept {
  return tl::unexpected<Error>(make_error(id, where, rest));
}

/// For `return pass_on(result)`: the error of a result, as the error of another kind of result.
template <class T>
tl::unexpected<Error> pass_on(const Result<T>& failed) noexcept {
  return tl::unexpected<Error>(failed.error());
}

/// Returns the result of `create`, or out_of_host_memory if it throws: creating calls allocate.
template <class Create>
auto guarded(std::source_location where, Create&& create) -> decltype(create()) {
  try {
    return std::forward<Create>(create)();
  } catch (const std::exception&) {
    return fail(ErrorId::out_of_host_memory, where);
  }
}

}  // namespace pmb
