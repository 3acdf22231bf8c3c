// SPDX-License-Identifier: MIT
// Makes errors: one line where something fails.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

/// The error of this id and place. `rest` holds its numbers, its GL call and its GL error.
Error make_error(ErrorId id, std::source_location where, Error rest = {}) noexcept;

/// For `return fail(…)` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorId id, std::source_location where, const Error& rest = {}) noexcept {
  return tl::unexpected<Error>(make_error(id, where, rest));
}

/// For `return pass_on(result)`: the error of a result, as the error of another kind of result.
template <class T>
tl::unexpected<Error> pass_on(const Result<T>& failed) noexcept {
  return tl::unexpected<Error>(failed.error());
}

}  // namespace pmb
